"""The encoder of scenarios/paper/claims/raw-encoder.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.random_top import WEIGHTS, main
from learner.assets.sources import model_revision


def test_draws_the_top_layer_alone_and_the_same_each_time(tiny_model: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        main(str(tiny_model), 1, tmp_path / name)

    before, after = load_file(tiny_model / WEIGHTS), load_file(tmp_path / "first" / WEIGHTS)

    changed = {name for name in before if not torch.equal(before[name], after[name])}
    projections = [name for name in before if ".layer.1." in name and name.endswith("weight")]
    assert changed == {name for name in projections if "LayerNorm" not in name}
    assert after["encoder.layer.1.output.dense.weight"].std() == pytest.approx(0.2, rel=0.1)
    revisions = [model_revision(tmp_path / name) for name in ("first", "second")]
    assert revisions[0] == revisions[1] != model_revision(tiny_model)


def test_more_layers_than_the_encoder_has_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="layers must be from 1 to 2, got 3"):
        main(str(tiny_model), 3, tmp_path / "new")
    assert not (tmp_path / "new").exists()
