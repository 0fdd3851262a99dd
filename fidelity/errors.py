"""The error of this package, and commands of the system that must succeed."""

from __future__ import annotations

import subprocess


class DeploymentError(RuntimeError):
    """A deployment that cannot start or go on. The message is one line."""


def call(*command: str) -> None:
    """Run a command of the system. Raises DeploymentError with what it says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        told = " ".join((done.stderr or done.stdout).split())
        raise DeploymentError(f"{' '.join(command)}: {told or f'status {done.returncode}'}")
