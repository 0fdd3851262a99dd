"""The report: well-formed, self-contained, with the numbers of the table and the log."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analysis import load_study
from analysis.figures.drawing.line_styles import arm_styles
from analysis.report import report
from analysis.report.caveats import caveats
from analysis.report.curves import chart, cost_curve
from analysis.report.summary import summary
from analysis.report.time_spent import time_spent
from analysis.tables.targets import table_rows

VOID = {"meta", "link", "br", "img", "input"}


class Reader(HTMLParser):
    """Checks that elements close in order, and keeps links, sources and the data."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.targets: list[str] = []
        self.data = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href")]
        self.in_data = ("id", "data") in attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script" and self.in_data:
            self.data += data


@pytest.fixture
def page(five_arms: Path) -> str:
    return report(load_study(five_arms))


def test_the_page_is_well_formed_and_needs_no_network(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert all(target.startswith(("#", "data:")) for target in reader.targets)


def test_the_chart_draws_the_curves_of_the_runs(page: str, five_arms: Path) -> None:
    reader = Reader()
    reader.feed(page)
    lines = json.loads(reader.data)["lines"]
    study = load_study(five_arms)
    assert [line["arm"] for line in lines] == list(study.arms)
    for line, run in zip(lines, study.runs, strict=True):
        assert line["accuracy"] == cost_curve(run)["accuracy"].to_list()
        assert line["mbytes"] == sorted(line["mbytes"])


def test_an_arm_with_seeds_has_a_mean_and_a_band_over_every_axis(
    study_dir: Path, write_run: Any, make_round: Any, make_evaluation: Any
) -> None:
    for seed, pace in enumerate((1.0, 2.0)):
        rounds = [make_round(10.0 * pace * k, n_bytes=10**7) for k in (1, 2, 3)]
        rows = [make_evaluation(10.0 * pace * k, 0.2 * k) for k in (1, 2, 3)]
        write_run("twice", seed=seed, events=rounds, evaluations=rows)
    write_run("once", evaluations=rows)
    study = load_study(study_dir)
    drawn = chart(study, arm_styles(study))
    (band,) = drawn["bands"]
    assert (band["arm"], drawn["bounds"]) == ("twice", "range")
    assert band["t_s"]["x"] == [20.0, 30.0]  # while both seeds run
    assert band["t_s"]["low"] == pytest.approx([0.2, 0.3])
    assert band["t_s"]["high"] == pytest.approx([0.4, 0.6])
    assert band["mbytes"]["x"] == [1.0, 2.0, 3.0]  # 10 MB a round, ten clients
    assert band["mbytes"]["low"] == band["mbytes"]["high"] == pytest.approx([0.2, 0.4, 0.6])


def test_arms_of_one_colour_have_different_dashes(study_dir: Path, write_run: Any) -> None:
    for i in range(8):
        write_run(f"arm {i}", digest=f"{i}123456789abcdef")
    study = load_study(study_dir)
    lines = chart(study, arm_styles(study))["lines"]
    assert len({(line["colour"], line["dash"]) for line in lines}) == 8
    assert {line["dash"] for line in lines} == {"solid", "dash"}


def test_the_summary_has_a_sentence_per_target(five_arms: Path) -> None:
    study = load_study(five_arms)
    rows = table_rows(study)
    sentences = summary(study, rows)
    targets = dict.fromkeys(row["target"] for row in rows if row["arm"] != "majority class")
    assert len(sentences) == 1 + len(targets)
    for target, sentence in zip(targets, sentences[1:], strict=True):
        at_target = [row for row in rows if row["target"] == target]
        fastest = min((r for r in at_target if r["hours"]), key=lambda r: r["hours"], default=None)
        assert f"least time {fastest['arm']}" in sentence if fastest else "no arm" in sentence


def five_seeds(study_dir: Path, write_run: Any, make_held: Any, slower: list[float]) -> list[str]:
    for seed, factor in enumerate(slower):
        for arm, t in (("quick", 100.0 + seed), ("slow", (100.0 + seed) * factor)):
            write_run(arm, seed=seed, evaluations=make_held(t, 0.8))
    study = load_study(study_dir)
    return summary(study, table_rows(study, levels=(0.5,), shares=()))


def test_an_arm_is_first_where_the_seeds_tell_it_from_the_others(
    study_dir: Path, write_run: Any, make_held: Any
) -> None:
    told = five_seeds(study_dir, write_run, make_held, [2.0, 2.1, 1.9, 2.0, 2.0])
    assert told[1] == "50 %: first quick after 102 s; slow 3.4 min (2 × as long)."
    assert "may be chance" in told[0]  # their accuracies are equal


def test_an_arm_whose_interval_holds_one_is_not_ranked(
    study_dir: Path, write_run: Any, make_held: Any
) -> None:
    told = five_seeds(study_dir, write_run, make_held, [2.0, 0.6, 1.4, 0.7, 1.3])
    assert told[1].startswith(
        "50 %: least time quick after 102 s; slow 2.04 min (1.2 × as long =); "
    )
    assert told[1].endswith("=: may be chance, the seeds do not tell it apart.")


def test_few_seeds_rank_nothing(study_dir: Path, write_run: Any, make_held: Any) -> None:
    told = five_seeds(study_dir, write_run, make_held, [2.0, 2.1, 1.9])
    assert "least time quick" in told[1]
    assert told[1].endswith("3 seeds are too few to show which is first.")


def test_caveats_name_the_limits_of_the_numbers(five_arms: Path, write_run: Any) -> None:
    study = load_study(five_arms)
    text = " ".join(caveats(study, table_rows(study)))
    assert "Single seed" in text
    assert "fixed (1, 8) does not reach 70 %" in text
    write_run("peeking", learner="curve", digest="fedcba9876543210", finished=False)
    study = load_study(five_arms)
    text = " ".join(caveats(study, table_rows(study)))
    assert "nothing was trained" in text
    assert "unfinished" in text


def test_shares_of_time_add_up_and_count_trials_that_lost(
    write_run: Any, make_round: Any, make_decision: Any, study_dir: Path
) -> None:
    spent = {"wait_s": 1.0, "down_s": 2.0, "compute_s": 4.0, "up_s": 2.0, "idle_s": 1.0}
    rounds = [
        make_round(10.0, branch=branch, **spent, lost_s=lost)
        for branch, lost in (("keep", 0.0), ("deeper", 5.0))
    ]
    config = rounds[0].config
    write_run("growing", events=[*rounds, make_decision(11.0, config)])
    (arm,) = time_spent(load_study(study_dir))
    assert sum(arm.shares.values()) == pytest.approx(1.0)
    assert arm.shares["compute_s"] == pytest.approx(0.4)
    assert arm.wasted_share == pytest.approx(5 / 16)
    assert arm.trial_share == pytest.approx(0.5)  # keep lost to deeper
    assert arm.client_hours == pytest.approx(20 / 3600)


def test_hours_of_clients_are_plain_numbers(
    study_dir: Path, write_run: Any, make_round: Any, make_evaluation: Any
) -> None:
    rounds = [make_round(10.0, compute_s=1900.4 * 3600)]
    write_run("long", events=rounds, evaluations=[make_evaluation(float(t), 0.5) for t in (1, 2)])
    assert "1900 client-hours" in report(load_study(study_dir))


def test_names_are_escaped_in_the_page(write_run: Any, make_evaluation: Any) -> None:
    name = "</script><b>&"
    rows = [make_evaluation(float(t), 0.5) for t in (1, 2, 3)]
    directory = write_run(name.replace("/", "\\"), evaluations=rows)
    page = report(load_study(directory))
    assert "<b>" not in re.sub(r"<script>.*?</script>", "", page, flags=re.S)
