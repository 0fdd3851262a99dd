"""Exported models, loaded by transformers and peft in a process without this project's code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from learner.spec import as_config
from learner.tasks import load_task
from sim.build.data import task_source
from sim.runlog import RunError
from sim.runs.export import export_run
from sim.runs.run import RunResult, run_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.task import DataTask

CONFIGS = {
    "head": {"kind": "adapter", "depth": 0, "width": 8},
    "adapter": {"kind": "adapter", "depth": 2, "width": 16},
    "lora": {"kind": "lora", "depth": 2, "rank": 3, "alpha": 6.0},
    "freeze": {"kind": "freeze", "depth": 1},
    "full": {"kind": "full"},
}


@pytest.fixture
def real(make: Any, tiny_model: Path, tiny_task: Path) -> Any:
    def build(config: dict[str, Any], **changes: Any) -> Scenario:
        scenario = {
            "model": {"source": str(tiny_model)},
            "task": {"kind": "text", "source": str(tiny_task), "max_tokens": 6, "validation": 30},
            "partition": {"kind": "dirichlet", "clients": 10, "alpha": 1.0},
            "learner": {"kind": "torch"},
            "training": {"max_batches": 4, "lr": 5e-3, "head_lr": 2e-2},
            "cost": {"kind": "table", "payload": "exact", "scale": "flops"},
            "configurator": {"kind": "fixed", "config": config},
            "evaluation": {"every_rounds": 2},
            "stop.rounds": 12,
        }
        built: Scenario = make(**scenario | changes)
        return built

    return build


def points(run: RunResult) -> list[dict[str, Any]]:
    lines = (run.run_dir / "evaluations.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_best_state_is_the_best_on_the_deciding_split_and_the_final_one_the_last(
    tmp_path: Path, real: Any
) -> None:
    run = run_scenario(real(CONFIGS["adapter"]), out=tmp_path, cache_dir=tmp_path / "cache")
    before = {path: path.read_bytes() for path in run.run_dir.iterdir() if path.is_file()}
    final = export_run(run.run_dir, tmp_path / "f", at="final", cache_dir=tmp_path / "cache")
    best = export_run(run.run_dir, tmp_path / "b", at="best", cache_dir=tmp_path / "cache")
    known = {point["state"]: point for point in points(run)}
    assert final.state == points(run)[-1]["state"]
    for one in (best, final):
        assert one.scores["test"] == known[one.state]["accuracy"]
        assert one.config == as_config(known[one.state]["config"])
    assert best.scores["validation"] >= final.scores["validation"]
    assert {path: path.read_bytes() for path in before} == before
    config = json.loads((tmp_path / "b" / "config.json").read_text())
    assert config["tuning"] == CONFIGS["adapter"]
    assert config["id2label"] == {"0": "label0", "1": "label1", "2": "label2"}
    card = (tmp_path / "b" / "README.md").read_text()
    for fact in (best.state, repr(best.scores["test"]), "(2, 16) from round 0", "federated"):
        assert fact in card
    assert str(tmp_path) not in card


def test_tensors_that_are_no_longer_stored_are_trained_again(tmp_path: Path, real: Any) -> None:
    run = run_scenario(real(CONFIGS["adapter"]), out=tmp_path, cache_dir=tmp_path / "cache")
    export_run(run.run_dir, tmp_path / "one", at="final", cache_dir=tmp_path / "cache")
    for path in (tmp_path / "cache/store/states").rglob("*.safetensors"):
        path.unlink()
    export_run(run.run_dir, tmp_path / "two", at="final", cache_dir=tmp_path / "cache")
    one, two = ((tmp_path / n / "model.safetensors").read_bytes() for n in ("one", "two"))
    assert one == two


def test_a_run_in_bf16_is_exported_as_it_was_trained(tmp_path: Path, real: Any) -> None:
    cache = tmp_path / "cache"
    scenario = real(CONFIGS["adapter"])
    run = run_scenario(scenario, out=tmp_path, cache_dir=cache, precision="bf16")
    exported = export_run(run.run_dir, tmp_path / "one", at="final", cache_dir=cache)
    assert exported.scores["test"] == run.accuracy


def test_a_run_that_cannot_be_exported_is_refused(tmp_path: Path, real: Any, make: Any) -> None:
    curve = run_scenario(make(), out=tmp_path / "curve")
    with pytest.raises(RunError, match=r"must be a run with learner\.kind torch"):
        export_run(curve.run_dir, tmp_path / "new")
    with pytest.raises(RunError, match="is not a run directory"):
        export_run(tmp_path / "curve", tmp_path / "new")
    run = run_scenario(real(CONFIGS["head"]), out=tmp_path, cache_dir=tmp_path / "cache")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="must be a new or an empty directory"):
        export_run(run.run_dir, tmp_path / "full", cache_dir=tmp_path / "cache")
    (run.run_dir / "DONE").unlink()
    with pytest.raises(RunError, match="must be a run that is finished, with this version"):
        export_run(run.run_dir, tmp_path / "new", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "new").exists()


LOAD = """
import json, sys
from pathlib import Path
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

rows, base, *directories = map(Path, sys.argv[1:])
rows = json.loads(rows.read_text())
for directory in directories:
    has_code = (directory / "modeling_fedadapter.py").exists()
    tokenizer = AutoTokenizer.from_pretrained(directory, trust_remote_code=has_code)
    given = tokenizer([t for t, _ in rows], padding=True, truncation=True, return_tensors="pt")
    auto = AutoModelForSequenceClassification if has_code else AutoModel
    model = auto.from_pretrained(directory, trust_remote_code=has_code).eval()
    mask = given["attention_mask"].unsqueeze(2)
    answers = {}
    with torch.inference_mode():
        if has_code:
            answers["model"] = model(**given).logits
        else:
            hidden = (model(**given).last_hidden_state * mask).sum(1) / mask.sum(1)
            head = load_file(directory / "head.safetensors")
            answers["model"] = hidden @ head["weight"].T + head["bias"]
        if (directory / "peft").exists():
            encoder = PeftModel.from_pretrained(
                AutoModel.from_pretrained(base), str(directory / "peft")
            ).eval()
            hidden = encoder(**given).last_hidden_state
            hidden = (hidden * mask).sum(1) / mask.sum(1)
            head = load_file(directory / "peft" / "head.safetensors")
            answers["peft"] = hidden @ head["weight"].T + head["bias"]
    for form, logits in answers.items():
        names = [model.config.id2label[i] for i in logits.argmax(1).tolist()]
        correct = [name == label for name, (_, label) in zip(names, rows)]
        print(json.dumps([directory.name, form, correct]))
"""


@pytest.mark.slow
def test_a_fresh_process_reproduces_the_accuracy_of_every_kind(
    tmp_path: Path, real: Any, tiny_model: Path, tiny_task: Path
) -> None:
    """Compared example by example with the answers in the run's evaluations.jsonl."""
    expected = {}
    for name, config in CONFIGS.items():
        run = run_scenario(real(config), out=tmp_path / "runs", cache_dir=tmp_path / "cache")
        export_run(run.run_dir, tmp_path / name, at="final", cache_dir=tmp_path / "cache")
        last = points(run)[-1]
        bits = bin(int("1" + last["correct"], 16))[3:]
        expected[name] = [bit == "1" for bit in bits[: last["n_examples"]]]
    source = task_source(DataTask(kind="text", source=str(tiny_task), validation=30))
    task = load_task(
        source, tmp_path / "cache"
    )  # without texts that are also in the training split
    rows = [(t, task.labels[i]) for t, i in zip(task.test.texts, task.test.labels, strict=True)]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "rows.json"), str(tiny_model)]
        + [str(tmp_path / name) for name in CONFIGS],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    answers = {
        (name, form): correct for name, form, correct in map(json.loads, done.stdout.splitlines())
    }
    assert set(answers) == {(name, "model") for name in CONFIGS} | {("lora", "peft")}
    for (name, _), correct in answers.items():
        assert correct == expected[name], name
    assert len({str(correct) for correct in answers.values()}) >= 4  # they are different models
