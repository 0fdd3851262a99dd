"""The page in headless Chromium: a control moves, the second curve appears, no request leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from analysis import load_study
from analysis.explore.model import Model
from analysis.explore.page import make_page
from analysis.explore.server import listening, make_local_server
from sim import load_scenario, run_scenario
from sim.study.file import load_study as load_study_file
from sim.study.replayer import Replayer

WORLD = Path(__file__).parents[3] / "scenarios/world/deadline.yaml"
LINES = "document.querySelectorAll('#chart .scatterlayer .trace').length"

pytestmark = pytest.mark.slow


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of the page of one short time-only run."""
    run = run_scenario(load_scenario(WORLD), out=tmp_path)
    page = make_page(Model(load_study(run.run_dir), Replayer(tmp_path)))
    server = make_local_server(page, listening(0))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(browser: Any, link: str, **options: Any) -> tuple[Any, list[str]]:
    """The page of a link, and a list of what goes wrong: messages, errors, requests elsewhere."""
    page = browser.new_context(**options).new_page()
    wrong: list[str] = []
    here = (link.partition("?")[0], "data:", "blob:")
    page.set_default_timeout(120_000)  # of loading plotly on a busy machine
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.extend([request.url][request.url.startswith(here) :]))
    page.goto(link)
    return page, wrong


def assert_nothing_overlaps(page: Any) -> None:
    """The chart is above the results, which start below its lowest text."""
    drawn = "[...document.querySelectorAll('#chart svg')]"
    bottom = page.evaluate(f"Math.max(...{drawn}.map(s => s.getBoundingClientRect().bottom))")
    top = page.evaluate("document.querySelector('#details').getBoundingClientRect().top")
    assert bottom > 200
    assert top >= bottom


def slider(page: Any, label: str) -> Any:
    return page.get_by_role("group", name=label).get_by_role("slider")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_a_control_moved_by_keyboard_adds_a_curve_and_changes_the_link_and_the_command(
    chromium: Any, address: str, scheme: str, width: int
) -> None:
    page, wrong = opened(
        chromium, address, color_scheme=scheme, viewport={"width": width, "height": 844}
    )
    page.wait_for_function(f"{LINES} === 1")
    slider(page, "Bandwidth, times").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{LINES} === 2")
    assert "--set fleet.network.rate_scale=0.5" in page.inner_text("#command")
    assert page.url.endswith("set=fleet.network.rate_scale%3D0.5")
    assert "Replayed: " in page.inner_text("#said")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_nothing_overlaps(page)
    ink = page.evaluate("getComputedStyle(document.querySelector('#chart .xtitle')).fill")
    assert ink == ("rgb(28, 28, 28)" if scheme == "light" else "rgb(233, 233, 233)")
    assert wrong == []


def test_a_link_restores_its_state_and_the_back_button_the_one_before(
    chromium: Any, address: str
) -> None:
    link = f"{address}?set=fleet.network.rate_scale=0.5&set=rounds.participants=5"
    page, wrong = opened(chromium, link)
    page.wait_for_function(f"{LINES} === 2")
    assert slider(page, "Bandwidth, times").get_attribute("aria-valuenow") == "2"
    assert_nothing_overlaps(page)
    slider(page, "Bandwidth, times").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("!document.querySelector('#command').textContent.includes('scale')")
    assert "--set rounds.participants=5" in page.inner_text("#command")
    page.go_back()
    page.wait_for_function("document.querySelector('#command').textContent.includes('scale=0.5')")
    assert slider(page, "Bandwidth, times").get_attribute("aria-valuenow") == "2"
    assert wrong == []


def test_an_override_that_cannot_be_is_refused_in_the_page(chromium: Any, address: str) -> None:
    page, wrong = opened(chromium, f"{address}?set=rounds.deadline_s=-1")
    page.wait_for_selector("[role=alert]")
    assert "rounds.deadline_s must be above 0" in page.inner_text("[role=alert]")
    assert wrong == []
    page, wrong = opened(chromium, f"{address}?run=elsewhere")
    page.wait_for_selector("[role=alert]")
    assert "run must be one of the page's runs" in page.inner_text("[role=alert]")
    assert wrong == []


def test_a_state_is_exported_as_a_study(chromium: Any, address: str, tmp_path: Path) -> None:
    page, wrong = opened(chromium, f"{address}?set=fleet.network.rate_scale=0.5")
    page.wait_for_function(f"{LINES} === 2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as study").click()
    file = tmp_path / "what-if.yaml"
    download.value.save_as(file)
    arms = load_study_file(file).arms
    assert [arm.name for arm in arms] == ["as run", "changed"]
    assert wrong == []
