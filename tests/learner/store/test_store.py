"""The store returns exactly what was written, or nothing if a file is damaged."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import save_file

from learner.spec import Evaluation, Feedback, StateRef
from learner.store.budget import Budget
from learner.store.claim import remove_unfinished
from learner.store.store import Store, _check

TAG = "torch-1 cpu fp32"
STATE = StateRef("ab" * 16)
SCORES = Evaluation(accuracy=0.1 + 0.2, macro_f1=1 / 3, loss=1e-17, n_examples=3, correct="a0")


def tensors(value: float = 1.5, n: int = 100) -> dict[str, np.ndarray]:
    return {
        "param.head.weight": np.full((n, 4), value, np.float32),
        "param.head.bias": np.arange(3, dtype=np.float32),
    }


def ref(number: int) -> StateRef:
    return StateRef(f"{number:032x}")


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_evaluations_come_back_exactly_by_state_split_and_numerics(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_evaluation(STATE, "test", TAG, SCORES)
    assert Store(tmp_path).evaluation(STATE, "test", TAG) == SCORES
    assert store.evaluation(STATE, "validation", TAG) is None
    assert store.evaluation(STATE, "test", "another") is None
    assert store.evaluation(ref(1), "test", TAG) is None


def test_tensors_come_back_exactly_by_state_and_numerics(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_state(STATE, TAG, tensors(), '{"op":"initial"}')
    assert store.has_state(STATE, TAG)
    assert not store.has_state(STATE, "another")
    got = Store(tmp_path).state(STATE, TAG)
    assert got is not None
    assert {name: value.tobytes() for name, value in got.items()} == {
        name: value.tobytes() for name, value in tensors().items()
    }
    assert got["param.head.weight"].shape == (100, 4)
    assert store.state(ref(1), TAG) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "swapped"])
def test_damaged_tensors_are_discarded(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    store.add_state(STATE, TAG, tensors(), "{}")
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-5] ^= 1
    elif damage == "swapped":
        content = bytearray(content.replace(b"head.bias", b"tail.bias"))
    else:
        del content[len(content) // 2 if damage == "cut" else 0 :]
    path.write_bytes(content)
    assert store.has_state(STATE, TAG)
    assert store.state(STATE, TAG) is None
    assert not store.has_state(STATE, TAG)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"evaluation": {"accuracy": 1}, "check": ""}'])
def test_damaged_evaluations_are_discarded(tmp_path: Path, content: str) -> None:
    store = Store(tmp_path)
    store.add_evaluation(STATE, "test", TAG, SCORES)
    (path,) = files(tmp_path)
    path.write_text(content)
    assert store.evaluation(STATE, "test", TAG) is None
    assert files(tmp_path) == []


def test_a_changed_digit_of_an_evaluation_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_evaluation(STATE, "test", TAG, SCORES)
    (path,) = files(tmp_path)
    path.write_text(path.read_text().replace('"n_examples": 3', '"n_examples": 4'))
    assert store.evaluation(STATE, "test", TAG) is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("evaluation", {"accuracy": 1.0}),
        ("evaluation", {**asdict(SCORES), "loss": "low"}),
        ("evaluation", {**asdict(SCORES), "correct": "no hex"}),
        ("evaluation", [1.0]),
        ("losses", [0.5, None]),
        ("losses", {"a": 1.0}),
        ("feedback", [{"mean_loss": 1.0}]),
        ("feedback", [["mean_loss"]]),
    ],
)
def test_content_that_no_run_stores_counts_as_missing_though_its_check_is_right(
    tmp_path: Path, kind: str, content: Any
) -> None:
    store = Store(tmp_path)
    store.add_evaluation(STATE, "test", TAG, SCORES)
    store.add_losses(STATE, "test", TAG, [0.5])
    store.add_feedback(STATE, TAG, [Feedback(mean_loss=0.5, rms_loss=0.75)])
    for path in files(tmp_path):
        entry = json.loads(path.read_text())
        if kind in entry:
            path.write_text(json.dumps(entry | {kind: content, "check": _check(content)}))
    found = {
        "evaluation": store.evaluation(STATE, "test", TAG),
        "losses": store.losses(STATE, "test", TAG),
        "feedback": store.feedback(STATE, TAG),
    }
    assert [name for name, value in found.items() if value is None] == [kind]


def test_a_state_about_which_its_file_says_no_mapping_counts_as_missing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_state(STATE, TAG, tensors(), "{}")
    (path,) = files(tmp_path)
    save_file(tensors(), path, {"fedadapter": "7"})
    assert store.state(STATE, TAG) is None


def test_the_least_recently_used_tensors_go_first_and_evaluations_stay(tmp_path: Path) -> None:
    size_bytes = 100 * 4 * 4
    store = Store(tmp_path, Budget([tmp_path / "states"], int(4.5 * size_bytes)))
    for number in range(3):
        store.add_evaluation(ref(number), "test", TAG, SCORES)
        store.add_state(ref(number), TAG, tensors(), "{}")
        (path,) = [p for p in files(tmp_path / "states") if p.name.startswith(ref(number))]
        os.utime(path, ns=(number, number))  # last used in this order, long ago
    assert store.state(ref(0), TAG) is not None  # a use
    store.add_state(ref(3), TAG, tensors(), "{}")
    assert [store.has_state(ref(n), TAG) for n in range(4)] == [True, False, True, True]
    assert all(store.evaluation(ref(n), "test", TAG) == SCORES for n in range(3))


def test_a_state_above_the_whole_budget_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, Budget([tmp_path / "states"], 10))
    store.add_state(STATE, TAG, tensors(), "{}")
    assert files(tmp_path) == []


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.add_evaluation(
            STATE,
            "test",
            TAG,
            Evaluation(accuracy=float("nan"), macro_f1=0, loss=0, n_examples=1, correct=""),
        )
    with pytest.raises(SafetensorError, match="dtype"):
        store.add_state(STATE, TAG, {"x": np.array(["text"])}, "{}")
    assert files(tmp_path) == []


def test_a_full_disk_names_the_file_and_leaves_nothing(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    store = Store(tmp_path)
    writes: list[Callable[[], None]] = [
        lambda: store.add_state(STATE, TAG, tensors(), "{}"),
        lambda: store.add_evaluation(STATE, "test", TAG, SCORES),
    ]
    for write in writes:
        with full_disk(100), pytest.raises(OSError, match=f"too large: .*{STATE}") as refused:
            write()
        assert refused.value.errno == errno.EFBIG
        assert files(tmp_path) == []


def test_a_file_without_a_content_hash_is_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_state(STATE, TAG, tensors(), "{}")
    (path,) = files(tmp_path)
    save_file(tensors(), path, metadata={"fedadapter": "{}"})
    assert store.state(STATE, TAG) is None
    assert not store.has_state(STATE, TAG)


def test_a_state_whose_recipe_was_changed_is_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_state(STATE, TAG, tensors(), '{"lr": 0.008}')
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    assert store.state(STATE, TAG) is not None
    path.write_bytes(whole.replace(b"0.008", b"0.009"))
    assert store.state(STATE, TAG) is None
    assert files(tmp_path) == []


def test_an_evaluation_copied_over_the_name_of_another_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_evaluation(STATE, "test", TAG, SCORES)
    (path,) = files(tmp_path)
    for name in (path.name.replace("ab", "ac", 1), path.name.replace("test", "validation")):
        path.with_name(name).write_bytes(path.read_bytes())
    assert store.evaluation(STATE, "validation", TAG) is None
    assert store.evaluation(STATE, "test", TAG) == SCORES


def test_a_state_that_cannot_be_opened_is_an_error_and_is_kept(tmp_path: Path) -> None:
    """Too many open files. Before, the file counted as damaged, and a run waited for ever."""
    resource = pytest.importorskip("resource")
    store = Store(tmp_path)
    store.add_state(STATE, TAG, tensors(), "{}")
    store.add_evaluation(STATE, "test", TAG, SCORES)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        for read in (
            lambda: store.state(STATE, TAG),
            lambda: store.evaluation(STATE, "test", TAG),
        ):
            with pytest.raises(OSError, match="Too many open files") as refused:
                read()
            assert str(refused.value.filename).startswith(str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert store.state(STATE, TAG) is not None


WRITE = """
import sys
from pathlib import Path
import numpy as np
from learner.store.budget import Budget
from learner.spec import Evaluation, Feedback, StateRef
from learner.store.store import Store, _check
root = Path(sys.argv[1])
store = Store(root, Budget([root / "states"], 20_000))
for turn in range(60):
    state = StateRef(f"{turn % 20:032x}")
    found = store.state(state, "tag")
    assert found is None or (found["x"] == turn % 20).all()
    store.add_state(state, "tag", {"x": np.full(500, turn % 20, np.float32)}, "{}")
    scores = Evaluation(accuracy=turn % 20, macro_f1=0, loss=0, n_examples=1, correct="")
    store.add_evaluation(state, "test", "tag", scores)
    assert store.evaluation(state, "test", "tag") == scores
"""


def test_several_processes_write_and_evict_at_once(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(300) for process in processes] == [0, 0, 0]
    store = Store(tmp_path)
    for number in range(20):
        found = store.evaluation(ref(number), "test", "tag")
        assert found is not None
        assert found.accuracy == number
    assert not [path for path in files(tmp_path) if path.suffix == ".tmp"]
    assert 0 < len(files(tmp_path / "states")) < 20


def test_the_store_needs_no_torch() -> None:
    modules = "learner.store.store, learner.graph.stored_learner"
    code = f"import sys; import {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_state_that_is_being_written_keeps_its_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, rename = list[Any](), os.replace

    def look_first(source: Path, target: Path) -> None:
        seen.append((remove_unfinished(tmp_path), source.exists()))
        rename(source, target)

    monkeypatch.setattr(os, "replace", look_first)
    Store(tmp_path).add_state(ref(1), "tag", {"x": np.zeros(3, np.float32)}, "{}")
    assert seen == [([], True)]
