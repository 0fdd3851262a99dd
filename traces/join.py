"""Several recordings joined into one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .step import EndRule, StepTrace, from_amounts


def concatenate(traces: Sequence[StepTrace], end_rule: EndRule = "loop") -> StepTrace:
    """The recordings one after the other, from the instant at which the first one starts."""
    if not traces:
        raise ValueError("concatenate needs at least one trace")
    ends_s = np.cumsum([trace.period_s for trace in traces])
    edges = [
        trace.times_s + end_s - trace.period_s for trace, end_s in zip(traces, ends_s, strict=True)
    ]
    return from_amounts(
        np.append(np.concatenate(edges), ends_s[-1]),
        np.concatenate([trace.amounts for trace in traces]),
        end_rule=end_rule,
        start_s=traces[0].start_s,
    )
