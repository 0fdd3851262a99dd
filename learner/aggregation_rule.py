"""How the server makes a state from the clients' updates: the rules, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .ranges import require, require_above_0


@dataclass(frozen=True, slots=True, kw_only=True)
class FedAvg:
    """Add the weighted mean of the clients' changes to the server's state.

    If all clients started from that state, the result is the weighted mean of their models
    (FedAvg: McMahan et al., 2017). Otherwise it is FedBuff's sum (Nguyen et al., 2022), but
    weighted by samples; FedBuff weights all clients equally.
    """

    kind: Literal["fedavg"] = "fedavg"


@dataclass(frozen=True, slots=True, kw_only=True)
class FedAvgM:
    """Server momentum: m <- momentum m + change; state <- state + lr m (FedAvgM: Hsu et al., 2019).
    `change` is the weighted mean of the clients' changes."""

    kind: Literal["fedavgm"]
    lr: float = 1.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        require_above_0(lr=self.lr)
        _require_decay(momentum=self.momentum)


@dataclass(frozen=True, slots=True, kw_only=True)
class FedAdam:
    """Adam on the server (FedAdam: Reddi et al., 2021, algorithm 2).

    No bias correction; `tau` is added to the root of the second moment. Both moments start at 0,
    as in the published experiments (google-research/federated, optimization/README.md).
    """

    kind: Literal["fedadam"]
    lr: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.99
    tau: float = 1e-3

    def __post_init__(self) -> None:
        require_above_0(lr=self.lr, tau=self.tau)
        _require_decay(beta1=self.beta1, beta2=self.beta2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """state <- (1 - alpha s) state + alpha s model, where s is the update's discount (FedAsync: Xie
    et al., 2019). Several updates are averaged first."""

    kind: Literal["mix"]
    alpha: float = 0.6

    def __post_init__(self) -> None:
        is_share = 0.0 < self.alpha <= 1.0
        require(is_share, f"alpha must be above 0 and at most 1, got {self.alpha}")


AggregationRule = FedAvg | FedAvgM | FedAdam | Mix


def _require_decay(**values: float) -> None:
    for name, value in values.items():
        require(0.0 <= value < 1.0, f"{name} must be at least 0 and below 1, got {value}")
