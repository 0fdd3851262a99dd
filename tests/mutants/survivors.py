"""Why some changes to the core are noticed by no test: they change nothing that can be observed.

Each entry is a module, the changed line as `mutmut show` prints it without its indentation, what it
became (a prefix may be enough), and the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .mutant import Mutant


@dataclass(frozen=True, slots=True)
class Reason:
    """module: with what the path of the module begins. old: a part of the line that was changed.
    why: in a few words."""

    module: str
    old: str
    why: str


FAST = "a shorter way to the same number: only the speed differs"
EQUAL = "both sides of the comparison give the same number where they are equal"
LAST_PLACE = "the slack for rounding, which is far above the rounding that occurs"
OVERWRITTEN = "a first value that is replaced before it is read"
CHECKED = "lengths that were checked before"
TYPE = "the number is the same in the other type"
TEXT = "the text of a message"
BORDER = "the border between the flows is found again at the end of the instant"

REASONS: Sequence[Reason] = (
    Reason("traces/step.py", "_is_constant", FAST),
    Reason("traces/step.py", 'if self.end_rule == "loop":  # as _phase', FAST),
    Reason("traces/step.py", "i = bisect_left(sums, target, not_before + 1) - 1", FAST),
    Reason("traces/step.py", "seconds = self._time_of(reached, i) - phase", FAST),
    Reason("traces/step.py", "if to_s - from_s <= self._edges[i + 1] - phase:", EQUAL),
    Reason("traces/step.py", "if amount <= ", EQUAL),
    Reason("traces/step.py", "if reached <= self._sums[-1]", EQUAL),
    Reason("traces/step.py", "if phase >= self.period_s:", EQUAL),
    Reason("traces/step.py", "if phase <= self.period_s:", EQUAL),
    Reason("traces/step.py", "if rest <= total * _SNAP", EQUAL),
    Reason("traces/step.py", "return time_s if time_s < end_s else end_s", LAST_PLACE),
    Reason("traces/step.py", "return seconds if seconds > 0.0", EQUAL),
    Reason("traces/step.py", "return 0.0, x", "only differences of the count are used"),
    Reason("traces/step.py", "phase = self._phase(start_s, closed=True)[1]", TEXT),
    Reason("traces/step.py", "np.asarray(", TYPE),
    Reason("traces/step.py", ".astype(np.float64)", TYPE),
    Reason("traces/step_means.py", 'if trace.end_rule != "loop"', FAST),
    Reason("traces/step_means.py", "is_fine", FAST),
    Reason("traces/step_means.py", "i = bisect_right(edges, phase, i) - 1", FAST),
    Reason("traces/step_means.py", "while phase >= edges[i + 1]:", EQUAL),
    Reason("traces/step_means.py", "if phase >= period_s:", EQUAL),
    Reason("traces/step_means.py", "if reached > before else 0.0", EQUAL),
    Reason("sim/fleet/transport.py", ">= round_trip_s:", EQUAL),
    Reason("sim/fleet/transport.py", "if from_s >= sent_by_s:", EQUAL),
    Reason("sim/fleet/shared_link.py", "_SLACK", LAST_PLACE),
    Reason("sim/fleet/shared_link.py", "self._alarm: Event | None = None", OVERWRITTEN),
    Reason("sim/fleet/shared_link.py", "if reached_s >= self._next_step_s:", LAST_PLACE),
    Reason("sim/fleet/shared_link.py", "while _first(heap) <= reached:", LAST_PLACE),
    Reason("sim/fleet/shared_link.py", "if self.env.peek() > self._at_s:", FAST),
    Reason(
        "sim/fleet/link.py",
        "AcknowledgedWay(constant(mean)), 0.0",
        "a constant is the same at any time",
    ),
    Reason("sim/fleet/shared_link.py", "if index < self._n_capped:", BORDER),
    Reason("sim/fleet/shared_link.py", "while n_open and flows[n_capped]", BORDER),
    Reason("sim/fleet/shared_link.py", "if next_s < self._wake_s:", EQUAL),
    Reason("sim/fleet/shared_link.py", "return left if left > 0.0", LAST_PLACE),
    Reason("sim/fleet/shared_link.py", "self._is_changed = ", FAST),
    Reason("sim/fleet/shared_link.py", "if cap * (n_open + 1) <=", LAST_PLACE),
    Reason("configurator/comparison.py", "strict=True", CHECKED),
    Reason("configurator/comparison.py", 'score.correct or "0"', OVERWRITTEN),
    Reason("sim/cost/", "width // UNIT_WIDTH", TYPE),
    Reason("sim/cost/plan_costs.py", "strict=True", CHECKED),
    Reason("sim/cost/plan_costs.py", "has_time = ", EQUAL),
    Reason("sim/cost/plan_costs.py", "plan.limit_s or 0.0", "such a plan has a limit"),
    Reason("sim/cost/estimate.py", "starts_s = (np.arange(", "a loop is the same a period later"),
    Reason("sim/cost/protocol.py", "def payload_bytes(", "a protocol is declared, never run"),
    Reason(
        "sim/cost/step_terms.py", "scales[scales == 0.0]", "zeros, whatever they are divided by"
    ),
    Reason("sim/engine/accounting.py", "strict=True", CHECKED),
    Reason("sim/cost/analytic.py", 'endswith("cached") else "none"', "only hit is asked for"),
    Reason("sim/cost/memory.py", "terms = _terms(BERT_BASE", "12 kB of a peak of gigabytes"),
    Reason("sim/cost/memory.py", "yield peak_gb * 1e9", "a part in 10^9 of a peak"),
    Reason("sim/cost/memory.py", "config = Full() if depth == n_layers", TYPE),
    Reason("learner/graph/names.py", "strict=True", CHECKED),
    Reason("learner/graph/names.py", "if parts else", "a digest of nothing is never asked for"),
    Reason("learner/graph/names.py", 'part = "" if job.whole is None', "only the order counts"),
    Reason("learner/graph/names.py", "keyed = sorted(", "keys are different before their updates"),
    Reason("analysis/statistics/estimates.py", "low, high = ", "a bisection from another start"),
    Reason("analysis/statistics/estimates.py", "if low > _MOST_REPLICATIONS", "no power of two"),
    Reason("analysis/statistics/estimates.py", "if error <= 1e-12", EQUAL),
    Reason("analysis/statistics/survival.py", "<= 0.5 + 1e-12", LAST_PLACE),
)


def reason_of(mutant: Mutant) -> str:
    """Why a mutant survives; "" if nobody has said."""
    old = " ".join(line[1:] for line in mutant.change if line.startswith("-"))
    fitting = (one for one in REASONS if mutant.module.startswith(one.module) and one.old in old)
    return next((one.why for one in fitting), "")
