"""Runs that train a tiny transformer: learning, resuming, stored states, failures."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sim.runlog import RunError
from sim.runs.progress import RunProgress
from sim.runs.run import RunResult, run_scenario
from sim.scenario.file import as_yaml, dump_scenario
from sim.study.definition import Study
from sim.study.study import run_study

ROOT = Path(__file__).parents[3]


def test_training_learns_and_a_second_run_trains_nothing(tmp_path: Path, real: Any) -> None:
    scenario = real(**{"stop.rounds": 40})
    first = run_scenario(scenario, out=tmp_path / "a", cache_dir=tmp_path / "cache")
    again = run_scenario(scenario, out=tmp_path / "b", cache_dir=tmp_path / "cache")
    assert first.trainings == 40 * 3
    assert (again.trainings, again.events_sha256) == (0, first.events_sha256)
    assert again.store_hits > 0
    accuracies = [
        json.loads(line)["accuracy"]
        for line in (first.run_dir / "evaluations.jsonl").read_text().splitlines()
    ]
    assert max(accuracies[1:]) > accuracies[0] + 0.2


def test_a_fresh_run_trains_everything_and_leaves_the_store_as_it_was(
    tmp_path: Path, real: Any
) -> None:
    scenario, cache = real(), tmp_path / "cache"
    first = run_scenario(scenario, out=tmp_path / "a", cache_dir=cache)
    stored = {path: path.read_bytes() for path in (cache / "store").rglob("*") if path.is_file()}
    fresh = run_scenario(scenario, out=tmp_path / "b", cache_dir=cache, is_fresh=True)
    assert (fresh.trainings, fresh.events_sha256) == (first.trainings, first.events_sha256)
    assert {path: path.read_bytes() for path in stored} == stored
    assert not list(cache.glob("fresh-*"))


def _rows(run: RunResult, name: str) -> list[dict[str, Any]]:
    lines = (run.run_dir / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_lora_trains_in_a_run_and_new_weights_make_other_states(tmp_path: Path, real: Any) -> None:
    lora = {"kind": "fixed", "config": {"kind": "lora", "depth": 2, "rank": 4}}
    run = run_scenario(
        real(configurator=lora, **{"stop.rounds": 30, "training.lr": 2e-2}),
        out=tmp_path,
        cache_dir=tmp_path / "cache",
    )
    rows = _rows(run, "evaluations")
    assert rows[0]["config"] == {"kind": "lora", "depth": 2, "rank": 4, "alpha": 16.0}
    assert max(row["accuracy"] for row in rows) > rows[0]["accuracy"] + 0.2
    assert _rows(run, "events")[0]["down_bytes"] == 3 * 4 * (
        3 * 33 + 2 * 4 * 4 * 32
    )  # clients x fp32 x ...
    states = set()
    for new_weights in ("published", "identity"):
        scenario = real(**{"stop.rounds": 1, "training.new_weights": new_weights})
        other = run_scenario(scenario, out=tmp_path, cache_dir=tmp_path / "cache")
        states.add(_rows(other, "evaluations")[0]["state"])
    assert len(states) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {
            "rounds": {"mode": "async", "participants": 3},
            "aggregation": {"kind": "mix", "alpha": 0.6},
        },
        {
            "rounds": {
                "mode": "buffered",
                "participants": 5,
                "buffer": 2,
                "staleness": {"kind": "polynomial"},
            },
            "aggregation": {"kind": "fedadam", "lr": 0.02},
        },
        {"selection": {"kind": "oort"}, "aggregation": {"kind": "fedavgm", "lr": 0.5}},
    ],
    ids=["FedAsync", "FedBuff", "Oort"],
)
def test_other_modes_rules_and_selections_train_once_and_repeat_their_bytes(
    tmp_path: Path, real: Any, changes: Any
) -> None:
    mixed = {"jetson-tx2": 0.5, "jetson-nano": 0.5}
    scenario = real(**changes, **{"stop.rounds": 12, "fleet.devices": mixed})
    first = run_scenario(scenario, out=tmp_path / "a", cache_dir=tmp_path / "cache")
    again = run_scenario(scenario, out=tmp_path / "b", cache_dir=tmp_path / "cache")
    rows = [json.loads(line) for line in (first.run_dir / "events.jsonl").read_text().splitlines()]
    used = [row for row in rows if row["row"] == "round" and row["status"] == "done"]
    assert first.trainings == sum(len(row["reports"]) for row in used)
    assert any(any(row["ages"]) for row in used) == ("mode" in changes.get("rounds", {}))
    assert (again.trainings, again.events_sha256) == (0, first.events_sha256)


def test_a_learning_rate_of_zero_changes_no_prediction(tmp_path: Path, real: Any) -> None:
    frozen = real(**{"training.lr": 0.0, "training.head_lr": 0.0})
    run = run_scenario(frozen, out=tmp_path, cache_dir=tmp_path / "cache")
    lines = (run.run_dir / "evaluations.jsonl").read_text().splitlines()
    assert len(lines) == 9
    assert len({json.loads(line)["correct"] for line in lines}) == 1


def test_only_aggregated_updates_are_trained(tmp_path: Path, real: Any) -> None:
    scenario = real(stop={"sim_s": 0.9}, log="clients")
    run = run_scenario(scenario, out=tmp_path, cache_dir=tmp_path / "cache")
    rows = [json.loads(line) for line in (run.run_dir / "events.jsonl").read_text().splitlines()]
    dispatched = sum(len(row["clients"]) for row in rows if row["row"] == "round")
    assert any(row.get("status") == "cut" for row in rows)
    assert run.trainings == run.rounds * 3 < dispatched


def test_the_number_of_workers_changes_no_byte(tmp_path: Path, real: Any) -> None:
    sideline = {"kind": "sideline", "interval_s": 0.5, "start": {"depth": 0, "width": 8}}
    arms = (real(name="one"), real(name="two", configurator=sideline))
    study = Study(name="study", arms=arms, seeds=(0, 1))
    digests = [
        [
            result.events_sha256
            for result in run_study(
                study, out=tmp_path / str(n), cache_dir=tmp_path / f"cache{n}", workers=n
            )
        ]
        for n in (1, 2)
    ]
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 4


def test_a_killed_run_is_resumed_with_equal_bytes_and_only_the_missing_trainings(
    tmp_path: Path, real: Any
) -> None:
    scenario = real(**{"stop.rounds": 40})
    whole = run_scenario(scenario, out=tmp_path / "whole", cache_dir=tmp_path / "other")
    path = tmp_path / "scenario.yaml"
    path.write_text(as_yaml(scenario))
    command = [sys.executable, "-m", "fedadapter", "run", str(path), "--json"]
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    states = tmp_path / "cache/fedadapter/store/states"

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, "--out", str(tmp_path / "killed")],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def stored() -> int:
        return sum(1 for _ in states.rglob("*.safetensors")) if states.exists() else 0

    first = start()
    while stored() < 10 and first.poll() is None:
        time.sleep(0.002)  # noqa: TID251  (real time: another process is at work)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    kept = stored()
    second, _ = start().communicate()
    result = json.loads(second)
    assert result["events_sha256"] == whole.events_sha256
    events = Path(result["run_dir"]) / "events.jsonl"
    assert events.read_bytes() == (whole.run_dir / "events.jsonl").read_bytes()
    assert result["trainings"] == whole.trainings - 3 * (kept - 1)  # one is the initial state


def test_a_diverging_training_is_an_error_of_one_line_and_keeps_the_rows_before(
    tmp_path: Path, real: Any
) -> None:
    wild = real(training={"optimizer": "sgd", "lr": 1e38, "head_lr": 1e38})
    message = r"smallest: branch \w+, round 1: training diverged: client \d+, .* sgd lr 1e.38.*"
    with pytest.raises(RunError, match=message + r"initial \(1, 8\) seed \d+ > round") as caught:
        run_scenario(wild, out=tmp_path, cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value)
    run_dir = next(tmp_path.glob("smallest-*/seed-0000"))
    assert not (run_dir / "DONE").exists()
    last = json.loads((run_dir / "events.jsonl").read_text().splitlines()[-1])
    assert last["row"] == "failed"
    assert len((run_dir / "evaluations.jsonl").read_text().splitlines()) == 1


def test_a_run_is_not_resumed_with_other_data(tmp_path: Path, real: Any, tiny_task: Path) -> None:
    task = tmp_path / "task"
    shutil.copytree(tiny_task, task)
    scenario = real(**{"task.source": str(task), "stop.rounds": 1})
    run_scenario(scenario, out=tmp_path, cache_dir=tmp_path / "cache")
    with (task / "test.tsv").open("a") as file:
        file.write("w1 w2\tlabel0\n")
    with pytest.raises(RunError, match=r"task_digest must be .* to resume this run"):
        run_scenario(scenario, out=tmp_path, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_failure_of_one_run_does_not_stop_the_others(
    tmp_path: Path, real: Any, workers: int
) -> None:
    wild = real(name="wild", training={"optimizer": "sgd", "lr": 1e38, "head_lr": 1e38})
    study = Study(name="study", arms=(wild, real(name="tame", **{"stop.rounds": 2})), seeds=(0,))
    with pytest.raises(RunError, match=r"wild: branch \w+, round 1: training diverged"):
        run_study(study, out=tmp_path, cache_dir=tmp_path / "cache", workers=workers)
    (tame,) = tmp_path.glob("study/tame-*/seed-0000")
    assert (tame / "DONE").exists()


def test_workers_end_when_their_study_is_killed(
    tmp_path: Path, tiny_model: Path, tiny_task: Path, real: Any
) -> None:
    """Otherwise they would keep their directories locked when the command is repeated."""
    arms = {"a": {"stop.rounds": 4000}, "b": {"stop.rounds": 4001}}
    base = dump_scenario(real(**{"evaluation.every_rounds": 1}))
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps({"name": "s", "base": base, "arms": arms}))
    command = [sys.executable, "-m", "fedadapter", "study", str(path), "--out", str(tmp_path)]
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    parent = subprocess.Popen(
        [*command, "--workers", "2"], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    )
    assert parent.stderr is not None
    while b"round" not in parent.stderr.readline():  # a worker is at work
        pass
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stderr.close()
    for run_dir in tmp_path.glob("s/*/seed-0000"):
        FileLock(run_dir / ".lock").acquire(timeout=120).lock.release()


def test_a_learning_rate_can_decay_over_the_run_or_over_each_job(tmp_path: Path, real: Any) -> None:
    """Over the run, nothing changes after total_rounds; over a job, it starts again each round."""

    def points(name: str, schedule: dict[str, Any]) -> list[str]:
        falling = real(**{"training.lr_schedule": schedule, "stop.rounds": 6})
        run = run_scenario(falling, out=tmp_path / name, cache_dir=tmp_path / "cache")
        lines = (run.run_dir / "evaluations.jsonl").read_text().splitlines()
        return [json.loads(line)["loss"] for line in lines]

    ended = points("run", {"kind": "linear", "within": "run", "total_rounds": 3})
    assert len(set(ended[:4])) == 4
    assert len(set(ended[3:])) == 1
    restarted = points("job", {"kind": "linear", "within": "job"})
    assert len(set(restarted)) == 7


def test_steps_are_the_same_for_every_shard(tmp_path: Path, real: Any) -> None:
    scenario = real(**{"training": {"steps": 3}, "stop.rounds": 1, "log": "all"})
    run = run_scenario(scenario, out=tmp_path, cache_dir=tmp_path / "cache")
    rows = [json.loads(line) for line in (run.run_dir / "events.jsonl").read_text().splitlines()]
    assert [row["batches"] for row in rows if row["row"] == "compute"] == [3, 3, 3]


def test_the_encoding_of_the_texts_is_reported_before_the_first_round(
    tmp_path: Path, real: Any
) -> None:
    reports: list[RunProgress] = []
    run_scenario(
        real(**{"stop.rounds": 1}),
        out=tmp_path,
        cache_dir=tmp_path / "cache",
        on_progress=reports.append,
    )
    doing = [progress.doing for progress in reports]
    assert "encoding the train texts once: 100%" in doing
    assert "encoding the test texts once: 0%" in doing
    assert (doing[-1], reports[-1].round) == ("", 1)


def test_a_run_in_bf16_is_trained_separately_and_not_resumed_in_fp32(
    tmp_path: Path, real: Any
) -> None:
    scenario, cache_dir = real(**{"stop.rounds": 2}), tmp_path / "cache"
    exact = run_scenario(scenario, out=tmp_path / "a", cache_dir=cache_dir)
    rough = run_scenario(scenario, out=tmp_path / "b", cache_dir=cache_dir, precision="bf16")
    assert (exact.trainings, rough.trainings) == (6, 6)
    manifest = json.loads((rough.run_dir / "manifest.json").read_text())
    assert (manifest["precision"], " bf16" in manifest["numerics"]) == ("bf16", True)
    with pytest.raises(RunError, match=r"numerics must be .* fp32 .* to resume this run"):
        run_scenario(scenario, out=tmp_path / "b", cache_dir=cache_dir)


def test_a_run_whose_scores_are_stored_needs_no_torch(
    tmp_path: Path, real: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, cache_dir = real(), tmp_path / "cache"
    first = run_scenario(scenario, out=tmp_path / "a", cache_dir=cache_dir)
    monkeypatch.setitem(sys.modules, "learner.training.torch_learner", None)  # import fails
    with pytest.raises(ImportError):
        run_scenario(real(**{"training.lr": 1e-3}), out=tmp_path / "b", cache_dir=cache_dir)
    again = run_scenario(scenario, out=tmp_path / "b", cache_dir=cache_dir)
    assert (again.trainings, again.events_sha256) == (0, first.events_sha256)
