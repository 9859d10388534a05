"""Written chapters: results set in, every sentence and number checked, one line where there is no text or no table."""

from pathlib import Path

import pandas as pd
import pytest

from evalkit.errors import SpecError
from evalkit.present import causal_words, make_safe
from evalkit.present.chapters import chapter, read_chapter, show_chapter, typed_numbers
from evalkit.present.html import Piece
from evalkit.present.references import references
from evalkit.spec import read_spec

COUNTS = pd.DataFrame({"name": ["advisors"], "label": ["Advisors"], "count": [29], "unit": ["people"]})
RESULTS = references({"counts": make_safe(COUNTS, counts=["count"])})


def shown(tmp_path, text, name="model"):
    (tmp_path / "model.md").write_text(text, encoding="utf-8")
    spec = tmp_path / "test.toml"
    spec.write_text('title = "T"\nnotebook = "n.ipynb"\n[narrative]\nmodel = "model.md"\n', encoding="utf-8")
    return show_chapter(read_spec(spec), name, results=RESULTS, title="The model")


def test_references_are_filled_and_markdown_becomes_html_below_the_reports_headings(tmp_path):
    piece = shown(tmp_path, "# Who\n\nWith **{{ results.advisors.count }}** people.\n\n- one\n- two\n")
    assert "<h4>Who</h4>" in piece.html
    assert "<strong>29</strong> people" in piece.html
    assert piece.html.count("<li>") == 2
    assert "With **29** people." in piece.text


def test_html_in_a_text_is_shown_as_text(tmp_path):
    assert "<script>" not in shown(tmp_path, "<script>alert()</script>").html


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "First.\n\nWork {{ results.advisers.count }}",
            "model.md, line 3: 'results.advisers.count': no row 'advisers'",
        ),
        ("First.\nThe service reduced reoffending.", "model.md, line 2: 'reduced' claims a cause"),
        ("Look: ![a chart](chart.png)", "model.md, line 1: a chapter holds text only"),
        ("", "model.md: the file is empty"),
        ('+++\nquoted = ["8"]\n+++\nText', "model.md: numbers are quoted, so the head must name their source"),
        ('+++\nqoted = ["8"]\n+++\nText', "unknown name 'qoted' in the head (known: quoted, source)"),
        ("+++\nquoted\n+++\nText", "the head is not valid TOML"),
        ('+++\nsource = "x"\nText', "does not end with +++"),
        ("+++\nquoted = [8]\n+++\nText", "quoted is a list of texts"),
    ],
)
def test_what_cannot_stand_is_refused_with_file_and_line(tmp_path, text, message):
    with pytest.raises(SpecError) as error:
        shown(tmp_path, text)
    assert message in str(error.value)


def test_a_line_of_the_text_is_the_line_of_the_file_under_a_head_too(tmp_path):
    with pytest.raises(SpecError, match=r"line 6: 'results.nobody.count'"):
        shown(tmp_path, '+++\nquoted = ["8.5"]\nsource = "a report"\n+++\n\n{{ results.nobody.count }}\n')


def test_typed_numbers_that_no_result_shows_are_named_below_the_chapter(tmp_path):
    piece = shown(tmp_path, "There are 29 advisers,\nand 1,234.5 more; 8.5% fewer.\n")
    assert "match no result of this report (model.md): line 2: 1,234.5; line 2: 8.5." in piece.text


@pytest.mark.parametrize(
    "text", ["29 advisers", "on 1 April 2018", "in 2018/19", "1. a list", "see [page](http://a.b/77)"]
)
def test_results_dates_lists_and_addresses_are_no_typed_numbers(tmp_path, text):
    path = tmp_path / "model.md"
    path.write_text(text, encoding="utf-8")
    assert typed_numbers(read_chapter(path), RESULTS).empty


def test_quoted_numbers_are_allowed_with_their_source(tmp_path):
    piece = shown(tmp_path, '+++\nquoted = ["8.5%"]\nsource = "the report of 2021"\n+++\n8.5% fewer, it says.\n')
    assert "match no result" not in piece.text
    assert "Figures quoted from elsewhere: the report of 2021" in piece.html


def test_a_chapter_without_a_text_says_so_in_one_line(tmp_path):
    assert shown(tmp_path, "Text", name="evidence").text == "The model: no text is declared for this chapter."


def test_a_chapter_whose_table_is_missing_says_so_in_one_line_and_otherwise_shows_its_pieces():
    pieces = Piece("<p>a</p>", "a"), Piece("<p>b</p>", "b")
    left_out = chapter({"people"}, ["people", "jobs"], *pieces, title="Work")
    assert left_out.text == "Work: left out, because the extract has no table jobs."
    assert chapter({"jobs"}, ["jobs"], *pieces, title="Work").html == "<p>a</p><p>b</p>"


@pytest.mark.parametrize("path", sorted(Path("notebooks/specs/narrative/ete").glob("*.md")), ids=lambda path: path.stem)
def test_the_narrative_of_the_demonstration_claims_no_cause_and_types_no_number(path):
    text = read_chapter(path)
    assert [causal_words(line) for _, line in text.lines if causal_words(line)] == []
    assert typed_numbers(text, RESULTS).empty
