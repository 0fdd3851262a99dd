"""The report in headless Chromium: no network, no errors, working controls."""

from pathlib import Path
from typing import Any

import pytest

from analysis import load_study
from analysis.report import report

pytestmark = pytest.mark.slow


@pytest.fixture
def file(five_arms: Path) -> Path:
    path = five_arms / "report.html"
    path.write_text(report(load_study(five_arms)), encoding="utf-8")
    return path


def opened(browser: Any, file: Path, **options: Any) -> tuple[Any, list[str]]:
    page = browser.new_context(offline=True, **options).new_page()
    page.set_default_timeout(120_000)  # of loading plotly on a busy machine
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"file://{file}")
    page.wait_for_selector("#chart .scatterlayer", state="attached")
    return page, said


def shown(page: Any) -> int:
    return int(page.locator("#chart .scatterlayer .trace").count())


def test_the_page_opens_without_errors_and_its_controls_work(chromium: Any, file: Path) -> None:
    page, said = opened(chromium, file)
    assert shown(page) == 5
    box = page.get_by_label("FedAdapter")
    box.focus()
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelectorAll('#chart .scatterlayer .trace').length === 4")
    page.select_option("#axis", "mbytes")
    assert "MB per client" in page.locator("#chart .xtitle").text_content()
    assert said == []


def test_the_theme_follows_the_browser_and_can_be_switched(chromium: Any, file: Path) -> None:
    page, said = opened(chromium, file, color_scheme="dark")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.click("#theme")
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert said == []


@pytest.fixture
def many_arms(study_dir: Path, write_run: Any, make_held: Any) -> Path:
    """The report of eight arms with long names and three seeds each."""
    for i in range(8):
        for seed in range(3):
            rows = make_held(100.0 * (i + 1) + seed, 0.8)
            name = f"arm {i} with a deadline of ten seconds and thirty participants"
            write_run(name, seed=seed, digest=f"{i}123456789abcdef", evaluations=rows)
    path = study_dir / "report.html"
    path.write_text(report(load_study(study_dir)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [390, 1000, 1400])
def test_eight_arms_with_seeds_fit_the_page(chromium: Any, many_arms: Path, width: int) -> None:
    page, said = opened(chromium, many_arms, viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert shown(page) == 8 * 3  # the mean and its two bounds
    page.get_by_label("each seed").check()
    page.wait_for_function("document.querySelectorAll('#chart .scatterlayer .trace').length === 48")
    is_cut = (
        "[...document.querySelectorAll('.wide')].some((t) => t.scrollWidth > t.clientWidth + 1)"
    )
    assert width < 1000 or not page.evaluate(is_cut)
    assert said == []
