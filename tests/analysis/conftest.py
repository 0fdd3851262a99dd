"""Fixtures: run directories in the engine's format, with made-up numbers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learner.spec import Adapter, Full, TuningConfig
from sim.done import write_done
from sim.records import ClientRow, DecisionRow, EvaluationRow, RoundRow, Row
from sim.row_lines import as_json

SMALL = Adapter(depth=1, width=8)
MEDIUM = Adapter(depth=3, width=16)
LARGE = Adapter(depth=6, width=16)
FULL = Full()

Make = Callable[..., Any]


def round_row(
    t_s: float,
    config: TuningConfig = SMALL,
    *,
    trial: int = 0,
    branch: str = "fixed",
    start_s: float = 0.0,
    n_bytes: int = 0,
    energy_j: float = 0.0,
    status: Any = "done",
    **changes: Any,
) -> RoundRow:
    row = RoundRow(
        t_s=t_s,
        start_s=start_s,
        trial=trial,
        branch=branch,
        round=1,
        config=config,
        attempt=0,
        clients=(0,),
        reports=(0,),
        base="base",
        state=f"at {t_s}",
        down_bytes=n_bytes - n_bytes // 4,
        up_bytes=n_bytes // 4,
        wait_s=0.0,
        down_s=0.0,
        compute_s=0.0,
        up_s=0.0,
        idle_s=0.0,
        gone_s=0.0,
        energy_j=energy_j,
        lost_s=0.0,
        lost_bytes=0,
        lost_j=0.0,
        status=status,
    )
    return replace(row, **changes)


def client_row(t_s: float, client: int, **changes: Any) -> ClientRow:
    """A client that was busy for 6 s of 10: 1 s down, 3 s training, 2 s up."""
    row = ClientRow(
        t_s=t_s,
        start_s=t_s - 10.0,
        client=client,
        trial=0,
        branch="fixed",
        round=1,
        outcome="done",
        cache="fill",
        wait_s=0.0,
        down_s=1.0,
        compute_s=3.0,
        up_s=2.0,
        idle_s=4.0,
        gone_s=0.0,
        down_bytes=1000,
        up_bytes=500,
        energy_j=48.0,
        lost_s=0.0,
        lost_bytes=0,
        lost_j=0.0,
        cache_bytes=0,
    )
    return replace(row, **changes)


@pytest.fixture
def make_client() -> Make:
    return client_row


@pytest.fixture
def make_round() -> Make:
    return round_row


def evaluation_row(
    t_s: float, accuracy: float, *, state: str = "", split: str = "test"
) -> EvaluationRow:
    return EvaluationRow(
        t_s=t_s,
        round=1,
        trial=0,
        config=SMALL,
        state=state or f"at {t_s}",
        split=split,
        accuracy=accuracy,
        macro_f1=accuracy,
        loss=1.0,
        n_examples=490,
        correct="f",
    )


@pytest.fixture
def make_evaluation() -> Make:
    return evaluation_row


@pytest.fixture
def make_held() -> Make:
    """make_held(t_s, accuracy): three equal evaluations, at half and three quarters of t_s and at
    t_s, so that the run reaches the accuracy for good at t_s."""

    def held(t_s: float, accuracy: float) -> list[EvaluationRow]:
        return [evaluation_row(share * t_s, accuracy) for share in (0.5, 0.75, 1.0)]

    return held


def decision_row(t_s: float, config: TuningConfig, *, trial: int = 0) -> DecisionRow:
    return DecisionRow(
        t_s=t_s,
        trial=trial,
        scores={"keep": 0.5, "deeper": 0.6},
        rounds={"keep": 2, "deeper": 2},
        spent_client_rounds={"keep": 4, "deeper": 4},
        spent_bytes={"keep": 100, "deeper": 200},
        spent_j={"keep": 1.0, "deeper": 2.0},
        spent_s={"keep": 3.0, "deeper": 6.0},
        chosen="deeper",
        config=config,
        lineage_round=1,
        state="state",
    )


@pytest.fixture
def make_decision() -> Make:
    return decision_row


@pytest.fixture
def study_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "study"
    directory.mkdir()
    return directory


@pytest.fixture
def write_run(study_dir: Path) -> Make:
    def write(
        arm: str,
        *,
        events: Sequence[Row] = (),
        evaluations: Sequence[Row] = (),
        seed: int = 7,
        digest: str = "0123456789abcdef",
        learner: str = "torch",
        n_clients: int = 10,
        majority: float | None = 0.2,
        finished: bool = True,
        facts: Mapping[str, Any] | None = None,
        scenario: Mapping[str, Any] | None = None,
    ) -> Path:
        directory = study_dir / f"{arm}-{digest[:8]}" / f"seed-{seed:04d}"
        directory.mkdir(parents=True)
        manifest = {
            "format_version": 1,
            "name": arm,
            "seed": seed,
            "digest": digest,
            "scenario": {"evaluation": {"report_on": "test", "decide_on": "validation"}}
            | dict(scenario or {}),
            "n_clients": n_clients,
            "majority_accuracy": majority and {"test": majority, "validation": 0.3},
            "n_layers": 6,
            "labels": 47,
            "learner": learner,
            **(facts or {}),
        }
        (directory / "manifest.json").write_text(json.dumps(manifest))
        for name, rows in (("events", events), ("evaluations", evaluations)):
            text = "".join(f"{as_json(row)}\n" for row in rows)
            (directory / f"{name}.jsonl").write_text(text)
        if finished:
            write_done(directory)
        return directory

    return write


@pytest.fixture
def five_arms(study_dir: Path, write_run: Make) -> Path:
    """A study of the demo's size and shape: four fixed arms and one that grows by trials."""
    fixed = (
        ("fixed (1, 8)", SMALL, 3.2, 20, 0.61),
        ("fixed (3, 16)", MEDIUM, 12.0, 20, 0.78),
        ("fixed (6, 16)", LARGE, 26.0, 10, 0.79),
        ("full fine-tuning", FULL, 410.0, 14, 0.77),
    )
    for arm, config, step_s, n, ceiling in fixed:
        events = [round_row(step_s * k, config, n_bytes=10**7) for k in range(1, n + 1)]
        rows = _learning(step_s, n, ceiling, seed=n)
        write_run(arm, events=events, evaluations=rows, n_clients=100, majority=0.112)
    rows = _learning(6.0, 20, 0.76, seed=1)
    write_run("FedAdapter", events=_growing(), evaluations=rows, n_clients=100, majority=0.112)
    return study_dir


def _learning(step_s: float, n: int, ceiling: float, seed: int) -> list[Row]:
    """n evaluations that rise from 0.2 towards the ceiling, with the noise of 490 examples."""
    noise = 0.01 * np.random.default_rng(seed).standard_normal(n)
    rising = ceiling - (ceiling - 0.2) * np.exp(-np.arange(1, n + 1) / (0.15 * n))
    return [
        evaluation_row(step_s * (k + 1), round(float(accuracy), 4))
        for k, accuracy in enumerate(rising + noise)
    ]


def _growing() -> list[Row]:
    """Eight trials of 15 s from (1, 8): deeper, wider, keep, deeper, deeper, keep, wider, keep."""
    path = [(2, 8), (2, 16), (2, 16), (3, 16), (4, 16), (4, 16), (4, 24), (4, 24)]
    rows: list[Row] = []
    current = (1, 8)
    for trial, chosen in enumerate(path):
        depth, width = current
        candidates = {"keep": current, "wider": (depth, width + 8), "deeper": (depth + 1, width)}
        start_s, end_s = 15.0 * trial, 15.0 * (trial + 1)
        for branch, (d, w) in candidates.items():
            config = Adapter(depth=d, width=w)
            rows.append(round_row(end_s - 1, config, trial=trial, branch=branch, start_s=start_s))
        current = chosen
        config = Adapter(depth=chosen[0], width=chosen[1])
        rows.append(decision_row(end_s, config, trial=trial))
    return rows
