"""Benchmark of a cohort's round against two client-by-client loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from learner.aggregation_rule import FedAvg
from learner.assets.sources import model_dir
from learner.encoder.tokens import tokenize
from learner.graph.recipes import Aggregate, Initial
from learner.spec import Adapter, StateRef
from learner.state import State
from learner.training.numerics import Precision, numerics_tag
from sim.runs.run import default_cache_dir

from .cohort import MAX_TOKENS, MINILM, N_CLIENTS, cohort, trec, trec_learner
from .timing import by_turns

Ways = dict[str, Callable[[], State]]


def against_loops(depth: int) -> dict[str, Any]:
    """15 clients x 10 steps x batch 4 on TREC with MiniLM: ours, P padded to max_tokens, and D
    padded to each batch's longest."""
    ours, loop = _ours_and_loop(depth, "fp32")
    ways: Ways = {"ours": ours, "p": lambda: loop(MAX_TOKENS), "d": lambda: loop(None)}
    mine, theirs = ours(), ways["d"]()
    apart = max(float(np.abs(mine[n] - theirs[n]).max()) for n in mine)
    return _ratios(ways) | {"greatest_difference": float(f"{apart:.1e}")}


def against_loops_in_bf16(depth: int) -> dict[str, Any]:
    """Ours in bf16 against D in fp32 and D under autocast to bf16; `numerics` names the processor's
    instructions for it."""
    import torch

    ours, loop = _ours_and_loop(depth, "bf16")

    def d_bf16() -> State:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return loop(None)

    ways: Ways = {"ours": ours, "d_fp32": lambda: loop(None), "d_bf16": d_bf16}
    return _ratios(ways) | {"numerics": numerics_tag("bf16")}


def _ours_and_loop(
    depth: int, precision: Precision
) -> tuple[Callable[[], State], Callable[[int | None], State]]:
    """A round of the cohort, by the learner and client by client (padded to a number of tokens)."""
    from .reference import Reference, train_one_by_one

    task, shards = trec()
    learner = trec_learner(task, shards)(precision=precision)
    config, name = Adapter(depth=depth, width=8), StateRef("base")
    base = learner.make(Initial(config=config, seed=1), {})
    updates = cohort(shards, config, name)
    directory = model_dir(MINILM, default_cache_dir())
    model, tokens = Reference(directory), tokenize(task.train.texts, directory, MAX_TOKENS)
    recipe = Aggregate(rule=FedAvg(), parent=name, updates=updates)

    def loop(pad_to: int | None) -> State:
        return train_one_by_one(model, base, updates, shards, tokens, task.train.labels, pad_to)

    return lambda: learner.make(recipe, {name: base}), loop


def _ratios(ways: Ways) -> dict[str, Any]:
    """How many times longer than ours each of the others takes, and milliseconds a client-round."""
    ms = {way: 1e3 * s / N_CLIENTS for way, s in by_turns(ways).items()}
    others = [way for way in ways if way != "ours"]
    ratios = {f"ratio_{way}": round(ms[way] / ms["ours"], 2) for way in others}
    told = {f"{way}_ms": round(ms[way], 2) for way in others}
    return ratios | {"ms_per_client_round": round(ms["ours"], 2)} | told
