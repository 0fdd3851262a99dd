"""The page of the formats: every format, option and unit that it names is there, and all are."""

import re
from pathlib import Path

import pytest

from traces.formats import READERS
from traces.formats.layout import Options
from traces.formats.options import names
from traces.formats.units import rate_unit

PAGE = (Path(__file__).parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`[a-z0-9-]+`(?:, `[a-z-]+`)?) \|(.*)\|$", PAGE, re.MULTILINE)
OPTIONS = {
    name: re.findall(r"`([a-z_]+)`", cells.rpartition("|")[2])
    for names, cells in ROWS
    for name in re.findall(r"`([^`]+)`", names)
}


def test_the_page_lists_every_format() -> None:
    assert sorted(OPTIONS) == sorted(READERS)


@pytest.mark.parametrize("format", [name for name in READERS if name != "csv"])
def test_the_page_lists_the_options_of_each_format(format: str) -> None:
    assert sorted(OPTIONS[format]) == sorted(names(READERS[format].read))


def test_the_page_names_every_option_of_tables() -> None:
    for name in names(Options):
        assert re.search(rf"\b{name}=|`{name}`", PAGE), name


def test_the_units_that_the_page_names_are_known() -> None:
    for text in ("bps", "B/s", "kbps", "Mbit/s", "KB/s", "MiB/s"):
        assert f"`{text}`" in PAGE
        rate_unit(text)
