"""A fleet that is written from rounds: its simulated clients are the measured ones."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from calibration.fit import ClientFit, fit
from calibration.job import Job
from calibration.order import by_name
from calibration.table import read_rounds
from calibration.write import write_fleet
from sim import Scenario, run_scenario
from sim.scenario.file import load_scenario
from tests.calibration.test_calibration import HEADER

Fleet = tuple[Path, dict[str, ClientFit]]

REST = (
    "name: own\n"
    "model: {source: 'shape:bert-base'}\n"
    "task: {kind: synthetic, batches_per_client: 10, max_tokens: 32}\n"
    "learner: {kind: curve}\n"
    "cost: {kind: analytic}\n"
    "cache: {enabled: false}\n"
    "log: clients\n"
    "stop: {rounds: 2}\n"
)
FULL = "{kind: full}"


@pytest.fixture
def fleet(tmp_path: Path) -> Callable[..., Fleet]:
    """fleet(clients, **job): the file that is written for them, and their fits in its order."""

    def build(clients: Sequence[str], **job: Any) -> Fleet:
        path = tmp_path / "rounds.csv"
        path.write_text(HEADER + "".join(_rounds(clients)), encoding="utf-8")
        fits = by_name(fit(read_rounds(path)))
        return write_fleet(tmp_path / "own", fits, Job(**job)), fits

    return build


def _rounds(clients: Sequence[str]) -> list[str]:
    """The n-th client: 0.1 n s a batch, n x 100 kB/s down and half of it up, 0.01 and 0.02 n s."""
    lines = []
    for n, client in enumerate(clients, 1):
        for n_bytes in (200_000, 400_000, 800_000, 1_600_000):
            down_s, up_s = 0.01 * n + n_bytes / (n * 1e5), 0.02 * n + n_bytes / (n * 5e4)
            lines.append(f"{client},{n_bytes},10,{down_s:.9f},{n},{up_s:.9f}\n")
    return lines


def _scenario(part: Path, n_clients: int, config: str = FULL) -> Scenario:
    path = part.parent / "scenario.yaml"
    own = (
        f"partition: {{kind: iid, clients: {n_clients}}}\n"
        f"rounds: {{participants: {n_clients}}}\n"
        f"configurator: {{kind: fixed, config: {config}}}\n"
    )
    path.write_text(REST + own + part.read_text(encoding="utf-8"), encoding="utf-8")
    return load_scenario(path)


def _events(scenario: Scenario, out: Path, seed: int) -> list[dict[str, Any]]:
    result = run_scenario(scenario, seed=seed, out=out)
    text = (result.run_dir / "events.jsonl").read_text(encoding="utf-8")
    return [row for row in map(json.loads, text.splitlines()) if row["row"] == "client"]


@pytest.mark.parametrize("seed", [0, 1])
def test_every_simulated_client_is_its_measured_one(
    fleet: Callable[..., Fleet], tmp_path: Path, seed: int
) -> None:
    part, fits = fleet([str(n) for n in range(12, 0, -1)])
    assert [one.client for one in fits.values()] == [str(n) for n in range(1, 13)]
    rows = _events(_scenario(part, 12), tmp_path / "out", seed)
    own = [*fits.values()]
    assert {row["client"] for row in rows} == set(range(12))
    for row in rows:
        one = own[row["client"]]
        assert row["compute_s"] == pytest.approx(10 * one.seconds_per_batch.value, rel=1e-5)
        for way, link in (("down", one.down), ("up", one.up)):
            expected_s = link.latency_s + row[f"{way}_bytes"] / link.bytes_per_s.value
            assert row[f"{way}_s"] == pytest.approx(expected_s, rel=1e-9)
    assert own[0].down.latency_s == pytest.approx(0.12)
    assert own[11].up.latency_s == pytest.approx(0.02)


def test_names_with_signs_keep_speed_and_link_together(
    fleet: Callable[..., Fleet], tmp_path: Path
) -> None:
    part, fits = fleet(["b", "a", "a-b", "a-b-c", "phone10", "phone2"])
    assert [*fits][-2:] == ["client-phone2", "client-phone10"]
    for row in _events(_scenario(part, 6), tmp_path / "out", 0):
        one = [*fits.values()][row["client"]]
        assert row["compute_s"] == pytest.approx(10 * one.seconds_per_batch.value, rel=1e-5)
        down_s = one.down.latency_s + row["down_bytes"] / one.down.bytes_per_s.value
        assert row["down_s"] == pytest.approx(down_s, rel=1e-9)


def test_more_clients_than_were_measured_are_refused(
    fleet: Callable[..., Fleet], tmp_path: Path
) -> None:
    part, _ = fleet(["a", "b"])
    with pytest.raises(ValueError, match="for each of 3 clients when assigned by-id, got 2"):
        run_scenario(_scenario(part, 3), out=tmp_path / "out")


@pytest.mark.parametrize(("one", "other"), [("a b", "a-b"), ("A", "a"), ("x!", "x?")])
def test_names_that_would_be_one_file_are_refused(
    fleet: Callable[..., Fleet], one: str, other: str
) -> None:
    with pytest.raises(ValueError, match=r"must have names that differ in letters or digits"):
        fleet([one, other])


def test_what_was_trained_is_in_the_rows(fleet: Callable[..., Fleet], tmp_path: Path) -> None:
    job = {"model": "bert-base", "batch_size": 4, "tokens": 32}
    part, _ = fleet(["a", "b"], tuning="adapter", depth=2, size=8, **job)
    with (part.parent / "devices.csv").open(encoding="utf-8") as source:
        row = next(csv.DictReader(source))
    columns = ("model", "batch_size", "tokens", "row", "depth", "tuning", "size")
    assert [row[name] for name in columns] == [
        "bert-base",
        "4",
        "32",
        "adapter",
        "2",
        "adapter",
        "8",
    ]
    text = part.read_text(encoding="utf-8")
    stated = "adapter of size 8, depth 2, model bert-base, batches of 4, 32 tokens a text."
    assert f"# Seconds of a batch are of: {stated}\n" in text
    assert "Assumed" not in text
    for width, basis in ((8, "measured"), (64, "scaled")):
        scenario = _scenario(part, 2, f"{{kind: adapter, depth: 2, width: {width}}}")
        result = run_scenario(scenario, out=tmp_path / str(width))
        manifest = json.loads((result.run_dir / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["device_seconds"]["client-a"]["basis"] == basis


def test_what_is_assumed_of_the_rounds_is_said(fleet: Callable[..., Fleet]) -> None:
    part, _ = fleet(["a"], tuning="lora", depth=2)
    assert (
        "# Seconds of a batch are of: lora, depth 2.\n"
        "# Assumed, since not stated: any size of the add-ons (--size), the scenario's model "
        "(--model), its batch size (--batch-size), its tokens (--tokens).\n"
    ) in part.read_text(encoding="utf-8")


def test_a_size_without_add_ons_is_refused() -> None:
    with pytest.raises(ValueError, match="--size must have --tuning adapter or lora beside it"):
        Job(size=8)
