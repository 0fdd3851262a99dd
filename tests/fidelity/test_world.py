"""World files: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fidelity.measurement import measure
from fidelity.recordings import Recordings
from fidelity.world import World, chosen_arms, read_world, scenario_of
from sim.runs.run import default_cache_dir
from tests.fidelity.test_fleet import BASE
from traces.load import load_bandwidth

WORLDS = Path(__file__).parents[2] / "fidelity/worlds"


@pytest.mark.parametrize("path", sorted(WORLDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_world_is_read(path: Path) -> None:
    world = read_world(path)
    assert world.name == path.stem
    for arm in world.arms:
        links = {"fleet.network.downlink": "lte.down", "fleet.network.uplink": "lte.up"}
        assert scenario_of(world, arm, links, str(path)).name == arm


def test_an_emulated_world_has_the_arms_that_say_how_long_their_jobs_take() -> None:
    arms = {"a": {"job_s": {"phone": 2.0}}, "b": {}}
    world = World(name="w", core_share={"phone": 0.1}, scenario=BASE, arms=arms)
    own = world.emulated()
    assert (world.is_emulated, own.is_emulated, own.name, [*own.arms]) == (False, True, "ew", ["a"])
    assert own.job_s_of("a") == {"phone": 2.0}
    assert "job_s" not in own.mapping("a", {})
    with pytest.raises(ValueError, match="ew: no arm has job_s"):
        World(name="ew", core_share={"phone": 0.1}, scenario=BASE, arms={"b": {}}).emulated()


def test_a_wanted_arm_is_run_in_the_worlds_that_have_it() -> None:
    both, one = (
        World(name="w", core_share={"phone": 0.1}, scenario=BASE, arms={name: {} for name in names})
        for names in (("a", "b"), ("b",))
    )
    assert chosen_arms([both, one], ()) == [("a", "b"), ("b",)]
    assert chosen_arms([both, one], ("a",)) == [("a",), ()]
    with pytest.raises(ValueError, match="no arm c in these worlds; arms: a, b"):
        chosen_arms([both, one], ("a", "c"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "two words"}, "name must be letters and digits"),
        ({"core_share": {"phone": 1.5}}, "core_share.phone must be above 0 and at most 1"),
        ({"port": 80}, "port must be from 1024 to 65535, got 80"),
        ({"framework": "fate"}, "framework must be one of plain, flower, got fate"),
        ({"arms": {}}, "arms must name at least one arm"),
        ({"arms": {"a": {"repeats": 0}}}, "arms.a.repeats must be an integer of at least 1, got 0"),
        ({"arms": {"a": {"repeats": 1.5}}}, "arms.a.repeats must be an integer of at least 1"),
        ({"arms": {"a": None}}, "arms.a must be a mapping, got None"),
        (
            {"arms": {"a": {"job_s": {"phone": 0}}}},
            "arms.a.job_s must be seconds above 0",
        ),
        (
            {"arms": {"a": {"job_s": 2}}},
            "arms.a.job_s must be .* by device class, got 2",
        ),
        ({"core_share": None}, "core_share is missing, and arms.a has no job_s"),
        ({"rounds": 3}, "rounds is not a known key"),
        ({"scenario": None}, "scenario is missing"),
    ],
)
def test_a_bad_world_is_refused_with_its_key(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    fields = {"name": "w", "core_share": {"phone": 0.1}, "scenario": BASE, "arms": {"a": {}}}
    content = {key: value for key, value in {**fields, **changes}.items() if value is not None}
    path = tmp_path / "world.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_world(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds.deadline_s": 5}, "w: a deadline needs framework: plain"),
        (
            {
                "fleet.availability": {
                    "kind": "windows",
                    "windows_s": [[0, 5], [10, 20]],
                    "period_s": 20,
                    "when_offline": "drop",
                }
            },
            "w: clients that leave need framework: plain",
        ),
    ],
)
def test_flower_neither_cuts_clients_nor_lets_them_leave(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    world = World(
        name="w",
        framework="flower",
        core_share={"phone": 0.1},
        scenario=BASE,
        arms={"a": changes},
        horizon_s=60.0,
    )
    with pytest.raises(ValueError, match=message):
        measure(
            world,
            arms=("a",),
            repeats=1,
            rounds=1,
            out=tmp_path,
            cache_dir=default_cache_dir(),
            tell=lambda _: None,
        )


def test_an_arm_may_have_its_own_number_of_runs() -> None:
    world = World(
        name="w",
        repeats=3,
        core_share={"phone": 0.1},
        scenario=BASE,
        arms={"a": {}, "b": {"repeats": 1}},
    )
    assert (world.repeats_of("a"), world.repeats_of("b")) == (3, 1)
    assert "repeats" not in world.mapping("b", {})


def test_recordings_become_steps_of_the_wanted_mean(tmp_path: Path) -> None:
    for way in ("down", "up"):  # 1500 bytes at each of these milliseconds
        (tmp_path / f"drive.{way}").write_text("100\n200\n1500\n2000\n")
    source = Recordings(
        downlink=str(tmp_path / "drive.down"),
        uplink=str(tmp_path / "drive.up"),
        step_s=1.0,
        mean_mbit_per_s=8.0,
    )
    written = source.write(tmp_path, tmp_path)
    assert written["uplink"]["format_options"] == {"up": "bytes_per_s"}
    trace = load_bandwidth(written["uplink"]["source"], "up", "csv", up="bytes_per_s")
    assert trace.values.tolist() == pytest.approx([1e6, 1e6])
    assert trace.period_s == 2.0
