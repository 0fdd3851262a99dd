"""The example of docs/optuna.md runs as it stands, and finds what the page says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/optuna.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_example_is_short() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 25


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning:optuna.*", "ignore::Warning:sqlalchemy.*")
def test_the_example_finds_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "example.py").write_text(EXAMPLE)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path("example.py")
    search, base = names["search"], names["base"].effort_to(0.7)
    assert len(search.trials) == 20
    assert search.best_params == {"deadline_s": 20, "participants": 15}
    told = [search.best_value / 1000, search.best_trial.user_attrs["hours"]]
    told += [base.joules / 1000, base.seconds / 3600]
    assert "{:.0f} kJ and {:.2f} h to 70 %".format(*told[:2]) in PAGE
    assert "{:.0f} kJ and {:.2f} h.".format(*told[2:]) in PAGE
