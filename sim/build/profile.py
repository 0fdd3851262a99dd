"""Measures training steps of this machine for a device file, and the cost models' errors."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from learner.encoder.architecture import Architecture
from learner.ranges import require
from learner.spec import Adapter, AddOn, Freeze, Full, Lora, TuningConfig, tuned_depth
from learner.store.atomic_file import errors_naming, write_new
from sim.cost.analytic import tx2_seconds
from sim.cost.step_terms import NAMES, TermsFit, amounts, fit_terms
from sim.fleet.client import CacheState
from traces.device_csv import COLUMNS, Tuning
from traces.published import Row

from .own_device import add_on_size

if TYPE_CHECKING:
    from learner.encoder.backbone import Backbone
    from learner.training.step_seconds import StepCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A training step to be measured. `size`: adapter width, or LoRA rank."""

    row: Row
    config: TuningConfig
    batch_size: int
    tokens: int
    n_layers: int

    @property
    def depth(self) -> int:
        return tuned_depth(self.config, self.n_layers)

    @property
    def cache(self) -> CacheState:
        return "hit" if self.row.endswith("cached") else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A measured step. `formula_s`: by the analytic cost model on a Jetson TX2."""

    place: Place
    cost: StepCost
    formula_s: float


def places(
    n_layers: int,
    tuning: Tuning,
    *,
    sizes: Sequence[int],
    batch_sizes: Sequence[int],
    tokens: Sequence[int],
    depths: Sequence[int] | None,
) -> Iterator[Place]:
    """All combinations; those of the first size, batch size and tokens come first."""
    wanted = range(n_layers + 1) if depths is None else depths
    for batch_size, length, size in product(batch_sizes, tokens, sizes):
        for depth in wanted:
            config: TuningConfig
            if size == sizes[0]:  # the rows without add-ons do not have it
                config = Full() if depth == n_layers else Freeze(depth=depth)
                yield _place("full", config, batch_size, length, n_layers)
            config = (
                Adapter(depth=depth, width=size)
                if tuning == "adapter"
                else Lora(depth=depth, rank=size)
            )
            for row in ("adapter", "adapter_cached"):
                yield _place(row, config, batch_size, length, n_layers)


def _place(row: Row, config: TuningConfig, batch_size: int, tokens: int, n_layers: int) -> Place:
    return Place(row=row, config=config, batch_size=batch_size, tokens=tokens, n_layers=n_layers)


def measure_points(
    backbone: Backbone,
    wanted: Sequence[Place],
    *,
    repeats: int,
    on_point: Callable[[Point], None] = lambda point: None,
) -> list[Point]:
    """Measure every place, in order. Raises ValueError if the model cannot have one of them."""
    from learner.training.step_seconds import Work, step_cost

    most = backbone.architecture.most_tokens
    longest = max(place.tokens for place in wanted)
    require(
        longest <= most, f"tokens must be at most {most} (the model's positions), got {longest}"
    )
    points = []
    for place in wanted:
        work = Work(
            config=place.config,
            cache="hit" if place.cache == "hit" else "none",
            batch_size=place.batch_size,
            tokens=place.tokens,
        )
        cost = step_cost(backbone, work, repeats=repeats)
        formula_s = _formula_s(backbone.architecture, place)
        points.append(Point(place=place, cost=cost, formula_s=formula_s))
        on_point(points[-1])
    return points


def _formula_s(architecture: Architecture, place: Place) -> float:
    return tx2_seconds(
        architecture,
        place.config,
        tokens=place.tokens,
        batch_size=place.batch_size,
        cache=place.cache,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaError:
    """How far the analytic model, scaled to this device by one factor, is from the points.

    `factor`: the geometric mean of measured over formula. Errors are fractions of the measured
    seconds.
    """

    factor: float
    median: float
    largest: float
    n_points: int


def formula_error(points: Sequence[Point]) -> FormulaError:
    """The error of the analytic model on measured points (at least one)."""
    ratios = [point.cost.seconds / point.formula_s for point in points]
    factor = math.exp(sum(map(math.log, ratios)) / len(ratios))
    errors = [abs(factor / ratio - 1.0) for ratio in ratios]
    return FormulaError(
        factor=factor, median=median(errors), largest=max(errors), n_points=len(errors)
    )


def write_device_file(
    path: Path, name: str, model: str, points: Sequence[Point], compute_w: float | None
) -> None:
    """The points of the first batch, tokens and size as a file for `fleet.device_file`."""
    first = points[0].place
    size = add_on_size(
        next((p.place.config for p in points if isinstance(p.place.config, AddOn)), None)
    )
    target = StringIO(newline="")
    table = csv.DictWriter(target, COLUMNS)
    table.writeheader()
    for point in points:
        place = point.place
        is_first = (place.batch_size, place.tokens) == (first.batch_size, first.tokens)
        if not is_first or add_on_size(place.config) not in (size, None):
            continue
        peak = point.cost.peak_bytes
        table.writerow(
            {
                "device": name,
                "model": model,
                "batch_size": place.batch_size,
                "tokens": place.tokens,
                "row": place.row,
                "depth": place.depth,
                "tuning": place.config.kind if isinstance(place.config, AddOn) else "",
                "size": add_on_size(place.config) or "",
                "seconds_per_batch": f"{point.cost.seconds:.6g}",
                "memory_gb": "" if peak is None else f"{peak / 1e9:.4g}",
                "compute_w": "" if compute_w is None else f"{compute_w:.4g}",
                "source": "fedadapter profile",
            }
        )
    write_new(path, target.getvalue())


_POINT_COLUMNS = (
    *("row", "depth", "size", "batch_size", "tokens", "seconds", "q25_s", "q75_s"),
    *("peak_bytes", "tx2_formula_s"),
)


class PointsFile:
    """A CSV of points, with quartiles and the analytic model's seconds on a Jetson TX2.

    Every point is written at once, so that an interrupted measurement keeps what it has.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError."""
        self._path = path
        target = StringIO(newline="")
        csv.writer(target).writerow(_POINT_COLUMNS)
        write_new(path, target.getvalue())

    def add(self, point: Point) -> None:
        place, cost = point.place, point.cost
        size = add_on_size(place.config) or ""
        row = (
            *(place.row, place.depth, size, place.batch_size, place.tokens),
            *(cost.seconds, *cost.quartiles_s, cost.peak_bytes or "", point.formula_s),
        )
        opened = self._path.open("a", encoding="utf-8", newline="")
        with errors_naming(self._path), opened as target:
            csv.writer(target).writerow(row)


def terms_of(architecture: Architecture, points: Sequence[Point]) -> TermsFit | None:
    """The terms of sim.cost.step_terms fitted to the points; None for fewer than twice as many
    points as terms."""
    if len(points) < 2 * len(NAMES):
        return None
    steps = [
        amounts(
            architecture,
            point.place.config,
            tokens=point.place.tokens,
            batch_size=point.place.batch_size,
            cache=point.place.cache,
        )
        for point in points
    ]
    return fit_terms(steps, [point.cost.seconds for point in points])
