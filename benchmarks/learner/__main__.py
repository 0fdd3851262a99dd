"""Run the learner's benchmarks, against client-by-client loops over transformers' own model.

    python -m benchmarks.learner [CASE ...]

Each case runs in a new process and prints one JSON line with medians; alternatives are measured in
turns. Times are processor time of one thread, so that other busy processes hardly affect the ratios
(for cases with several processes: wall time).
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .head import WITH_66M, frozen_base, head_alone, head_only
from .loops import against_loops, against_loops_in_bf16
from .processes import pooled, pooled_trial, two_processes
from .second_run import second_run
from .timing import HERE, in_a_process

CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "depth-2-fp32": lambda: against_loops(2),
    "depth-6-fp32": lambda: against_loops(6),
    "depth-2-bf16": lambda: against_loops_in_bf16(2),
    "depth-6-bf16": lambda: against_loops_in_bf16(6),
    "head-only": head_only,
    "frozen-base": frozen_base,
    "two-processes": two_processes,
    "pooled": pooled,
    "pooled-trial": pooled_trial,
    "second-run": second_run,
}
_PARTS = {WITH_66M: lambda: head_alone(vocab=1_100_000)}


def main(arguments: Sequence[str]) -> None:
    """Run each case in a new process, so that its peak memory is its own."""
    if arguments[:1] == [HERE]:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        import torch

        torch.set_num_threads(1)
        case = arguments[1]
        line = {"case": case} | (CASES | _PARTS)[case]()
        peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(json.dumps(line | {"peak_rss_mb": peak_mb}), flush=True)
        return
    for case in arguments or CASES:
        print(json.dumps(in_a_process(case)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
