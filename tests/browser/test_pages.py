"""Every kind of page in a real browser: asks nothing of the network, is accessible, fits phone, screen and paper."""

import csv
import io
import re
from pathlib import Path

import axe_playwright_python
import pytest

from .conftest import FULL, HOSTILE, INTERVENTIONS

pytestmark = pytest.mark.browser

REPORTS = (
    *("ete", "rat", "briefing", "matched", "prepared", "gate", "summary", *INTERVENTIONS[:1]),
    *(pytest.param(name, marks=pytest.mark.full) for name in FULL),
)
PAGES = (*REPORTS, "index", "briefings", "every block")
WIDTHS = (360, 768, 1440)
LARGEST = 1_500_000
"""Bytes of a report."""

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BY_TAGS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
BY_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules whose result can differ between light and dark."""

OPEN_ALL = "document.querySelectorAll('details').forEach(details => { details.open = true; })"
VIOLATIONS = """async options => (await axe.run(options)).violations.map(
    found => `${found.id}: ${found.nodes.length} x ${found.nodes[0].html} ${found.nodes[0].failureSummary}`)"""
FEWER_ROWS = "document.querySelectorAll('tbody tr:nth-child(n+13):not([class])').forEach(row => row.remove())"
"""The rows of a table are alike: twelve, and those that are marked, are enough for the slow rules."""

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNREACHABLE = """[...document.querySelectorAll('body *')].filter(box => box.tabIndex < 0
    && box.scrollWidth > box.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(box).overflowX)
    ).map(box => box.outerHTML.slice(0, 200))"""
UNNAMED_DRAWINGS = """[...document.querySelectorAll('main svg')].filter(drawing =>
    !(drawing.getAttribute('role') === 'img' && /[0-9[]/.test(drawing.getAttribute('aria-label') || ''))
    && drawing.getAttribute('aria-hidden') !== 'true' && !drawing.closest('[role=img]')).length"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nothing_of_the_network_and_says_nothing_in_the_console(visit, name):
    seen = visit(name)
    seen.page.evaluate(OPEN_ALL)
    assert seen.requests == [seen.address]
    assert seen.complaints == []


SMALLEST_LETTER = 8.5
"""Pixels, on a phone."""

CHART_WORDS = """smallest => [...document.querySelectorAll('figure .drawing svg')].flatMap(drawing => {
    const frame = drawing.getBoundingClientRect();
    const scale = frame.width / drawing.viewBox.baseVal.width;
    const words = [...drawing.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text => (
        {text: text.textContent, box: text.getBoundingClientRect(),
         size: parseFloat(getComputedStyle(text).fontSize) * scale}));
    const covers = (one, other) => {
        const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        return Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2
            && height > 0.35 * Math.min(one.height, other.height);
    };
    if (!frame.width) return [];
    return words.flatMap(({text, box, size}, place) => [
        ...(box.left < frame.left - 2 || box.right > frame.right + 2 ? [`cut off: ${text}`] : []),
        ...(box.top < frame.top - 2 || box.bottom > frame.bottom + 2 ? [`cut off: ${text}`] : []),
        ...(size < smallest ? [`${size} pixels: ${text}`] : []),
        ...words.slice(place + 1).filter(other => covers(box, other.box)).map(other => `${text} over ${other.text}`),
    ]);
})"""


BEYOND_THE_EDGE = """[...document.querySelectorAll('.table-scroll')].filter(
    box => box.getClientRects().length && box.scrollWidth > box.clientWidth + 1).map(box => box.ariaLabel)"""


@pytest.mark.parametrize("name", ["ete", "rat", "summary", "prepared"])
def test_on_a_desktop_no_table_has_columns_beyond_the_edge(visit, name):
    assert visit(name).page.evaluate(BEYOND_THE_EDGE) == []


def test_on_a_phone_a_table_of_many_columns_is_found_beyond_the_edge(visit):
    assert visit("ete", width=360).page.evaluate(BEYOND_THE_EDGE) != []


@pytest.mark.parametrize("name", PAGES)
def test_the_words_of_every_chart_are_whole_apart_and_large_enough(visit, name):
    page = visit(name).page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"window.innerWidth === {width}")
        assert page.evaluate(CHART_WORDS, SMALLEST_LETTER) == [], width


def test_a_chart_whose_words_are_cut_off_too_small_or_on_each_other_is_found(visit):
    page = visit("prepared").page
    page.evaluate("""const [one, other, third] = document.querySelectorAll('svg.wide text');
        one.style.fontSize = '3px'; other.setAttribute('transform', 'translate(-2000 0)');
        third.after(third.cloneNode(true));""")
    found = page.evaluate(CHART_WORDS, SMALLEST_LETTER)
    assert {re.sub("^[0-9.]+ ", "", line).split(":")[0].split(" ")[0] for line in found} >= {"cut", "pixels"}
    assert any(" over " in line for line in found)


def test_a_chart_has_a_form_for_a_phone_and_one_for_screen_and_paper(visit):
    page = visit("ete", width=360).page
    wide, narrow = page.locator(".drawing .wide"), page.locator(".drawing .narrow")
    charts = page.locator(".drawing").count()
    assert charts == wide.count() == narrow.count() > 5

    def shown():
        return tuple(sum(drawing.is_visible() for drawing in form.all()) for form in (wide, narrow))

    assert shown() == (0, charts)
    assert page.locator(".drawing[tabindex]").count() == 0
    page.emulate_media(media="print")
    assert shown() == (charts, 0)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 768, "height": 900})
    assert shown() == (charts, 0)


@pytest.mark.parametrize("name", PAGES)
def test_no_violation_of_wcag_in_light_or_dark(visit, name):
    page = visit(name).page
    page.evaluate(OPEN_ALL)
    if page.locator("#show-code:visible").count():
        page.click("#show-code")
    page.evaluate(FEWER_ROWS)
    page.evaluate(AXE)
    assert page.evaluate(VIOLATIONS, BY_TAGS) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert page.evaluate(VIOLATIONS, BY_COLOUR) == []


def test_a_page_that_breaks_the_rules_is_found(visit):
    page = visit("prepared").page
    page.evaluate("document.querySelector('main p').style.color = '#ddd'; document.querySelector('h1').remove()")
    page.evaluate(AXE)
    found = page.evaluate(VIOLATIONS, BY_TAGS)
    assert [line.partition(":")[0] for line in found] == ["color-contrast", "page-has-heading-one"]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_out_of_the_page_at_any_width(visit, name):
    page = visit(name).page
    page.evaluate(OPEN_ALL)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"window.innerWidth === {width}")
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert page.evaluate(SIDEWAYS) <= 0, width
        assert page.evaluate(UNREACHABLE) == [], width


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_language_one_heading_and_landmarks(visit, name):
    page = visit(name).page
    assert page.locator("html").get_attribute("lang") == "en-GB"
    assert page.locator("h1").count() == page.locator("main").count() == page.locator("body > header").count() == 1
    assert page.evaluate(UNNAMED_DRAWINGS) == 0
    for table in page.locator("table").all():
        assert table.locator("caption").text_content().strip()
        assert table.locator("thead th[scope=col]").count() == table.locator("thead th").count() > 0


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_small_enough_to_send(pages, name):
    assert 20_000 < pages[name].result().stat().st_size < LARGEST


def test_the_first_key_leads_past_the_contents(visit):
    page = visit("ete").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_switch_shows_the_code_and_hides_it_again(visit):
    page = visit("ete").page
    code, switch = page.locator("pre.code").first, page.locator("#show-code")
    assert (code.is_visible(), switch.get_attribute("aria-pressed")) == (False, "false")
    switch.press("Enter")
    assert (code.is_visible(), switch.get_attribute("aria-pressed")) == (True, "true")
    switch.click()
    assert (code.is_visible(), switch.get_attribute("aria-pressed")) == (False, "false")


def test_the_contents_stand_open_beside_the_report_and_fold_up_on_a_phone(visit):
    page = visit("ete").page
    entries = page.locator("#contents a")
    headings = [re.sub(r"\s+", " ", text).strip() for text in page.locator("main > h2").all_inner_texts()]
    assert entries.all_inner_texts() == headings
    entries.nth(3).click()
    target = page.locator("main > h2").nth(3)
    page.wait_for_function(
        "place => document.querySelectorAll('main > h2')[place].getBoundingClientRect().top < 300", arg=3
    )
    assert target.get_attribute("id") == page.evaluate("location.hash.slice(1)")
    phone = visit("ete", width=360).page
    assert not phone.locator("#contents a").first.is_visible()
    phone.locator("#contents summary").press("Enter")
    assert phone.locator("#contents a").first.is_visible()


def test_a_copy_holds_what_the_table_shows(visit):
    page = visit("ete").page
    table = page.locator(".table", has=page.locator("td:has-text('Advisors'), th:has-text('Advisors')")).first
    with page.expect_download() as started:
        table.locator("a.csv").click()
    assert started.value.suggested_filename == "advisors-events-programmes-and-volunteers.csv"
    copied = list(csv.reader(io.StringIO(Path(started.value.path()).read_text(encoding="utf-8"))))
    shown = [row.locator("th, td").all_inner_texts() for row in table.locator("tr").all()]
    assert copied == shown
    assert len(copied) > 5


def test_paper_has_the_data_behind_each_chart_and_no_switches(visit):
    page = visit("ete").page
    closed = page.locator("details.data:not([open])").count()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert closed > 3
    assert page.locator("details.data:not([open])").count() == 0
    assert not any(page.locator(name).first.is_visible() for name in (".rail", ".skip", "a.csv", "pre.code"))
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    page.set_viewport_size({"width": 672, "height": 900})  # the width of the text on A4
    highest = page.evaluate("Math.max(...[...document.querySelectorAll('svg.wide')].map(one => one.clientHeight))")
    assert 600 < highest <= 205 * 96 / 25.4 + 1  # a chart and its title fit one page
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.data:not([open])").count() == closed


def test_a_name_that_is_a_script_is_shown_and_does_nothing(visit):
    for name in ("index", "briefings"):
        seen = visit(name)
        assert HOSTILE in seen.page.locator("main").inner_text()
        assert seen.complaints == []


def test_the_index_is_searched_and_sorted(visit):
    page = visit("index").page
    rows = page.locator("tbody tr:visible th")
    everything = rows.all_inner_texts()
    page.fill("input[type=search]", "nor")
    assert rows.all_inner_texts() == ["North"]
    assert page.locator("output").inner_text() == "1 found"
    page.fill("input[type=search]", "")
    page.click("thead button >> nth=0")
    assert rows.all_inner_texts() == everything[::-1]
    assert page.locator("thead th").first.get_attribute("aria-sort") == "descending"
