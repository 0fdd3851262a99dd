"""Terminal output: progress on standard error, tables on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console, Group, JustifyMethod
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from learner.store.inventory import Stock
    from sim.runs.progress import RunProgress

_LITERAL: Any = {"markup": False, "emoji": False}
"""Options that print names and paths literally, without reading brackets or colons as markup."""

errors = Console(stderr=True, highlight=False, soft_wrap=True, **_LITERAL)

_NAME_LETTERS = 40
_WHOLE = 100_000
"""Width at which no row of a table is wrapped; a table takes only what it needs."""


def tell(event: str, text: str, as_json: bool = False, **fields: Any) -> None:
    """Print a line on standard error: the text, or a JSON object of the event and its fields."""
    told = {"event": event, **(fields or {event: text})}
    errors.print(json.dumps(told, default=str) if as_json else text)


_Key = tuple[str, int]
"""A run's name and seed."""


@dataclass
class Display:
    """Shows progress on standard error: a live table on a terminal, otherwise plain lines.

    as_json: print JSON objects instead, one per line. n_runs: number of runs to expect.
    """

    n_runs: int = 1
    as_json: bool = False
    n_done: int = 0
    started_s: float = field(default_factory=time.monotonic)
    completed: float = 0.0
    latest: dict[_Key, RunProgress] = field(default_factory=dict)
    printed_s: dict[_Key, float] = field(default_factory=dict)
    live: Live | None = None
    warned: set[str] = field(default_factory=set)

    def __enter__(self) -> Display:
        if errors.is_terminal and not self.as_json:
            self.live = Live(console=errors, get_renderable=self._table, refresh_per_second=4)
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.live is not None:
            self.live.stop()
        if kind is KeyboardInterrupt:
            errors.print("Interrupted. To resume, repeat the command.")

    def show(self, progress: RunProgress) -> None:
        if progress.warning:
            if progress.warning not in self.warned:  # once for all runs of a study
                self.warned.add(progress.warning)
                tell("warning", progress.warning, self.as_json)
            return
        now_s, key = time.monotonic(), (progress.run, progress.seed)
        self.latest[key] = progress
        if progress.is_done:
            self.n_done += 1
            del self.latest[key]
        running = sum(one.fraction or 0.0 for one in self.latest.values())
        self.completed = min(max(self.completed, self.n_done + running), float(self.n_runs))
        if self.as_json:
            whole = {"runs": self.n_runs, "runs_done": self.n_done, "left_s": self._left_s()}
            tell("progress", "", True, **asdict(progress), **whole)
            return
        is_due = now_s - self.printed_s.get(key, -60.0) >= 5.0
        if self.live is None and (is_due or progress.is_done):
            self.printed_s[key] = now_s
            errors.print("  ".join([*self._cells(progress, progress.run), self._overall()]))

    def _table(self) -> Group:
        """One line for each run in progress, then the progress of all runs."""
        from analysis.tables.text import shortened

        columns = ("run", "simulated", "round", "accuracy", "config", "work")
        shown = Table(*columns, box=None)
        short = shortened([run for run, _ in self.latest], _NAME_LETTERS)
        for progress in self.latest.values():
            shown.add_row(*self._cells(progress, short[progress.run]))
        bar = ProgressBar(total=self.n_runs, completed=self.completed, width=40)
        return Group(shown, bar, Text(self._overall()))

    def _left_s(self) -> float | None:
        """Wall seconds left for all runs, at their mean pace so far; None if not known yet."""
        if not self.completed:
            return None
        passed_s = time.monotonic() - self.started_s
        return passed_s * (self.n_runs - self.completed) / self.completed

    def _overall(self) -> str:
        left_s = self._left_s()
        told = [f"{self.n_done} of {self.n_runs} runs"] * (self.n_runs > 1)
        told += [] if left_s is None else [f"about {left_s:.0f} s left"]
        return ", ".join(told)

    def _cells(self, progress: RunProgress, name: str) -> list[str]:
        accuracy = "" if progress.accuracy is None else f"{progress.accuracy:.1%}"
        branch = f"{progress.branch}: " if progress.branch else ""
        return [
            name if progress.seed == 0 else f"{name} (seed {progress.seed})",
            f"{progress.sim_s:,.1f} s",
            f"round {progress.round}",
            accuracy,
            "done" if progress.is_done else progress.doing or f"{branch}{progress.config}",
            f"{progress.trainings} trainings, {progress.store_hits} store hits",
        ]


def print_changes(run_dir: Path, as_json: bool = False) -> None:
    """Warn on standard error of files that have changed since the run finished."""
    from sim.done import change_warnings

    for warning in change_warnings(run_dir):
        tell("warning", f"warning: {run_dir}: {warning}", as_json)


def print_study(
    rows: Sequence[Mapping[str, Any]], caption: str, columns: Sequence[str] = ()
) -> None:
    """Print the table of a study with its caption, one section for each target."""
    from analysis import format_table

    headers, lines = format_table(rows, columns)
    shown = Table(box=SIMPLE, pad_edge=False, caption=caption)
    for header in headers:
        shown.add_column(header, overflow="fold")  # names that differ at their end stay different
    for row, line, below in zip(rows, lines, [*rows[1:], None], strict=True):
        is_last = below is None or row["target"] != below["target"]
        shown.add_row(*line, end_section=is_last)
    page(_WHOLE).print(shown)


def print_published(rows: Sequence[Mapping[str, Any]], caption: str) -> None:
    """Our hours beside a source's, an arm after the other."""
    from analysis.tables.published import format_published

    headers, lines = format_published(rows)
    shown = Table(box=SIMPLE, pad_edge=False, caption=caption)
    for header in headers:
        justify: JustifyMethod = "left" if header in ("arm", "why") else "right"
        shown.add_column(header, justify=justify, overflow="fold")
    for row, line, below in zip(rows, lines, [*rows[1:], None], strict=True):
        shown.add_row(*line, end_section=below is None or row["arm"] != below["arm"])
    page(150).print(shown)


def print_devices(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one line for each device and measured job, and below it the numbered sources."""
    sources = {text: i for i, text in enumerate(_sources(rows), start=1)}
    shown = Table("device", "model", "tuning", "batch", "seconds", "serves", "source", box=None)
    for row in rows:
        batch = " x ".join(str(row[key] or "?") for key in ("batch_size", "tokens"))
        seconds = row["seconds_per_batch"]
        told = row["what"] if seconds is None else f"{seconds:g} s {row['what']}".strip()
        numbers = ", ".join(str(sources[text]) for text in row["sources"])
        names = (row["device"], row["model"], row["tuning"])
        shown.add_row(*names, batch, told, row["serves"], numbers)
    page(150).print(shown)
    print("\n".join(f"{number}: {text}" for text, number in sources.items()))


def _sources(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(text for row in rows for text in row["sources"]))


def print_traces(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one line for each valid file; errors and warnings go to standard error."""
    percentiles = ("mean", "p5", "p50", "p95")
    shown = Table("file", "format", "duration", *percentiles, "longest outage", box=None)
    for row in rows:
        if row["error"]:
            errors.print(f"fedadapter: {row['error']}")
            continue
        rates = [_number(row[f"{key}_mbit_per_s"], "Mbit/s") for key in percentiles]
        duration, outage = (_number(row[k], "s") for k in ("duration_s", "longest_outage_s"))
        shown.add_row(row["file"], row["format"], duration, *rates, outage)
        for warning in row["warnings"]:
            errors.print(f"warning: {row['file']}: {warning}")
    if shown.row_count:
        longest = max(len(str(row["file"])) for row in rows)
        page(110 + longest).print(shown)  # paths are not wrapped


def print_stock(held: Sequence[Stock], limit_bytes: int) -> None:
    """Print number and size of files by kind, and the limit of states and activations."""
    shown = Table("", "files", "MB", box=None)
    for one in held:
        shown.add_row(one.kind, f"{one.files:,}", f"{one.bytes / 1e6:,.1f}")
    shown.add_row("limit for states and activations", "", f"{limit_bytes / 1e6:,.1f}")
    page(80).print(shown)


def _number(value: float | None, unit: str) -> str:
    """A value with four digits, or all digits of a larger integer part."""
    if value is None:
        return ""
    return f"{value:,.0f} {unit}" if abs(value) >= 1000 else f"{value:.4g} {unit}"


def page(width: int) -> Console:
    """Console on standard output. `width` applies when it is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else width, **_LITERAL)
