"""Errors in config.json are one line with the file, the key and the rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from learner.encoder.architecture import read_architecture
from learner.encoder.model_config import read_model_config


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"3"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"config\.json: must be (JSON|a JSON object)[:,] "):
        read_architecture(tmp_path)


@pytest.mark.parametrize("value", [None, "2", 0, -1, 2.0, True, [2]])
def test_sizes_must_be_whole_numbers(model_dir: Path, tmp_path: Path, value: object) -> None:
    config = json.loads((model_dir / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": value}))
    with pytest.raises(ValueError, match=r"config\.json: num_hidden_layers must be a whole number"):
        read_architecture(tmp_path)


def test_a_config_of_a_type_alone_names_the_first_missing_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match=r"config\.json: num_hidden_layers .* got None"):
        read_architecture(tmp_path)


@pytest.mark.parametrize("value", ["null", '"1e-12"', "0", "NaN", "Infinity"])
def test_a_number_must_be_positive_and_finite(tmp_path: Path, value: str) -> None:
    (tmp_path / "config.json").write_text(f'{{"layer_norm_eps": {value}}}')
    with pytest.raises(ValueError, match=r"layer_norm_eps must be a positive number, got"):
        read_model_config(tmp_path).positive("layer_norm_eps")


def test_a_choice_is_one_of_the_known_and_by_default_the_default(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_act": ["relu"]}')
    config = read_model_config(tmp_path)
    assert config.choice("other", ("a", "b"), default="b") == "b"
    with pytest.raises(ValueError, match=r"hidden_act must be one of relu, gelu, got \['relu'\]"):
        config.choice("hidden_act", ("relu", "gelu"))
