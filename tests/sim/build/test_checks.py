"""Checks of a scenario before it runs: errors and warnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.build.checks import check_scenario, warnings

REAL = {"learner": {"kind": "torch"}, "cost": {"kind": "table", "payload": "exact"}}


@pytest.fixture
def on(make: Any, tiny_task: Path) -> Any:
    """on(model, config, max_tokens): train a configuration of the model in a directory."""

    def build(model: Path, config: dict[str, Any], max_tokens: int = 16) -> Any:
        task = {"kind": "text", "source": str(tiny_task), "max_tokens": max_tokens}
        policy = {"kind": "fixed", "config": config}
        return make(model={"source": str(model)}, task=task, configurator=policy, **REAL)

    return build


def test_a_scenario_that_fits_the_model_is_accepted(on: Any, tiny_model: Path) -> None:
    check_scenario(on(tiny_model, {"kind": "lora", "depth": 2, "rank": 4}))


def test_texts_longer_than_the_models_positions_are_refused(on: Any, tiny_model: Path) -> None:
    rule = r"task\.max_tokens must be at most 16 \(the model's positions\), got 17"
    with pytest.raises(ValueError, match=rule):
        check_scenario(on(tiny_model, {"kind": "full"}, max_tokens=17))


@pytest.mark.parametrize(
    "config", [{"kind": "lora", "depth": 3, "rank": 4}, {"kind": "freeze", "depth": 3}]
)
def test_more_depth_than_layers_is_refused(
    on: Any, tiny_model: Path, config: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"configurator\.config\.depth must be at most 2 .*got 3"):
        check_scenario(on(tiny_model, config))


def test_the_error_for_an_unknown_architecture_lists_the_known_ones(
    on: Any, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    rule = "model_type must be one of bert, distilbert, roberta, xlm-roberta, camembert, mpnet, got"
    with pytest.raises(ValueError, match=rule):
        check_scenario(on(tmp_path, {"kind": "full"}))


def test_lora_has_no_published_payload(make: Any) -> None:
    lora = {"kind": "fixed", "config": {"kind": "lora", "depth": 1, "rank": 4}}
    with pytest.raises(ValueError, match=r"cost\.payload must be exact for LoRA"):
        check_scenario(make(configurator=lora, cost={"kind": "table", "payload": "published"}))


def test_selection_by_losses_of_a_learning_curve_is_warned_of(make: Any) -> None:
    (told,) = warnings(make(selection={"kind": "oort"}))
    assert "under a learning curve all clients of an aggregation have the same loss" in told


def test_crossing_finish_is_warned_of_in_asynchronous_modes(make: Any) -> None:
    sideline = {"kind": "sideline", "interval_s": 6, "start": {"depth": 1, "width": 8}}
    finishing = sideline | {"trial": {"crossing": "finish"}}
    assert list(warnings(make(configurator=finishing))) == []
    assert list(warnings(make(**{"configurator": sideline, "rounds.mode": "async"}))) == []
    (line,) = warnings(make(**{"configurator": finishing, "rounds.mode": "async"}))
    assert line.startswith("configurator.trial.crossing finish has no effect in rounds.mode async")


def test_published_seconds_of_another_batch_are_warned_of(make: Any) -> None:
    assert list(warnings(make())) == []
    (line,) = warnings(make(**{"task.max_tokens": 64}))
    assert line.startswith("cost.scale none: the seconds are those of 4 x 256 tokens, the task has")
    assert list(warnings(make(**{"task.max_tokens": 64, "cost.latency_scale": 0.25}))) == []
