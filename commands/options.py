"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from learner.training.numerics import NumericsChoice

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="A scenario.")]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="A base and its arms.")]
RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A run's directory.")]
StudyDir = Annotated[Path, typer.Argument(metavar="DIR", help="A directory of runs.")]
StudyDirs = Annotated[list[Path], typer.Argument(metavar="DIR...", help="Directories of runs.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="a.b=c", help="Override a key (repeatable).")
]
Out = Annotated[Path, typer.Option("--out", help="Where run directories go.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every draw.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes (default: one a core).")
]
Numerics = Annotated[
    NumericsChoice,
    typer.Option(
        "--numerics",
        help="Number format of the encoder; auto: bf16 where AMX or the GPU computes it.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable results on stdout.")]


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Put the file before complaints about its content, which know no file."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
