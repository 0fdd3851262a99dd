"""Fetching without a network: the mirror that is chosen, the checks, and the clear refusals."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from traces import fetch as module
from traces.fetch import FetchError, Package, fetch

DEB822 = """Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def etc_apt(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "apt" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return tmp_path / "apt"


def test_the_entry_uses_the_systems_own_mirror_and_keyring(tmp_path: Path) -> None:
    folder = etc_apt(tmp_path, "sources.list.d/debian.sources", DEB822)
    assert module._bullseye_entry(folder) == (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
        "http://mirror.example/debian bullseye main\n"
    )


def test_a_one_line_source_is_understood(tmp_path: Path) -> None:
    comment = "# deb http://no.example/debian x main\n"
    line = comment + "deb [arch=amd64] https://m.example/debian/ sid main\n"
    folder = etc_apt(tmp_path, "sources.list", line)
    assert module._bullseye_entry(folder) == "deb https://m.example/debian/ bullseye main\n"


def test_a_system_without_a_debian_mirror_is_told_so(tmp_path: Path) -> None:
    folder = etc_apt(tmp_path, "sources.list", "deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(FetchError, match="names no Debian mirror"):
        module._bullseye_entry(folder)


def local_package(tmp_path: Path, sha256: str | None = None) -> Package:
    """A package whose download is a wheel written here."""

    def download(work: Path) -> Path:
        wheel = work / "toy.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(zipfile.ZipInfo("toy/data/trace.down"), "1\n")
        return wheel

    found = hashlib.sha256(download(tmp_path).read_bytes()).hexdigest()
    return Package(
        version="1.0",
        licence="MIT",
        sha256=sha256 or found,
        folder="toy/data",
        download=download,
        unpack=module._unzip,
    )


def test_a_package_is_unpacked_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.PACKAGES, "toy", local_package(tmp_path))
    folder = fetch("toy", tmp_path / "cache")
    assert (folder / "trace.down").read_text() == "1\n"
    (folder / "mark").write_text("kept")
    assert (fetch("toy", tmp_path / "cache") / "mark").exists()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


def test_a_wrong_checksum_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.PACKAGES, "toy", local_package(tmp_path, sha256="0" * 64))
    with pytest.raises(FetchError, match=r"toy.whl must have sha256 0000"):
        fetch("toy", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_client_that_fails_or_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"sh failed: second"):
        module._run(["sh", "-c", "echo first >&2; echo second >&2; exit 3"], tmp_path)
    with pytest.raises(FetchError, match="no-such-client is not on this system"):
        module._run(["no-such-client"], tmp_path)


def test_an_unknown_name_and_an_unwritable_cache_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="unknown recordings 'lumos'; known: mahimahi, niimpy"):
        fetch("lumos", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="cannot keep niimpy"):
        fetch("niimpy", tmp_path / "file" / "cache")
