"""Count and verify stored files; the byte limit of a cache directory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from learner.spec import Evaluation, Feedback, StateRef
from learner.store.budget import Budget, cache_budget, set_limit, store_dir
from learner.store.checksum import checksum, content_hash, hash_path
from learner.store.inventory import discard_damaged, stock
from learner.store.store import Store

TAG = "torch-1 cpu fp32"
SCORES = Evaluation(accuracy=0.5, macro_f1=0.5, loss=1.0, n_examples=2, correct="80")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Four states of 4000 bytes and a little, a block, an evaluation, losses, a feedback."""
    store = Store(store_dir(tmp_path), cache_budget(tmp_path))
    for number in range(4):
        weights = {"param.head.weight": np.full(1000, number, np.float32)}
        store.add_state(StateRef(f"{number:032x}"), TAG, weights, "{}")
    store.add_evaluation(StateRef("0" * 32), "test", TAG, SCORES)
    store.add_losses(StateRef("1" * 32), "test", TAG, (1.0, 0.5))
    store.add_feedback("1" * 32, TAG, [Feedback(mean_loss=1.0, rms_loss=1.0)])
    block = tmp_path / "activations/a/train/block-0.npy"
    block.parent.mkdir(parents=True)
    np.save(block, np.zeros(500, np.float32))
    hash_path(block).write_text(checksum(block, block))
    return tmp_path


def test_what_there_is_by_kind(cache: Path) -> None:
    held = {one.kind: one for one in stock(cache)}
    assert {kind: one.files for kind, one in held.items()} == {
        "states": 4,
        "activations": 1,
        "evaluations": 1,
        "losses": 1,
        "feedback": 1,
    }
    assert 16_000 < held["states"].bytes < 18_000
    assert held["activations"].bytes == 2_128


@pytest.mark.parametrize("kind", ["states", "activations", "evaluations", "losses", "feedback"])
def test_a_flipped_bit_of_any_kind_is_found_and_the_rest_is_kept(cache: Path, kind: str) -> None:
    assert list(discard_damaged(cache)) == []
    root = cache / "activations" if kind == "activations" else store_dir(cache) / kind
    path = next(p for p in sorted(root.rglob("*")) if p.suffix in (".safetensors", ".npy", ".json"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert list(discard_damaged(cache)) == [(kind, path)]
    assert not path.exists()
    assert sum(one.files for one in stock(cache)) == 7


def test_the_limit_is_the_caches_own(cache: Path) -> None:
    assert cache_budget(cache).limit_bytes == 8 * 2**30
    set_limit(cache, 9_000)
    assert cache_budget(cache).limit_bytes == 9_000
    store = Store(store_dir(cache), cache_budget(cache))
    store.add_state(StateRef("9" * 32), TAG, {"x": np.zeros(10, np.float32)}, "{}")
    held = {one.kind: one for one in stock(cache)}
    assert held["states"].bytes + held["activations"].bytes <= 9_000
    assert (held["evaluations"].files, held["feedback"].files) == (1, 1)
    (store_dir(cache) / "limit.json").write_text('{"limit_bytes": "much"}')
    with pytest.raises(
        ValueError, match=r"limit.json: limit_bytes must be a whole number of at least 0"
    ):
        cache_budget(cache)


def test_pruning_to_nothing_leaves_the_scores(cache: Path) -> None:
    n_files, n_bytes = cache_budget(cache).shrink(0)
    assert n_files == 5
    assert n_bytes > 18_000
    assert [(one.kind, one.files) for one in stock(cache) if one.files] == [
        ("evaluations", 1),
        ("losses", 1),
        ("feedback", 1),
    ]


def test_below_its_limit_a_budget_removes_nothing(cache: Path) -> None:
    assert Budget([cache]).shrink(10**6) == (0, 0)


def copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


@pytest.mark.parametrize("kind", ["states", "evaluations", "losses", "feedback"])
def test_a_file_copied_over_another_name_is_found(cache: Path, kind: str) -> None:
    source = next(p for p in sorted((store_dir(cache) / kind).rglob("*")) if p.is_file())
    target = copied(source, source.with_name(f"f{source.name[1:]}"))
    assert list(discard_damaged(cache)) == [(kind, target)]
    assert source.exists()


def test_a_block_copied_over_that_of_another_model_is_found(cache: Path) -> None:
    source = cache / "activations/a/train/block-0.npy"
    target = copied(source, cache / "activations/b/train/block-0.npy")
    copied(hash_path(source), hash_path(target))
    assert list(discard_damaged(cache)) == [("activations", target)]


def test_files_of_version_0_1_0_which_do_not_have_their_names_are_kept(cache: Path) -> None:
    block = cache / "activations/a/train/block-0.npy"
    hash_path(block).write_text(content_hash(block))
    for path in (*(store_dir(cache) / "evaluations").rglob("*.json"),):
        entry = json.loads(path.read_text())
        path.write_text(json.dumps({key: entry[key] for key in entry if key != "name"}))
    assert list(discard_damaged(cache)) == []
