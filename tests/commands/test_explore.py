"""`fedadapter explore`: what it refuses, and who may reach its page."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis import load_study
from analysis.explore.model import Model
from analysis.explore.page import make_page
from analysis.explore.server import listening, make_local_server
from sim.study.replayer import Replayer

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def study_dir(call: Call, study_file: Path, tmp_path: Path) -> Path:
    """A finished study of two arms."""
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    return tmp_path / "two"


def refused(call: Call, *arguments: object) -> str:
    status, _, err = call("explore", *arguments)
    last = err.splitlines()[-1]
    assert (status, last.startswith("fedadapter: ")) == (2, True)
    return last


def test_a_directory_without_a_finished_run_is_refused(
    call: Call, study_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no runs" in refused(call, tmp_path / "empty")
    for done in study_dir.glob("*/*/DONE"):
        done.unlink()
    assert refused(call, study_dir) == (
        f"fedadapter: {study_dir}: no run is finished; to finish it, repeat the command that "
        "began it"
    )


def test_a_port_in_use_is_refused(call: Call, study_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(call, study_dir, "--port", port) == (
            f"fedadapter: --port {port}: cannot be used on 127.0.0.1 (Address already in use); "
            "choose another"
        )


def test_a_missing_package_is_named_with_its_extra(
    call: Call, study_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("analysis.explore.page", "analysis.explore.panel", "analysis.explore.results"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "dash", None)
    assert refused(call, study_dir) == (
        "fedadapter: explore needs the package dash: pip install 'fedadapter-sim[explore]'"
    )


def test_the_page_is_served_to_this_machine_under_its_own_name_alone(study_dir: Path) -> None:
    page = make_page(Model(load_study(study_dir), Replayer()))
    server = make_local_server(page, listening(0))
    try:
        assert server.host == "127.0.0.1"
        client = page.server.test_client()
        html = client.get("/", base_url="http://127.0.0.1:80").get_data(as_text=True)
        sources = [part.split('"')[0] for part in html.split('src="')[1:]]
        assert sources
        assert all(source.startswith("/") for source in sources)
        assert client.get("/", base_url="http://rebound.example").status_code == 400
    finally:
        server.server_close()


def test_a_state_of_a_study_is_replayed_and_exported(study_dir: Path, tmp_path: Path) -> None:
    model = Model(load_study(study_dir), Replayer(tmp_path))
    fast, slow = sorted(model.runs, key=lambda place: model.runs[place])
    assert (model.runs[fast], model.runs[slow]) == ("fast", "slow")
    state = model.state_of(f"?run={slow}&set=fleet.network.up_mbytes_per_s=3.0")
    outcome = model.outcome_of(state)
    assert outcome is not None
    assert outcome.run.end_s == model.run_of(model.state_of(f"?run={fast}")).end_s
    assert [run.arm for run in model.others(state)] == ["fast"]
    assert json.dumps(model.study_text(state)).count("up_mbytes_per_s: 3.0") == 1
    assert model.outcome_of(model.state_of("")) is None
