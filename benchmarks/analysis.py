"""Analysis of a large run: a log of five million rows, its measures and its figures' numbers.

Run `python -m benchmarks.analysis [N_ROWS]` from the repository root (about 2 GB of disk, half a
minute to write the log). Prints one JSON object. The analysis is a process of its own; `peak_mb` is
the most memory that it ever had, pages of files included.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

from learner.spec import Adapter
from sim.done import write_done
from sim.records import ClientRow, EvaluationRow, RoundRow
from sim.row_lines import as_fields, as_json, fields_as_json

N_ROWS = 5_000_000
N_CLIENTS = 10_000
COHORT = 100
DEVICES = ("jetson-tx2", "jetson-nano", "raspberry-pi-4b")


def write_run(directory: Path, n_rows: int) -> None:
    """A finished run directory with n_rows rows of events."""
    directory.mkdir(parents=True)
    with (directory / "events.jsonl").open("wb") as file:
        for text in _events(n_rows):
            file.write(text.encode() + b"\n")
    scores = "".join(as_json(_evaluation(i)) + "\n" for i in range(1, n_rows // (COHORT + 1)))
    (directory / "evaluations.jsonl").write_text(scores)
    (directory / "manifest.json").write_text(json.dumps(_manifest()))
    write_done(directory)


def _events(n_rows: int) -> Iterator[str]:
    """Rounds of a hundred clients and their round's row, 60 s each, as lines."""
    for round_no in range(1, n_rows // (COHORT + 1) + 1):
        clients = [(round_no * 7919 + i * 101) % N_CLIENTS for i in range(COHORT)]
        yield from (_client(round_no, client) for client in clients)
        yield as_json(_round(round_no, clients))


def _client(round_no: int, client: int) -> str:
    busy_s = 5.0 + 40.123456789 * ((client * 31 + round_no) % 97) / 97
    own = {
        "t_s": 60.0 * round_no,
        "start_s": 60.0 * (round_no - 1),
        "client": client,
        "round": round_no,
        "cache": "hit" if round_no > 1 else "fill",
        "compute_s": busy_s,
        "idle_s": 55.0 - busy_s,
        "outcome": "late" if client % 50 == 0 else "done",
    }
    return fields_as_json(ClientRow, {**_EVERY_CLIENT, **own})


_EVERY_CLIENT = as_fields(
    ClientRow(
        t_s=0.0,
        start_s=0.0,
        client=0,
        trial=0,
        branch="fixed",
        round=0,
        outcome="done",
        cache="hit",
        wait_s=0.0,
        down_s=2.123456789,
        compute_s=0.0,
        up_s=2.876543211,
        idle_s=0.0,
        gone_s=0.0,
        down_bytes=98_524,
        up_bytes=98_524,
        energy_j=312.345678,
        lost_s=0.0,
        lost_bytes=0,
        lost_j=0.0,
        cache_bytes=49_152,
    )
)


def _round(round_no: int, clients: list[int]) -> RoundRow:
    return RoundRow(
        t_s=60.0 * round_no,
        start_s=60.0 * (round_no - 1),
        trial=0,
        branch="fixed",
        round=round_no,
        attempt=0,
        config=Adapter(depth=2, width=8),
        clients=tuple(clients),
        reports=tuple(client for client in clients if client % 50),
        base=f"{round_no - 1:032x}",
        state=f"{round_no:032x}",
        down_bytes=98_524 * COHORT,
        up_bytes=98_524 * COHORT,
        wait_s=0.0,
        down_s=212.0,
        compute_s=2500.0,
        up_s=288.0,
        idle_s=3000.0,
        gone_s=0.0,
        energy_j=31_234.0,
        lost_s=60.0,
        lost_bytes=394_096,
        lost_j=624.0,
        status="done",
    )


def _evaluation(round_no: int) -> EvaluationRow:
    return EvaluationRow(
        t_s=60.0 * round_no,
        round=round_no,
        trial=0,
        config=Adapter(depth=2, width=8),
        state=f"{round_no:032x}",
        split="test",
        accuracy=0.8 - 0.7 / (1 + round_no / 500),
        macro_f1=0.5,
        loss=1.0,
        n_examples=490,
        correct="f" * 123,
    )


def _manifest() -> dict[str, object]:
    return {
        "format_version": 1,
        "name": "large",
        "seed": 0,
        "digest": "0" * 32,
        "scenario": {"evaluation": {"report_on": "test"}},
        "n_clients": N_CLIENTS,
        "majority_accuracy": None,
        "learner": "curve",
        "device_of_client": [DEVICES[i % len(DEVICES)] for i in range(N_CLIENTS)],
    }


def analyse(directory: Path) -> dict[str, object]:
    """Load the run, take every measure, and make the frames of the figures that read clients."""
    from analysis import load_study, table_rows
    from analysis.figures.accuracy_by_round import accuracy_by_round_frame
    from analysis.figures.round_breakdown import round_breakdown_frame
    from analysis.figures.straggler_cdf import straggler_frame
    from analysis.measures import (
        cache_hit_rate,
        fairness,
        trial_overhead,
        utilisation,
        wasted_work,
    )

    started_s = perf_counter()
    study = load_study(directory)
    (run,) = study.runs
    loaded_s = perf_counter() - started_s
    measures = {
        "utilisation": utilisation(run),
        "fairness": fairness(run),
        "cache_hit_rate": cache_hit_rate(run),
        "wasted": wasted_work(run).seconds_share,
        "overhead": trial_overhead(run).seconds_share,
        "rows_of_table": len(table_rows(study)),
        "rows_of_accuracy": len(accuracy_by_round_frame(study)),
        "classes": len(round_breakdown_frame(study)),
        "updates": len(straggler_frame(study)),
    }
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "load_s": round(loaded_s, 2),
        "all_s": round(perf_counter() - started_s, 2),
        "processor_s": round(process_time(), 2),
        "peak_mb": round(peak_bytes / 1e6),
        **measures,
    }


def main() -> None:
    if sys.argv[1:2] == ["--analyse"]:
        print(json.dumps(analyse(Path(sys.argv[2]))))
        return
    n_rows = int(sys.argv[1]) if sys.argv[1:] else N_ROWS
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "large" / "seed-0000"
        write_run(directory, n_rows)
        command = [sys.executable, "-m", "benchmarks.analysis", "--analyse", str(directory)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
