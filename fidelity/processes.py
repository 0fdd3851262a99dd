"""Child processes that take orders: one line of JSON in, one line of JSON out."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from .errors import DeploymentError
from .framework import ENVIRONMENT, ROOT

_GRACE_S = 5.0


class Child:
    """A module of this package as a process, in a namespace if one is named."""

    def __init__(
        self,
        name: str,
        namespace: str | None,
        module: str,
        *arguments: str,
        python: Path = Path(sys.executable),
    ) -> None:
        self.name, self._buffer = name, b""
        within = [] if namespace is None else ["ip", "netns", "exec", namespace]
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [*within, str(python), "-m", f"fidelity.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ
            | ENVIRONMENT
            | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def order(self, content: Mapping[str, Any]) -> None:
        """Send an order. Raises DeploymentError if the process has ended."""
        try:
            self._pipe(self._process.stdin).write(json.dumps(content).encode() + b"\n")
            self._pipe(self._process.stdin).flush()
        except OSError:
            raise self._failure() from None

    def answer(self, limit_s: float, others: Sequence[Child] = ()) -> Any:
        """The next answer. Raises DeploymentError if the process ends, or after the limit.

        others: processes whose end is an error too while this one works.
        """
        return json.loads(self._line(limit_s, others))

    def wait_until_ready(self, limit_s: float) -> None:
        """Wait for the first line. Raises DeploymentError."""
        self._line(limit_s, ())

    def stop(self) -> None:
        """End it. It owns nothing that must be put away: devices and groups go by their names."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def check(self) -> None:
        """Raise DeploymentError if the process has ended."""
        if self._process.poll() is not None:
            raise self._failure()

    def _line(self, limit_s: float, others: Sequence[Child]) -> bytes:
        end_s, output = time.monotonic() + limit_s, self._pipe(self._process.stdout)
        while b"\n" not in self._buffer:
            for one in others:
                one.check()
            left_s = end_s - time.monotonic()
            if left_s <= 0.0:
                raise DeploymentError(f"{self.name} gave no answer within {limit_s:g} s")
            if not select.select([output], [], [], min(left_s, 1.0))[0]:
                continue
            content = os.read(output.fileno(), 1 << 20)
            if not content:
                raise self._failure()
            self._buffer += content
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def _failure(self) -> DeploymentError:
        """What the process has said at its end, in one line."""
        try:
            status: int | str = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            status = "none"
        told = self._pipe(self._process.stderr).read().decode(errors="replace").split("\n")
        last = next((line for line in reversed(told) if line.strip()), f"exit status {status}")
        return DeploymentError(f"{self.name} has ended: {' '.join(last.split())}")

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe
