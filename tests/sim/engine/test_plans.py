"""Plans in the engine: who trains what, what it costs, and that it is replayed and logged."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest

from analysis import load_study
from analysis.measures import trial_overhead
from configurator.protocol import Branch, Choose, Rounds, Trial
from learner.plan import Part, Shares, Tiers
from learner.spec import Adapter
from sim.cost.analytic import AnalyticCostModel
from sim.cost.estimate import expected_nth_s
from sim.cost.step_price import step_price
from sim.runs.run import run_scenario, simulate
from sim.study.replay import plan_replay, replay
from tests.sim.engine.test_audit import simulation_of
from traces.profiles import device_profile

SMALL, LARGE = (
    {"kind": "adapter", "depth": 1, "width": 8},
    {"kind": "adapter", "depth": 3, "width": 8},
)
BY_MEMORY = {"kind": "tiers", "parts": [LARGE, SMALL]}
FLEET = {
    "devices": {"jetson-tx2": 0.5, "raspberry-pi-4b": 0.5},
    "network": {"kind": "constant", "down_mbytes_per_s": 1, "up_mbytes_per_s": 0.5},
}


def mixed(**changes: Any) -> dict[str, Any]:
    """Twenty clients, half of them TX2 and half Pi, all in every round."""
    return {
        "partition.clients": 20,
        "rounds.participants": 20,
        "fleet": deepcopy(FLEET),
        "log": "all",
        "configurator.config": BY_MEMORY,
        "stop.rounds": 1,
    } | changes


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["row"] == kind]


def test_by_tiers_each_client_trains_what_its_device_has_the_time_for(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    """A TX2 takes 0.17 s for 10 batches of (3, 8), a Pi longer; transfers by hand."""
    plain = {
        size: rows(
            run_scenario(
                make(**mixed(**{"configurator.config": config})), out=tmp_path / size
            ).run_dir
        )
        for size, config in (("small", SMALL), ("large", LARGE))
    }
    longest_s = {
        size: {row["client"]: row["t_s"] for row in of_kind(log, "transfer")}
        for size, log in plain.items()
    }
    limit_s = mean((max(longest_s["large"].values()), min(longest_s["large"].values())))
    plan = BY_MEMORY | {"limit_s": limit_s}
    run = run_scenario(make(**mixed(**{"configurator.config": plan})), out=tmp_path / "plan")
    log = rows(run.run_dir)
    (row,) = of_kind(log, "round")
    ends_s = {one["client"]: one["t_s"] for one in of_kind(log, "transfer")}
    assert set(row["parts"]) == {0, 1}
    assert row["config"] == LARGE
    assert row["plan"]["limit_s"] == limit_s
    for client, part in zip(row["clients"], row["parts"], strict=True):
        expected = longest_s["small" if part else "large"][client]
        assert ends_s[client] == pytest.approx(expected, rel=1e-12)
        assert (longest_s["large"][client] <= limit_s) == (part == 0)
    n_small = sum(row["parts"])
    payload = {"small": 130_000, "large": 230_000}
    n_bytes = n_small * payload["small"] + (20 - n_small) * payload["large"]
    assert (row["down_bytes"], row["up_bytes"]) == (n_bytes, n_bytes)
    assert run.sim_seconds < max(longest_s["large"].values())


def test_who_has_time_left_trains_on_more_batches_until_the_limit(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    def trained(name: str, plan: Any) -> tuple[dict[int, int], dict[int, float], Any]:
        run = run_scenario(make(**mixed(**{"configurator.config": plan})), out=tmp_path / name)
        log = rows(run.run_dir)
        ends_s = {one["client"]: one["t_s"] for one in of_kind(log, "transfer")}
        batches = {one["client"]: one["batches"] for one in of_kind(log, "compute")}
        return batches, ends_s, of_kind(log, "round")[0]

    own, own_s, _ = trained("own", SMALL)
    limit_s = max(own_s.values()) + 1e-6
    plan = {"kind": "tiers", "parts": [SMALL], "limit_s": limit_s, "most_batches": 12}
    more, more_s, row = trained("more", plan)
    assert row["plan"]["most_batches"] == 12
    assert set(own.values()) == {10}
    is_slow = {client: own_s[client] == max(own_s.values()) for client in own}
    assert {more[client] for client in own if is_slow[client]} == {10}
    assert {more[client] for client in own if not is_slow[client]} <= {11, 12}
    for client, batches in more.items():
        per_batch_s = (own_s[client] - transfers_s(130_000)) / 10
        assert more_s[client] == pytest.approx(transfers_s(130_000) + batches * per_batch_s)
        assert more_s[client] <= limit_s
        assert batches == 12 or more_s[client] + per_batch_s > limit_s


def test_a_state_that_nobody_trains_as_a_whole_costs_what_its_parts_do(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    logs = {}
    for name, config in (
        ("small", SMALL),
        ("part", BY_MEMORY | {"parts": [SMALL], "whole": LARGE}),
    ):
        run = run_scenario(make(**mixed(**{"configurator.config": config})), out=tmp_path / name)
        logs[name] = rows(run.run_dir)
    (small,), (part,) = (of_kind(logs[name], "round") for name in ("small", "part"))
    assert part["config"] == LARGE
    for key in ("t_s", "down_bytes", "up_bytes", "compute_s", "energy_j"):
        assert part[key] == small[key]


def transfers_s(n_bytes: int) -> float:
    return n_bytes / 1e6 + n_bytes / 0.5e6


def test_who_runs_the_whole_state_downloads_it_and_sends_its_part(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    plan = BY_MEMORY | {"limit_s": 1e-9, "runs": "whole"}  # everybody trains the last part
    run = run_scenario(make(**mixed(**{"configurator.config": plan})), out=tmp_path)
    (row,) = of_kind(rows(run.run_dir), "round")
    assert row["parts"] == [1] * 20
    assert (row["down_bytes"], row["up_bytes"]) == (20 * 230_000, 20 * 130_000)


def test_a_device_without_the_memory_trains_the_smaller_part_and_none_is_refused(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    """Half of a Pi's 4 GB holds the published 1.5 GB of the top layer, not the 3.2 GB of six."""
    parts = [{"kind": "freeze", "depth": 6}, {"kind": "freeze", "depth": 1}]
    changes = {"configurator.config": {"kind": "tiers", "parts": parts}, "fleet.memory_share": 0.5}
    log = rows(run_scenario(make(**mixed(**changes)), out=tmp_path).run_dir)
    (row,) = of_kind(log, "round")
    assert set(row["parts"]) == {0, 1}
    assert not of_kind(log, "refusal")
    alone = changes | {"configurator.config": parts[0]}
    log = rows(run_scenario(make(**mixed(**alone)), out=tmp_path / "alone").run_dir)
    (refusal,) = of_kind(log, "refusal")
    assert refusal["refused_clients"] == {"raspberry-pi-4b": sum(row["parts"])}


def test_by_shares_each_part_gets_its_share_of_every_cohort_drawn_anew(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    plan = {"kind": "shares", "parts": [SMALL, LARGE], "shares": [0.65, 0.35]}
    changes = mixed(**{"configurator.config": plan, "stop.rounds": 3})
    drawn = of_kind(rows(run_scenario(make(**changes), out=tmp_path).run_dir), "round")
    assert [sum(row["parts"]) for row in drawn] == [7, 7, 7]
    assert len({tuple(row["parts"]) for row in drawn}) == 3


def test_a_share_that_is_no_whole_number_of_clients_is_had_over_the_rounds(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    """A tenth of four clients: 0.4 a round, never rounded to none for good."""
    plan = {"kind": "shares", "parts": [SMALL, LARGE], "shares": [0.9, 0.1]}
    changes = {"configurator.config": plan, "stop.rounds": 200, "rounds.participants": 4}
    drawn = of_kind(rows(run_scenario(make(**mixed(**changes)), out=tmp_path).run_dir), "round")
    numbers = [sum(row["parts"]) for row in drawn]
    assert set(numbers) == {0, 1}
    assert 55 <= sum(numbers) <= 105


def test_without_rounds_shares_are_drawn_and_tiers_hold(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    plan = {"kind": "shares", "parts": [SMALL, LARGE], "shares": [0.5, 0.5]}
    rounds = {"mode": "buffered", "participants": 10, "buffer": 5}
    changes = mixed(**{"configurator.config": plan, "stop.rounds": 20}) | {"rounds": rounds}
    buffered = of_kind(rows(run_scenario(make(**changes), out=tmp_path).run_dir), "round")
    parts = [part for row in buffered for part in row["parts"]]
    assert 25 <= sum(parts) <= 75
    assert len(parts) >= 100


def test_a_plan_is_replayed_without_training_and_says_who_trains_something_else(
    tmp_path: Path, make: Any
) -> None:
    plan = BY_MEMORY | {"limit_s": 5.0}
    run = run_scenario(make(**mixed(**{"configurator.config": plan})), out=tmp_path)
    study = plan_replay(run.run_dir, ["fleet.network.down_mbytes_per_s=0.05"])
    (other,) = replay(run.run_dir, study, out=tmp_path / "replays")
    assert other.divergence is not None
    assert other.divergence.field == "who trains what"


def test_the_same_plan_gives_the_same_bytes_and_a_uniform_one_those_of_its_configuration(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    plan = {"kind": "tiers", "parts": [LARGE, LARGE]}
    runs = [
        run_scenario(make(**mixed(**{"configurator.config": config})), out=tmp_path / name)
        for name, config in (("a", plan), ("b", plan), ("c", LARGE))
    ]
    assert runs[0].events_sha256 == runs[1].events_sha256
    logs = [rows(run.run_dir) for run in runs]
    for row, uniform in zip(logs[0], logs[2], strict=True):
        own = {key: value for key, value in row.items() if key not in ("plan", "parts")}
        assert own | {"state": "", "base": ""} == uniform | {"state": "", "base": ""}


def test_a_step_above_the_stored_layers_runs_their_forward_pass() -> None:
    """By the analytic model: the part's training, and the layers up to where activations are."""
    from learner.encoder.architecture import BERT_BASE

    cost = AnalyticCostModel(architecture=BERT_BASE, n_labels=2, tokens=64, batch_size=4)
    device = device_profile("jetson-tx2")
    part, whole = Adapter(depth=2, width=8), Adapter(depth=6, width=8)

    def price(one: Part) -> Any:
        return step_price(cost, device, one, n_layers=12, has_cache=True)

    own, inside = price(Part(config=part)), price(Part(config=part, whole=whole, runs="whole"))
    layer_s = (own.miss_s - own.hit_s) / 10
    assert (inside.depth, inside.n_frozen) == (6, 6)
    assert inside.hit_s == pytest.approx(own.hit_s + 4 * layer_s)
    assert inside.miss_s == own.miss_s
    assert price(Part(config=part, whole=whole)) == own
    assert own.hit_s < inside.hit_s < price(Part(config=whole)).hit_s


def test_the_expected_last_report_is_the_mean_over_all_cohorts() -> None:
    seconds = np.array([3.0, 1.0, 10.0, 4.0, 7.5])
    for n_drawn in range(1, 6):
        for n in range(1, n_drawn + 1):
            cohorts = combinations(seconds.tolist(), n_drawn)
            by_hand = mean(sorted(cohort)[n - 1] for cohort in cohorts)
            assert expected_nth_s(seconds, n, n_drawn) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="6 <= 5"):
        expected_nth_s(seconds, 6, 6)


def test_a_configurator_learns_what_a_round_of_a_plan_would_cost(tmp_path: Path, make: Any) -> None:
    simulation = simulation_of(make(**mixed()), tmp_path)
    costs = simulation.server.costs
    small, large = Adapter(depth=1, width=8), Adapter(depth=3, width=8)
    halves = costs(Shares(parts=(small, large), shares=(0.5, 0.5)))
    assert halves.seconds == pytest.approx((costs(small).seconds + costs(large).seconds) / 2)
    assert halves.bytes == pytest.approx((costs(small).bytes + costs(large).bytes) / 2)
    limit_s = costs(large).by_device["jetson-tx2"] * 1.001
    tiers = costs(Tiers(parts=(large, small), limit_s=limit_s))
    assert tiers.by_device["jetson-tx2"] == costs(large).by_device["jetson-tx2"]
    assert tiers.by_device["raspberry-pi-4b"] == costs(small).by_device["raspberry-pi-4b"]
    slowest_s = max(costs(small).by_device.values())
    assert costs(small).cohort_s == pytest.approx(slowest_s)  # all take part
    simulate(simulation)


@dataclass(frozen=True)
class Nested:
    """One trial in which a third of each cohort trains the deeper view, then the chosen view."""

    chosen: str

    def initial(self) -> Any:
        return Adapter(depth=1, width=8)

    def propose(self, current: Any, history: Any, costs: Any) -> Trial | None:
        small, deep = Adapter(depth=1, width=8), Adapter(depth=2, width=8)
        if history:
            return Trial.alone("rest", current)
        branch = Branch(name="nested", plan=Shares(parts=(small, deep), shares=(2 / 3, 1 / 3)))
        views = (Branch(name="keep", plan=small), Branch(name="deeper", plan=deep))
        return Trial(branches=(branch,), views=views, budget=Rounds(2))

    def decide(self, trial: Any, scores: Any) -> Any:
        for score in scores.values():
            assert (score.rounds, score.client_rounds) == (2, 40)
            assert min(score.seconds, score.bytes, score.joules) > 0
            assert len(score.losses()) == 1000
            assert [point.round for point in score.curve()] == [1, 2]
        return Choose(self.chosen)


@pytest.mark.parametrize(("chosen", "depth"), [("keep", 1), ("deeper", 2)])
def test_views_of_one_state_are_judged_and_no_work_is_lost(
    chosen: str, depth: int, tmp_path: Path, make: Any, rows: Any
) -> None:
    run = run_scenario(
        make(**mixed(**{"stop.rounds": 3})), out=tmp_path, configurator=Nested(chosen)
    )
    log = rows(run.run_dir)
    (decision,) = of_kind(log, "decision")
    assert set(decision["scores"]) == {"keep", "deeper"}
    assert (decision["chosen"], decision["lineage_round"]) == (chosen, 2)
    assert decision["config"]["depth"] == depth
    assert [row["config"]["depth"] for row in of_kind(log, "round")] == [2, 2, depth]
    assert of_kind(log, "end")[0]["sidelined_client_rounds"] == 0
    assert run.rounds == 3


def test_a_view_that_is_no_part_of_its_branch_is_refused(tmp_path: Path, make: Any) -> None:
    class Wrong(Nested):
        def propose(self, current: Any, history: Any, costs: Any) -> Trial | None:
            trial = super().propose(current, history, costs)
            assert trial is not None
            return replace(trial, branches=(Branch(name="nested", plan=current),))

    with pytest.raises(ValueError, match=r"view 'deeper' must be a part .*\(1, 8\), got \(2, 8\)"):
        run_scenario(make(**mixed()), out=tmp_path, configurator=Wrong("keep"))


def test_rounds_with_a_plan_and_without_are_read_back(tmp_path: Path, make: Any) -> None:
    nested = {"kind": "nested", "start": SMALL, "trial_rounds": 2, "rounds_between": 2}
    made = make(**{"configurator": nested, "stop.rounds": 8})
    (run,) = load_study(run_scenario(made, out=tmp_path).run_dir).runs
    assert 0 < run.rounds["plan"].null_count() < 8
    assert trial_overhead(run).seconds == 0.0
