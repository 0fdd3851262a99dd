"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from learner.training.numerics import NumericsChoice

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="Scenario file.")]
StudyFile = Annotated[
    Path, typer.Argument(metavar="STUDY.yaml", help="Study file: a base scenario and its arms.")
]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Directory of one run.")]
StudyDir = Annotated[Path, typer.Argument(metavar="DIR", help="Directory that contains runs.")]
StudyDirs = Annotated[
    list[Path], typer.Argument(metavar="DIR...", help="Directories that contain runs.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="a.b=c", help="Set a key of the scenario (repeatable)."),
]
Out = Annotated[Path, typer.Option("--out", help="Directory for run directories.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of all random draws.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Number of processes (default: one per core)."),
]
Numerics = Annotated[
    NumericsChoice,
    typer.Option(
        "--numerics",
        help="Number format of the encoder. auto: bf16 where AMX or the GPU supports it.",
    ),
]
Crossing = Literal["sustained", "first"]
CrossingOption = Annotated[
    Crossing,
    typer.Option(
        "--crossing",
        help="When a target counts as reached. sustained: by the mean of three evaluations, for "
        "good. first: by a single evaluation.",
    ),
]
BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="ARM",
        help="Compare every arm with this one, or with a name under the study's hindsight, paired "
        "by seed. In a study with axes, an arm without its coordinates: at the same point.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable results to stdout.")]

_MOST_IDS = 10_000


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Prefix errors about the content of a file with its name."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def id_ranges(option: str, text: str) -> tuple[range, ...]:
    """Parse ids and ranges such as "3,7,10-12". Raises ValueError, naming the option, for else."""
    ranges: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        try:
            ranges.append(range(int(first), int(last if dash else first) + 1))
        except ValueError:
            raise ValueError(f"{option} {text}: must be ids and ranges, got {part!r}") from None
        if not ranges[-1]:
            raise ValueError(f"{option} {text}: a range must not end before it begins, got {part}")
    return tuple(ranges)


def listed_ids(option: str, text: str) -> list[int]:
    """The ids of id_ranges one by one. Raises ValueError also for more than 10,000."""
    ranges = id_ranges(option, text)
    count = sum(ids.stop - ids.start for ids in ranges)  # len(ids) overflows from 2**63 on
    if count > _MOST_IDS:
        raise ValueError(f"{option} {text}: must be at most {_MOST_IDS:,} numbers, got {count:,}")
    return [one for ids in ranges for one in ids]
