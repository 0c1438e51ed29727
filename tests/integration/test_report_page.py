# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The HTML report in a real browser: matrix, filter, dark, print, a narrow screen, keyboard, no script, and axe-core."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._report import page as html
from ansible_collections.netmin.windows.tests.unit import reports
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs a browser: apt-get install chromium (.ci/run does)"),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report on twenty hosts."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html.render(reports.sample()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        # The sandbox cannot be had in most containers.
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Any]:
    """Return what opens the report; whatever the page complains of, or asks others for, fails the test."""
    wrong: list[str] = []
    contexts = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if not request.url.startswith("file:") else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def counted(page: Page, wanted: Callable[[str], bool]) -> bool:
    """Wait until the filter says what is wanted. Its own waiting would evaluate text, which the page's policy forbids."""
    for _attempt in range(600):
        if wanted(page.locator("#count").text_content() or ""):
            return True
        page.wait_for_timeout(100)
    return False


def shown(page: Page, selector: str) -> int:
    """Count the elements that are not hidden."""
    return int(page.evaluate("selector => [...document.querySelectorAll(selector)].filter(e => e.offsetParent !== null).length", selector))


def test_the_matrix_has_words_and_colours(opened: Any) -> None:
    page = opened()
    assert page.locator(".matrix tbody tr").count() == 20
    assert page.locator(".matrix td.x").all_inner_texts() == ["failed"]
    colours = {
        name: page.locator(f".matrix td.{name}").first.evaluate("cell => getComputedStyle(cell).backgroundColor") for name in "ckrsx"
    }
    assert len(set(colours.values())) == len(colours)


def test_the_heads_of_the_matrix_stay_in_sight(opened: Any) -> None:
    page = opened()
    place = page.locator(".matrix")
    head, first = page.locator(".matrix thead th").nth(4), page.locator(".matrix tbody th").nth(2)
    place.evaluate("box => { box.scrollTop = 90; box.scrollLeft = 300; }")
    box = place.bounding_box()
    assert abs(head.bounding_box()["y"] - box["y"]) < 3
    assert abs(first.bounding_box()["x"] - box["x"]) < 3


def test_a_host_and_a_family_are_one_link_away(opened: Any) -> None:
    page = opened()
    page.locator(".matrix tbody th a", has_text="web01").click()
    assert page.locator("article:target h3").inner_text().startswith("web01")
    page.locator("article:target .ports a", has_text="W3SVC").click()
    assert page.locator("article:target h3").inner_text().startswith("iis7")
    assert "web01" in page.locator("article:target .who").inner_text()
    top = page.locator("article:target").bounding_box()["y"]
    assert top > page.locator("header").bounding_box()["height"]


def test_text_and_outcome_filter_hosts_and_rows(opened: Any) -> None:
    page = opened()
    page.locator("#q").fill("w3svc")
    assert counted(page, lambda text: text != "")
    count = int(re.match(r"(\d+) of 20 hosts", page.locator("#count").inner_text())[1])  # type: ignore[index]  # it matches
    assert 0 < count < 20
    assert shown(page, ".matrix tbody tr") == shown(page, "article.host") == count
    page.locator("#q").fill("")
    page.locator("#state").select_option("x")
    assert counted(page, lambda text: text == "1 of 20 hosts")
    assert shown(page, "article.host .ports tbody") == 1
    # A link to what is hidden shows everything again.
    page.goto(page.url.partition("#")[0] + "#h0")
    assert counted(page, lambda text: text == "")
    assert shown(page, "article.host") == 20


def test_the_keyboard_reaches_everything(opened: Any) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("plant")
    page.keyboard.press("Escape")
    assert page.locator("#q").input_value() == ""
    assert page.evaluate("document.querySelector('.matrix').tabIndex") == 0


def test_everything_is_there_without_a_script(opened: Any) -> None:
    page = opened(java_script_enabled=False)
    assert not page.locator("#filter").is_visible()
    assert page.locator("article.host").count() == 20
    assert page.locator("article.host").last.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_is_dark_and_light_is_light(opened: Any, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    paper, ink = page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (paper, ink)]
    assert (light[0] > light[1]) is (scheme == "light")
    assert abs(light[0] - light[1]) > 450


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(opened: Any, scheme: str, width: int) -> None:
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 800})
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_nothing_is_wider_than_a_telephone(opened: Any) -> None:
    page = opened(viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    wide = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > 361).length"
    )
    assert wide == 0
    size = page.evaluate(
        "Math.min(...[...document.querySelectorAll('.host p, .host td, .host th')].map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert size >= 12


def test_it_prints_all_of_it(opened: Any, browser: Browser) -> None:
    page = opened()
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert shown(page, "article.host") == 20
    assert page.locator(".matrix").evaluate("box => getComputedStyle(box).overflowX") == "visible"
    # Landscape A4 without its margins, at 96 dots to the inch.
    assert page.locator(".matrix table").bounding_box()["width"] < (297 - 28) / 25.4 * 96
    assert len(page.pdf(format="A4", print_background=True)) > 20_000


def test_a_thousand_hosts_open_and_filter_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_text(html.render(reports.crowd(1000, 55)), encoding="utf-8")
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(path.as_uri())
    page.locator("#q").fill("srv-0999")
    assert counted(page, lambda text: text == "1 of 1000 hosts")
    page.close()
