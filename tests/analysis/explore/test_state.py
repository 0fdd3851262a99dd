"""A state of the page is a link and a command line."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.explore.state import AXES, State, command_line, from_query, to_query

RUNS = ["arm a/seed-0000", "b/seed-0001"]
STATES = st.builds(
    State, st.sampled_from(RUNS), st.lists(st.text(min_size=1)).map(tuple), st.sampled_from(AXES)
)


@given(STATES)
def test_every_state_is_read_back_from_its_link(state: State) -> None:
    assert from_query(to_query(state), RUNS) == state


@given(STATES)
def test_every_state_is_one_command_with_its_overrides_in_order(state: State) -> None:
    words = shlex.split(command_line(Path("runs/x"), state))
    assert words[:3] == ["fedadapter", "replay", f"runs/x/{state.run}"]
    assert words[3::2] == ["--set"] * len(state.overrides)
    assert tuple(words[4::2]) == state.overrides


def test_no_query_is_the_first_run_as_it_was() -> None:
    assert from_query("", RUNS) == State(RUNS[0])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?run=../other", "run must be one of the page's runs (arm a/seed-0000, ...)"),
        ("?axis=rounds", "axis must be one of t_s, mbytes, kilojoules, got 'rounds'"),
        ("?sett=a.b=1", "the link must have keys of run, axis, set, got 'sett'"),
    ],
)
def test_a_link_that_is_not_of_the_page_is_refused(query: str, message: str) -> None:
    with pytest.raises(ValueError, match="must") as told:
        from_query(query, RUNS)
    assert message in str(told.value)
