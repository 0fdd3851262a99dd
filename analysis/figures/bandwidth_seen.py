"""Figure: distribution of the rates of transfers, against that of their bandwidth traces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.reading.run import Run
from sim.records import TransferRow

from .drawing.look import LOOK, Look
from .drawing.scales import is_wide, plain_log
from .drawing.style import BASELINE, COLOURS

_SIZE_IN = (8.4, 3.9)
_MBIT_PER_BYTE = 8e-6
_SHARES = np.linspace(0.0, 1.0, 101)


def bandwidth_seen_frame(runs: Sequence[Run]) -> pl.DataFrame:
    """Return columns direction (down, up), what (seen, trace), share (0-1), mbit_per_s.

    mbit_per_s is the quantile `share` of the rates of finished transfers (seen) or of the traces
    (trace). The rate of a transfer is its bytes / its duration, including latency and waiting for a
    shared link. A trace counts once per client that uses it; runs whose manifests lack the rates of
    traces add none. Raises ValueError if no log has transfers.
    """
    moved = pl.concat([run.events.table(TransferRow) for run in runs])
    taken_s = pl.col("t_s") - pl.col("start_s")
    done = moved.filter((pl.col("status") == "done") & (taken_s > 0))
    if done.is_empty():
        raise ValueError("needs rows of transfers: set log: all in the scenario")
    parts = []
    for direction in ("down", "up"):
        own = done.filter(pl.col("direction") == direction)
        rates = own.select(pl.col("bytes") * _MBIT_PER_BYTE / taken_s).to_series()
        if len(rates):
            parts.append(_curve(direction, "seen", rates.to_numpy()))
        offered = [rate for run in runs for rate in _offered(run, direction)]
        if offered:
            parts.append(_curve(direction, "trace", np.array(offered)))
    return pl.concat(parts)


def bandwidth_seen(frame: pl.DataFrame, look: Look = LOOK) -> Figure:
    """Draw one panel per direction: transfers solid, traces dashed."""
    rates = frame.filter(pl.col("mbit_per_s") > 0)["mbit_per_s"].to_list()
    with look.context():
        figure = look.figure(*_SIZE_IN)
        row = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, direction, colour in zip(row, ("down", "up"), COLOURS, strict=False):
            for what, line in (("seen", "-"), ("trace", (0, (4, 2)))):
                own = frame.filter((pl.col("direction") == direction) & (pl.col("what") == what))
                ink = colour if what == "seen" else BASELINE
                axes.plot(own["mbit_per_s"], own["share"], color=ink, ls=line)
            axes.set_title(f"{direction}load")
            axes.set_xlabel("Mbit/s")
        if is_wide(rates):
            row[0].set_xscale("log")
            plain_log(row[0].xaxis, 1000.0)
        row[0].set_ylim(0.0, 1.0)
        row[0].yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        row[0].set_ylabel("share at or below")
        text = "solid: finished transfers, latency included"
        if "trace" in frame["what"]:
            text += " · dashed: seconds of their traces"
        look.note(figure, text)
    return figure


def _offered(run: Run, direction: str) -> list[float]:
    """Rates of the traces, once per client that uses them; empty if the manifest lacks them."""
    network = run.manifest.get("network") or {}
    sources = network.get(f"{direction}links", [])
    if not all("quantiles_mbit_per_s" in source for source in sources):
        return []
    of_client = network.get(f"{direction}link_of_client", [])
    return [rate for i in of_client for rate in sources[i]["quantiles_mbit_per_s"]]


def _curve(direction: str, what: str, rates: np.ndarray) -> pl.DataFrame:
    values = np.quantile(rates, _SHARES)
    return pl.DataFrame({"share": _SHARES, "mbit_per_s": values}).select(
        pl.lit(direction).alias("direction"), pl.lit(what).alias("what"), "share", "mbit_per_s"
    )
