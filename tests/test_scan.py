"""The last look at a finished page: what it must find, what it must let pass, and that nothing unfit is written."""

from __future__ import annotations

import base64
import getpass
from urllib.parse import quote

import pyarrow as pa
import pytest
from batch_inputs import LOAD, people_and_sentences, write_inputs, write_notebook
from small_extracts import SETTINGS, pseudonyms, write_extract

from evalkit.errors import ReportError
from evalkit.intake.identifiers import Identifiers, read_identifiers
from evalkit.reports import run_report
from evalkit.reports.batch import run_batch
from evalkit.reports.scan import scan_report, scanned
from evalkit.reports.writing import LOCK, write_page

NUMBERS = Identifiers(pa.array([str(number) for number in range(1, 60_001)]))
LONG = Identifiers(pa.array([str(number) for number in range(800_000, 870_000)]))
NAMES = Identifiers(
    pa.array([f"SYN-P{number:06d}" for number in range(70_000)] + ["A1234BC", "2001/0123456X", "O'Neil 7"])
)
PSEUDONYM = pseudonyms("P1")[0]
PAGE = """<!DOCTYPE html><html><head><style>a { color: #801650; } :root { --c: #801651 }</style></head><body>
<h1>Title</h1><p>In 2021, 59,999 people, 123 of them reconvicted; 0.801650 or 801650.5 on a scale; p_value 0.04.</p>
<h2>Rates</h2><div class="table"><table><caption>Area 7</caption><thead><tr><th scope="col">Area</th>
<th scope="col">People</th></tr></thead><tbody><tr><th scope="row">North</th><td>12345</td></tr></tbody></table></div>
<svg role="img" fill="#801650"><!-- drawn --><path d="M 12345.801650 50000 L 1 2"/><text x="42">Derby %s</text></svg>
<a href="#rates">up</a> <a class="csv" href="data:text/csv;charset=utf-8,Area%%2CPeople%%0D%%0ANorth%%2C12345">CSV</a>
<h3>After &amp; before</h3><p>%s</p></body></html>"""


def page(inside="", text=""):
    return PAGE % (text, inside)


def kinds(html, identifiers=NUMBERS, **options):
    return {finding.kind for finding in scanned(html, identifiers, **options)}


IDENTIFIER, ROWS = "an identifier of the extract", "rows about single people"
PATH, LOADED, PSEUDO = "a path of a computer", "an address that is loaded", "a pseudonym"


@pytest.mark.parametrize("identifiers", [NUMBERS, LONG, NAMES, None])
def test_a_clean_page_passes_whatever_people_are_called(identifiers):
    assert scanned(page(), identifiers, authored="") == ()


# ------------------------------------------------------------------ identifiers
PLANTED = {
    "text": "<p>see {0}.</p>",
    "cell": "<table><tr><th>Area</th></tr><tr><td>{0}</td></tr></table>",
    "divided by mark-up": "<p>see <b>{0:.3}</b>{1}</p>",
    "attribute": '<p title="of {0}">x</p>',
    "comment": "<!-- {0} -->",
    "as entities": "<p>&#{2};{3}</p>",
    "hidden hyphen": "<p>{0:.3}\u00ad{1}</p>",
    "script": "<script>let who = '{0}'</script>",
    "drawing": "<svg><g><text>({0})</text></g></svg>",
    "tail of a longer word": "<p>x-{0}-y, {0}/x</p>",
}


@pytest.mark.parametrize("identifier", ["SYN-P000012", "A1234BC", "2001/0123456X", "O'Neil 7"])
@pytest.mark.parametrize("how", PLANTED)
def test_a_name_is_found_wherever_it_is_planted(identifier, how):
    planted = PLANTED[how].format(identifier, identifier[3:], ord(identifier[0]), identifier[1:])
    found = scanned(page(planted), NAMES)
    assert [finding.kind for finding in found] == [IDENTIFIER]
    assert identifier not in str(found[0]) and f"{len(identifier)} characters" in str(found[0])
    assert found[0].place == "under 'After & before'"


@pytest.mark.parametrize("near", ["SYN-P070000", "SYN-P00001", "SYN-P0000123", "xSYN-P000012", "A1234BCD", "a1234bc"])
def test_what_is_no_identifier_of_the_extract_passes(near):
    assert scanned(page(f"<p>{near}</p>"), NAMES) == ()


def test_a_name_in_data_addresses_is_found():
    rows = "Area,People\r\nNorth,SYN-P000012\r\n"
    coded = base64.b64encode(rows.encode()).decode()
    for address in (f"data:text/csv;charset=utf-8,{quote(rows)}", f"data:text/csv;base64,{coded}"):
        assert kinds(page(f'<a href="{address}">CSV</a>'), NAMES) == {IDENTIFIER}
    picture = base64.b64encode(b"\x89PNG\xff\x00tEXtAuthor\x00SYN-P000012 drew\xfe\xff").decode()
    assert kinds(page(f'<img alt="" src="data:image/png;base64,{picture}">'), NAMES) == {IDENTIFIER}


@pytest.mark.parametrize(("number", "found"), [("800000", {IDENTIFIER}), ("799999", set()), ("870000", set())])
def test_numbers_of_six_digits_are_found_as_words(number, found):
    assert kinds(page(f"<td>{number}</td>"), LONG) == found
    assert kinds(page(f"<p>a,{number},b</p>"), LONG) == found
    assert kinds(page(f"<p>0.{number} and {number}.5 and 1{number}</p>"), LONG) == set()


def test_five_digits_are_numbers_like_others_and_six_are_not():
    both = Identifiers(pa.array(["99999", "100000"]))
    assert kinds(page("<p>99999</p>"), both) == set()
    assert kinds(page("<p>100000</p>"), both) == {IDENTIFIER}


def test_short_numbers_are_found_in_columns_of_identifiers():
    for head in ("person_id", "ID", "Person", "Case number", "CRN"):
        table = "<table><tr><th>Area</th><th>{}</th></tr><tr><th>North</th><td>{}</td></tr></table>"
        assert kinds(page(table.format(head, "60000"))) == {IDENTIFIER, ROWS}
        assert kinds(page(table.format(head, "60001"))) == {ROWS}
    assert kinds(page(table.format("Persons supervised", "60000"))) == set()


def test_short_numbers_are_found_in_csv_files_and_printed_frames():
    rows = "person_id,area\r\n17,North\r\n"
    assert kinds(page(f'<a href="data:text/csv,{quote(rows)}">CSV</a>')) == {IDENTIFIER, ROWS}
    printed = "   person_id   area\n0         17  North\n1         18  South"
    assert kinds(page(f'<pre class="text">{printed}</pre>')) == {IDENTIFIER, ROWS}
    assert kinds(page('<pre class="code"><code>frame["person_id"]</code></pre>')) == set()


def test_a_frame_whose_index_is_who_it_is_about_is_found():
    rows = "<tr><th></th><th>sex</th></tr><tr><th>person_id</th><th></th></tr><tr><th>17</th><td>male</td></tr>"
    assert kinds(page(f"<table>{rows}</table>")) == {IDENTIFIER, ROWS}


# ------------------------------------------------------------------ everything else
@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (PSEUDONYM, PSEUDO),
        (f"<!-- {PSEUDONYM} -->", PSEUDO),
        (f"<svg><text>{PSEUDONYM[:5]}<tspan>{PSEUDONYM[5:]}</tspan></text></svg>", PSEUDO),
        ("read from /home/anna/extract/people.csv", PATH),
        ("'/Users/anna/extract'", PATH),
        (r"C:\Users\anna\extract", PATH),
        (r"\\server\share", PATH),
        ("file:///etc/passwd", PATH),
        ('<img alt="" src="https://example.org/x.png">', LOADED),
        ("<img alt='' src=//example.org/x.png>", LOADED),
        ('<img alt="" src="&#104;ttps://example.org/x.png">', LOADED),
        ('<link rel="stylesheet" href="http://example.org/x.css">', LOADED),
        ('<svg><use xlink:href="https://example.org/x.svg#a"/></svg>', LOADED),
        ('<form action="https://example.org/">', LOADED),
        ("<style>a { background: url(https://example.org/x.png) }</style>", LOADED),
        ("<script>fetch('https://example.org/')</script>", LOADED),
        ("<pre>Traceback (most recent call last):\n</pre>", "the record of an error"),
        ("/tmp/ipykernel_17/123.py", "a trace of the notebook's run"),
        (f"mail {getpass.getuser()}@workstation", "the name of a user"),
    ],
)
def test_what_must_not_be_shown_is_found(planted, kind):
    found = scanned(page(f"<p>{planted}</p>"), None)
    assert kind in {finding.kind for finding in found}
    assert {finding.place for finding in found} == {"under 'After & before'"}


@pytest.mark.parametrize(
    "harmless",
    [
        "and/or, 3/4, /home, TCP/IP, ~5, a:b, p_value, p_12, https://example.org/home/x",
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"></svg>',
        '<pre class="code"><code>src=&#34;https://example.org/x&#34;</code></pre>',
        '<a href="https://example.org/paper">paper</a>',
    ],
)
def test_what_is_harmless_passes(harmless):
    assert scanned(page(f"<p>{harmless}</p>"), None) == ()


def test_links_are_those_that_the_authors_wrote():
    linked = page('<a href="https://example.org/paper">paper</a>')
    assert scanned(linked, None, authored="see https://example.org/paper") == ()
    (found,) = scanned(linked, None, authored="see https://example.org/other")
    assert "link" in found.kind and found.beginning == "example.org"


def test_a_page_is_not_written_over_the_old_one(tmp_path):
    (tmp_path / "index.html").write_text("old")
    with pytest.raises(ReportError, match=r"^index.html: the report is not written, because .* under 'After & before'"):
        write_page(tmp_path / "index.html", page(PSEUDONYM))
    write_page(tmp_path / "other.html", page())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"index.html": "old", "other.html": page()}


# ------------------------------------------------------------------ identifiers, read from an extract
def test_identifiers_are_read_of_people_advisors_volunteers_and_keys(tmp_path):
    referrals = 'who,referral_id,service,referral_date,advisor_id\nP1,"R\n1",ETE,2019-04-01, A1 \n'
    write_extract(tmp_path, referrals=referrals, volunteers="volunteer_id,role\nV1,\n")
    (tmp_path / "extract.toml").write_text(SETTINGS + '[columns.referrals]\nperson_id = "who"\n')
    values = read_identifiers(tmp_path).values.to_pylist()
    assert sorted(values) == ["A1", "P1", "P2", "P3", "R\n1", "S1", "S2", "S3", "V1"]


# ------------------------------------------------------------------ reports
def test_a_report_with_a_planted_identifier_is_not_written_and_leaves_nothing(tmp_path):
    spec = write_inputs(tmp_path, LOAD, 'print("counted")', 'print("P" + "012 is one of them")')
    with pytest.raises(
        ReportError, match=r"^trial.ipynb: .*cell 4 \(print\(.*an identifier of the extract .*4 char"
    ) as caught:
        run_report(spec, out=tmp_path / "out")
    assert "P012" not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []
    write_notebook(tmp_path / "trial.ipynb", LOAD, 'print("P" + "999 is not")')
    assert run_report(spec, out=tmp_path / "out").name == "trial.html"
    assert scan_report(tmp_path / "out" / "trial.html", tmp_path / "extract") == ()


def test_a_cell_that_shows_people_by_pseudonym_stops_the_report(tmp_path):
    spec = write_inputs(tmp_path, LOAD, 'extract.table("people").collect("pandas").to_native().head(3)')
    with pytest.raises(ReportError, match=r"cell 3 \(extract.table.*a pseudonym"):
        run_report(spec, out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_in_a_batch_the_report_of_one_unit_is_stopped_and_the_index_names_nobody(tmp_path):
    shown = 'if "North" in only:\n    print("P" + "003")'
    fails = 'if "South" in only:\n    raise ValueError("P" + "015 is odd")'
    spec = write_inputs(tmp_path, LOAD, shown, fails)
    manifest = run_batch(spec, by="area", out=tmp_path / "out", workers=1)
    entries = {entry.unit: entry for batch in manifest.batches.values() for entry in batch.entries.values()}
    assert {unit: entry.state for unit, entry in entries.items()} == {"North": "failed", "South & East": "failed"}
    assert "cell 3" in entries["North"].error["message"] and "identifier" in entries["North"].error["message"]
    assert "is not shown here" in entries["South & East"].error["message"]
    written = {path.name: path.read_text() for path in (tmp_path / "out").glob("*.*") if path.name != LOCK}
    assert sorted(written) == ["index.html", "manifest.json"]
    assert not any(name in text for name in ("P003", "P015") for text in written.values())
    assert "P003" in people_and_sentences()["people"]
