"""Commands that write new files onto a full disk: one line with the name, and nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
from commands import app
app.main()
"""

ROUNDS = "client,bytes,batches,down_s,compute_s,up_s\n" + "".join(
    f"a,{n * 100_000},10,{n * 0.1 + 0.05},{5 + n % 3 * 0.1},{n * 0.2 + 0.05}\n"
    for n in range(1, 21)
)


@pytest.mark.parametrize(
    "arguments",
    [
        ["init", "new"],
        ["init", "--study", "new"],
        ["devices", "--template", "new"],
        ["calibrate", "rounds.csv", "--out", "new"],
    ],
    ids=" ".join,
)
def test_what_does_not_fit_is_named_and_not_left_behind(
    arguments: list[str], tmp_path: Path
) -> None:
    pytest.importorskip("resource")
    (tmp_path / "rounds.csv").write_text(ROUNDS)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == "fedadapter: new: File too large"
    assert [path.name for path in tmp_path.iterdir()] == ["rounds.csv"]
