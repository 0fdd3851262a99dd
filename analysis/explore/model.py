"""What the page shows: its runs, the controls of a state, and the replay of a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from analysis.reading.run import Run
from analysis.reading.study import Study
from sim.runlog import RunError

from .choice import Choice, read_choices, write_choices
from .controls import controls
from .outcome import Outcome, Replayer, replayed
from .state import State, from_query

_KEPT = 256
"""Replays that are kept; one takes about 100 kB."""


class Model:
    """The finished runs of a directory, and their replays.

    Raises ValueError if no run of the study is finished. Replays run one at a time, whatever number
    of threads asks for them.
    """

    errors = (ValueError, RunError, OSError)
    """What a state that cannot be replayed raises."""

    def __init__(self, study: Study, replayer: Replayer) -> None:
        self.directory = study.path
        self._replayer = replayer
        finished = [run for run in study.runs if run.is_finished and len(run.evaluations)]
        if not finished:
            raise ValueError(
                f"{study.path}: no run is finished; to finish it, repeat the command that began it"
            )
        self._runs = {_place(run.path, study.path): run for run in finished}
        self._lock = Lock()
        self._outcome = lru_cache(_KEPT)(self._replayed)
        self.runs: Mapping[str, str] = _names(self._runs)

    @property
    def title(self) -> str:
        return self.directory.resolve().name

    @property
    def subtitle(self) -> str:
        n = len(self._runs)
        runs = "one finished run" if n == 1 else f"{n} finished runs"
        return f"{runs}; every change is a replay without training"

    def run_of(self, state: State) -> Run:
        """The run of a state, as it was run."""
        return self._runs[state.run]

    def others(self, state: State) -> list[Run]:
        """The study's other runs of the same seed."""
        own = self.run_of(state)
        return [run for run in self._runs.values() if run is not own and run.seed == own.seed]

    def state_of(self, query: str) -> State:
        """The state of a link. Raises ValueError for a link that is not one of the page's."""
        return from_query(query, list(self._runs))

    def controls_of(self, state: State) -> tuple[list[Choice], dict[str, int], list[str]]:
        """The controls, the choice of each, and the overrides that no control makes."""
        choices, chosen, others = read_choices(self._choices(state.run, ()), state.overrides)
        if not others:
            return choices, chosen, others
        return read_choices(self._choices(state.run, tuple(others)), state.overrides)

    def state_chosen(
        self, chosen: Mapping[str, Any], others: Sequence[str], earlier: State
    ) -> State:
        """The state of the values of the page's components.

        earlier: the state whose controls the page shows. Another run gets the same overrides.
        """
        choices, _, _ = self.controls_of(earlier)
        known = {choice.id: int(chosen[choice.id]) for choice in choices}
        overrides = write_choices(choices, known, others)
        return State(str(chosen["run"]), overrides, str(chosen["axis"]))

    def has_other_controls(self, state: State, earlier: State) -> bool:
        """Whether the controls of a state are not those of an earlier one in other positions."""
        is_same_run = state.run == earlier.run
        return not is_same_run or self.controls_of(state)[2] != self.controls_of(earlier)[2]

    def outcome_of(self, state: State) -> Outcome | None:
        """The replay of a state; None if nothing is changed. Raises one of `errors`."""
        if not state.overrides:
            return None
        with self._lock:
            return self._outcome(state.run, state.overrides)

    def study_text(self, state: State) -> str:
        """The study file of a state. Raises one of `errors`."""
        return self._replayer.study_text(self.run_of(state).path, state.overrides)

    def _replayed(self, run: str, overrides: tuple[str, ...]) -> Outcome:
        return replayed(self._runs[run], overrides, self._replayer)

    def _choices(self, name: str, others: tuple[str, ...]) -> list[Choice]:
        """The controls of a run with the overrides that no control makes, where they are valid."""
        run = self._runs[name]
        try:
            scenario = self._replayer.scenario(run.path, others)
        except self.errors:  # the results say so
            scenario = run.manifest["scenario"]
        lengths_s = (run.rounds["t_s"] - run.rounds["start_s"]).to_list()
        return controls(scenario, run.n_clients, max(lengths_s, default=1.0))


def _place(path: Path, directory: Path) -> str:
    """A run's directory relative to that of the page."""
    return path.relative_to(directory).as_posix()


def _names(runs: Mapping[str, Run]) -> dict[str, str]:
    """The name of every run: its arm, and its seed where there are several."""
    has_seeds = len({run.seed for run in runs.values()}) > 1
    return {
        place: f"{run.arm}, seed {run.seed}" if has_seeds else run.arm
        for place, run in runs.items()
    }
