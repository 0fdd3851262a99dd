"""CPU quotas by control groups (version 1 or 2): a process gets a share of one core.

The period is 10 ms where the quota is then at least the kernel's least, 1 ms. With the usual 100 ms
a client at a tenth of a core computes for 10 ms and stands still for 90, and a job of 0.3 s ends up
to 0.09 s early or late.
"""

from __future__ import annotations

import math
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import DeploymentError

_VERSION_1, _VERSION_2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
_PERIOD_US, _LEAST_QUOTA_US = 10_000, 1_000
_SHARES = 20_000
"""Weight against the machine's other processes (usual: 1024): the quota must be what limits."""
_SHARES_AS_WEIGHT = 2_000  # the same on the scale of version 2, where 100 is usual


def find_hierarchy() -> Path | None:
    """The directory of the cpu controller in which groups can be made; None without one."""
    if (_VERSION_1 / "cgroup.procs").exists():
        return _VERSION_1 if os.access(_VERSION_1, os.W_OK) else None
    controllers = _VERSION_2 / "cgroup.controllers"
    if controllers.exists() and "cpu" in controllers.read_text(encoding="utf-8").split():
        return _VERSION_2 if os.access(_VERSION_2, os.W_OK) else None
    return None


@dataclass(frozen=True, slots=True)
class Quota:
    """A control group of this package, by its directory."""

    directory: Path

    @staticmethod
    def create(name: str, core_share: float | None) -> Quota:
        """A group whose processes together get `core_share` of a core (0 to 1; None: no limit).

        Either way it comes before the machine's other processes.
        """
        root = find_hierarchy()
        if root is None:
            raise DeploymentError("no writable cpu controller of cgroups")
        own, period_us, quota_us = Quota(root / name), _PERIOD_US, -1
        if core_share is not None:
            period_us = max(_PERIOD_US, math.ceil(_LEAST_QUOTA_US / core_share))
            quota_us = round(period_us * core_share)
        try:
            if root == _VERSION_2:
                (root / "cgroup.subtree_control").write_text("+cpu", encoding="utf-8")
            own.directory.mkdir(exist_ok=True)
            if root == _VERSION_2:
                own._write("cpu.max", f"{'max' if quota_us < 0 else quota_us} {period_us}")
                own._write("cpu.weight", str(_SHARES_AS_WEIGHT))
            else:
                own._write("cpu.cfs_quota_us", "-1")
                own._write("cpu.cfs_period_us", str(period_us))
                own._write("cpu.cfs_quota_us", str(quota_us))
                own._write("cpu.shares", str(_SHARES))
        except OSError as error:
            raise DeploymentError(f"{own.directory}: {error.strerror}") from None
        return own

    def add(self, pid: int) -> None:
        """Move a process with all its threads into the group."""
        self._write("cgroup.procs", str(pid))

    def remove(self) -> None:
        """End what is left in the group, and remove it."""
        if not self.directory.is_dir():
            return
        for _ in range(50):
            for pid in (self.directory / "cgroup.procs").read_text(encoding="utf-8").split():
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(int(pid), signal.SIGKILL)
            try:
                self.directory.rmdir()
            except OSError:
                time.sleep(0.1)  # the kernel takes a moment to end a killed process
            else:
                return
        raise DeploymentError(f"{self.directory}: could not be removed")

    def _write(self, name: str, value: str) -> None:
        (self.directory / name).write_text(value, encoding="utf-8")


def remove_stale(prefix: str) -> None:
    """Remove the groups that a killed run of this prefix has left."""
    root = find_hierarchy()
    for directory in sorted(root.glob(f"{prefix}-*")) if root else ():
        Quota(directory).remove()
