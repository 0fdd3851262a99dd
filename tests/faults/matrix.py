"""Whether the machine's settings change a byte of a study: writes docs/reliability.md.

    python -m tests.faults.matrix [--only TEXT] [--page docs/reliability.md]

The study trains two arms for real and simulates one; its rows, scenarios, partitions and table are
hashed. The exit status is 1 if two settings differ. --only: the first setting and those with this
text in their names; the page stays as it is.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from .page import write_between
from .world import ROOT, TARGETS, World

_OTHER_ORDER = Path(__file__).parent / "other_order"

_ON_RAY = """
import logging, ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
from commands import app
app.main()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to start the study. python: options of the interpreter, and what it starts."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    python: Sequence[str] = ("-m", "fedadapter")
    options: Sequence[str] = ("--workers", "1")
    umask: int = -1
    is_warm: bool = False


def _settings() -> Iterator[Setting]:
    yield Setting(name="one worker, cold store")
    yield Setting(name="one worker, warm store", is_warm=True)
    yield Setting(name="two workers", options=("--workers", "2"))
    if importlib.util.find_spec("ray"):
        yield Setting(name="Ray, two processors", python=("-c", _ON_RAY), options=("--ray", "auto"))
    for seed in ("0", "1", "4242"):
        yield Setting(name=f"PYTHONHASHSEED={seed}", environment={"PYTHONHASHSEED": seed})
    for locale in _locales():
        yield Setting(name=f"LC_ALL={locale}", environment={"LC_ALL": locale})
    for zone in ("Asia/Kathmandu", "America/St_Johns"):
        yield Setting(name=f"TZ={zone}", environment={"TZ": zone})
    yield Setting(name="python -O", python=("-O", "-m", "fedadapter"))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
        yield Setting(name=f"{name}=3", environment={name: "3"})
    for order in ("backwards", "mixed"):
        path = os.pathsep.join([str(_OTHER_ORDER), str(ROOT)])
        environment = {"PYTHONPATH": path, "LIST_ORDER": order}
        yield Setting(name=f"directories listed {order}", environment=environment)
    for umask in (0o077, 0o000):
        yield Setting(name=f"umask {umask:03o}", umask=umask)


def _locales() -> list[str]:
    """Locales of this machine, at most three, with other commas or letters where there are."""
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    other = [name for name in found if name.startswith(("de_", "tr_", "ar_"))]
    return [*other, *(name for name in ("C", "C.utf8") if name in found)][:3]


def _digest(world: World, setting: Setting) -> str:
    """Run the study under a setting; returns the sha256 of what it makes, in hex."""
    if not setting.is_warm:
        shutil.rmtree(world.work, ignore_errors=True)
        world.work.mkdir()
    shutil.rmtree(world.work / "runs", ignore_errors=True)
    command = [sys.executable, *setting.python, "study", "../mixed.yaml", *setting.options]
    done = subprocess.run(
        command,
        cwd=world.work,
        env={**world.environment(), **setting.environment},
        umask=setting.umask,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{setting.name}: {done.stderr[-2000:]}")
    content = world.content(TARGETS[0])
    hashed = sha256(done.stdout.encode())
    for name, text in content.items():
        hashed.update(f"{name} {len(text)}\0".encode() + text)
    return hashed.hexdigest()


def _write_study(world: World) -> None:
    """Trials with real training, FedAdam with real training, and a learning curve."""
    arms = {
        "trials": {
            "configurator": {
                "kind": "sideline",
                "interval_s": 2.0,
                "start": {"depth": 0, "width": 8},
            }
        },
        "adam": {"aggregation": {"kind": "fedadam"}, "training.optimizer": "adamw"},
        "time-only": {"learner": {"kind": "curve"}, "rounds.participants": 2, "stop.rounds": 200},
    }
    base = json.loads((world.place / "real.yaml").read_text(encoding="utf-8"))
    study = {"name": "mixed", "base": base, "arms": arms, "seeds": [0, 1]}
    (world.place / "mixed.yaml").write_text(json.dumps(study), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", default="")
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args()
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place) / "world")
        _write_study(world)
        for setting in _settings():
            if found and given.only not in setting.name:
                continue
            found[setting.name] = _digest(world, setting)
            print(f"{setting.name}: {found[setting.name]}", flush=True)
    digests = set(found.values())
    lines = [f"| {name} | `{digest[:16]}` |" for name, digest in found.items()]
    head = (
        f"Measured {date.today()} by `python -m tests.faults.matrix`: {len(found)} settings, "
        f"{len(digests)} digest{'s' * (len(digests) > 1)}.\n\n| setting | sha256 |\n|---|---|\n"
    )
    if not given.only:
        write_between(given.page, "settings", head + "\n".join(lines) + "\n")
    return 1 if len(digests) > 1 else 0


if __name__ == "__main__":
    os.environ.pop("PYTHONHASHSEED", None)
    sys.exit(main())
