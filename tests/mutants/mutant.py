"""One change to the code, and whether a test noticed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["killed", "timeout", "survived", "no test", "not tried"]
"""A test failed; the tests took too long, which notices the change as well; all tests passed; no
test calls the function; or the change has not been tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """name: as mutmut has it. change: its lines, `-old` and `+new`, unless it was killed."""

    module: str
    name: str
    verdict: Verdict
    change: tuple[str, ...] = ()

    @property
    def is_noticed(self) -> bool:
        return self.verdict in ("killed", "timeout")
