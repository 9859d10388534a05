"""Reports: parameters checked first, a notebook run in a private kernel, one page written whole or not at all."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from evalkit.errors import DataError, ReportError, SpecError
from evalkit.reports import run_notebook, run_report
from evalkit.reports.inside import _waiting
from evalkit.reports.kernel import socket_folder
from evalkit.reports.parameters import check_parameters, declared_parameters
from evalkit.reports.render import render
from evalkit.spec import read_spec

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "tests/notebooks/every_block.toml"
NOTEBOOKS = sorted(
    path
    for folder in (ROOT / "notebooks", ROOT / "tests/notebooks")
    for path in folder.rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
SPECS = [SPEC, *sorted((ROOT / "notebooks/specs").glob("*.toml"))]
PARAMETERS = 'spec_path: str = "specs/ete.toml"\ndata: str = "../data/demo"\narea: str = "all"'


def a_cell(source, *tags, outputs=()):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}, outputs=list(outputs))


def write_notebook(folder, *cells):
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    node = nbformat.v4.new_notebook(
        cells=[a_cell(PARAMETERS, "parameters"), *cells], metadata={"kernelspec": kernelspec}
    )
    path = folder / "trial.ipynb"
    nbformat.write(node, path)
    return path


def run_cell(folder, source, *tags, **parameters):
    notebook = write_notebook(folder, a_cell(source, *tags))
    return run_notebook(notebook, folder / "out/trial.html", title="Trial", parameters=parameters).read_text()


def page_of(*cells):
    return render(nbformat.v4.new_notebook(cells=list(cells)), title="Trial <1>", place="trial.ipynb")


def display(data, **metadata):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return run_report(SPEC, out=tmp_path_factory.mktemp("page")).read_text()


# ---------------------------------------------------------------- form of the committed notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_a_page_of_calls_without_outputs(path):
    notebook = json.loads(path.read_text())
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            tree = ast.parse("".join(cell["source"]))
            logic = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.For | ast.While
            assert [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, logic)] == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_the_notebook_of_a_specification_declares_literals_and_where_its_input_is(path):
    notebook = read_spec(path).notebook
    declared = declared_parameters(json.loads(notebook.read_text()), notebook.name)
    assert {"spec_path", "data"} <= set(declared)


# ---------------------------------------------------------------- parameters


def declared(source):
    return declared_parameters({"cells": [{"metadata": {"tags": ["parameters"]}, "source": source}]}, "ete.ipynb")


def test_declared_parameters_are_read_from_literals():
    found = declared(
        'area: str = "all"  # one area\nlevel: float = 0.95\nlimit: int | None = None\nlow = -1\nfree = None'
    )
    assert {name: (one.default, one.types) for name, one in found.items()} == {
        "area": ("all", {str}),
        "level": (0.95, {float}),
        "limit": (None, {int, type(None)}),
        "low": (-1, {int}),
        "free": (None, set()),  # nothing declared: anything goes
    }


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("level = 1 - 0.05", "'level = 1 - 0.05' is not of the form name: type = literal"),
        ("import os", "'import os' is not of the form"),
        ("area: str", "'area: str' is not of the form"),
        ("a, b = 1, 2", "is not of the form"),
        ("area = ", "ete.ipynb, parameters cell, line 1: invalid syntax"),
    ],
)
def test_anything_but_a_literal_in_the_parameters_cell_is_refused(source, said):
    with pytest.raises(SpecError, match=re.escape(said)):
        declared(source)


@pytest.mark.parametrize(("tags", "count"), [([[], []], 0), ([["parameters"], ["parameters"]], 2)])
def test_exactly_one_parameters_cell(tags, count):
    cells = [{"metadata": {"tags": tagged}, "source": "a = 1"} for tagged in tags]
    with pytest.raises(SpecError, match=f"{count} cells are tagged 'parameters'"):
        declared_parameters({"cells": cells}, "ete.ipynb")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("aera", "North", "ete.ipynb has no parameter 'aera' (did you mean 'area'?); it has area, level, people"),
        ("zzz", "North", "ete.ipynb has no parameter 'zzz'; it has area, level, people"),
        ("area", date(2022, 3, 31), "parameter area: datetime.date(2022, 3, 31) (date) cannot be handed to a notebook"),
        ("area", Path("x"), "cannot be handed to a notebook"),
        ("level", float("nan"), "cannot be handed to a notebook"),
        ("area", ("a", "b"), "cannot be handed to a notebook"),  # papermill would pass the text "('a', 'b')"
        ("area", [{"a": {1, 2}}], "cannot be handed to a notebook"),
        ("area", 7, "parameter area: 7 is a whole number, expected text"),
        ("area", None, "parameter area: None is nothing (None), expected text"),
        ("level", "0.9", "parameter level: '0.9' is text, expected a number"),
        ("people", 7.5, "parameter people: 7.5 is a number, expected a whole number"),
        ("people", True, "parameter people: True is true or false, expected a whole number"),
    ],
)
def test_values_that_do_not_fit_the_declaration_are_refused(name, value, said):
    with pytest.raises(SpecError, match=re.escape(said)):
        check_parameters({name: value}, declared('area: str = "all"\nlevel = 0.95\npeople = 7'), "ete.ipynb")


def test_values_that_fit_are_accepted():
    known = declared('area: str = "all"\nlevel = 0.95\nextra: dict = {}\nlimit: int | None = None\nfree = None')
    values = {"area": "2022-03-31", "level": 1, "extra": {"a": [1, None, "b"]}, "limit": 5, "free": [1]}
    assert check_parameters(values, known, "ete.ipynb") is None


def test_an_unknown_parameter_is_refused_before_anything_is_touched(tmp_path):
    with pytest.raises(SpecError, match=re.escape("has no parameter 'peple' (did you mean 'people'?)")):
        run_report(SPEC, out=tmp_path / "out", parameters={"peple": 3})
    assert not (tmp_path / "out").exists()


def test_parameters_the_report_sets_itself_cannot_be_given():
    with pytest.raises(SpecError, match="parameter 'data' is set by the report itself"):
        run_report(SPEC, parameters={"data": "elsewhere"})


def test_a_specification_without_its_notebook_says_so(tmp_path):
    (tmp_path / "gone.toml").write_text('title = "Gone"\nnotebook = "gone.ipynb"\n')
    with pytest.raises(SpecError, match=r"no notebook at .*gone\.ipynb"):
        run_report(tmp_path / "gone.toml")


# ---------------------------------------------------------------- the page


def test_the_page_has_title_language_one_heading_and_a_main_part(page):
    assert page.startswith('<!DOCTYPE html>\n<html lang="en-GB">')
    assert "<title>Every block a report can hold</title>" in page
    assert len(re.findall("<h1", page)) == 1
    header = page[page.index("<header>") : page.index("</header>")]
    assert '<div class="masthead">' in header
    assert page.count('class="masthead"') == 1
    assert page.index('<a class="skip" href="#main">') < page.index("<header>") < page.index('<main id="main"')


def test_the_contents_list_leads_to_every_section(page):
    contents = page[page.index('<nav aria-label="Contents">') : page.index("</nav>")]
    assert re.findall(r'<li><a href="#(.+?)">(.+?)</a>', contents) == re.findall(
        r'<h2 id="(.+?)"><a class="self" href="#.+?">(.+?)</a></h2>', page
    )
    assert contents.count("<li>") == 5


def test_parameters_and_cells_for_the_notebook_alone_are_not_shown(page):
    assert "specs/sample.toml" not in page  # the default, in the parameters cell
    assert str(SPEC.parent) not in page  # the value given, in the injected cell
    assert "This cell is for JupyterLab" not in page


def test_code_is_there_behind_one_button(page):
    assert re.findall("<button[^>]*>", page) == ['<button type="button" id="show-code" aria-pressed="false" hidden>']
    assert '<pre class="code"><code>from IPython.display import HTML, Markdown</code></pre>' in page
    assert ".code { display: none;" in page


def test_nothing_is_asked_of_the_network(page):
    loads = re.findall(r"""(?:src|srcset|data-src)\s*=\s*["']?[^"'>]+|@import[^;]+|url\([^)]*\)|<link[^>]*>""", page)
    assert loads == []
    assert "mathjax" not in page.lower()
    assert "require.js" not in page.lower()


def test_only_our_own_script_may_run(page):
    script = page[page.index("<script>") + len("<script>") : page.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert (
        f"content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}';" in page
    )
    assert page.count("<script") == 1


def test_parameters_reach_the_notebook_and_text_is_escaped(tmp_path):
    html = run_report(SPEC, out=tmp_path, parameters={"area": "<script>alert(1)</script>", "people": 3}).read_text()
    assert '<pre class="text">area: &lt;script&gt;alert(1)&lt;/script&gt; · people: 3\n</pre>' in html
    assert html.count("<script") == 1


def test_same_input_same_bytes_from_anywhere(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    again = run_report(SPEC, out="deeper/down")
    assert again == tmp_path / "deeper/down/every_block.html"
    assert again.read_bytes() == page.encode()
    for place in (str(ROOT), str(tmp_path), tempfile.gettempdir(), str(Path.home())):
        assert not re.search(rf"(?<![\w.:/]){re.escape(place)}/", page)


def test_text_of_cells_is_escaped_and_html_of_cells_is_not():
    evil = "<b>x</b>"
    html = page_of(
        a_cell("1 < 2", outputs=[nbformat.v4.new_output("execute_result", data={"text/plain": evil + "1"})]),
        a_cell("", outputs=[nbformat.v4.new_output("stream", name="stdout", text=evil + "2")]),
        a_cell("", outputs=[display({"text/markdown": evil + "3 [y](javascript:alert(1))"})]),
        a_cell("", outputs=[display({"text/html": evil + "4", "text/plain": "not shown"})]),
        nbformat.v4.new_markdown_cell(evil + "5 [y](javascript:alert(1))", metadata={"tags": []}),
    )
    assert "<title>Trial &lt;1&gt;</title>" in html
    assert "<h1>Trial &lt;1&gt;</h1>" in html  # no masthead: the title stands in
    assert "<code>1 &lt; 2</code>" in html
    assert [number for number in "12345" if f"<b>x</b>{number}" in html] == ["4", "5"]
    assert [number for number in "12345" if f"&lt;b&gt;x&lt;/b&gt;{number}" in html] == ["1", "2", "3"]
    assert "javascript:" not in html
    assert "not shown" not in html


def test_headings_have_addresses_of_their_own():
    text = "# Title\n\n## Main\n\n## Work & *pay*\n\n## Work & pay\n\n### Deeper <b>"
    html = page_of(nbformat.v4.new_markdown_cell(text, metadata={"tags": []}))
    assert re.findall(r'<h[23] id="([^"]+)"', html) == ["main-2", "work-pay", "work-pay-2", "deeper"]
    assert re.findall(r"<li><a[^>]*>(.*?)</a>", html) == ["Main", "Work &amp; pay", "Work &amp; pay"]
    assert "Title" not in html


def test_pages_rendered_at_once_have_their_own_contents():
    def contents(number):
        page = page_of(*(some_words(f"## Page {number}, section {section}") for section in range(9)))
        return re.findall(r'<a href="#page-(\d+)-section', page)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(contents, range(48)))
    assert [set(pages) for pages in found] == [{str(number)} for number in range(48)]


def test_an_image_with_an_alternative_is_shown_and_one_without_refused():
    png = {"image/png": "iVBORw0KGgo="}
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="27.1% &lt; 35.6%">' in page_of(
        a_cell("", outputs=[display(png, **{"image/png": {"alt": "27.1% < 35.6%"}})])
    )
    with pytest.raises(ReportError, match=re.escape("trial.ipynb, cell 2 (plot(1)): shows an image without a text")):
        page_of(a_cell("a"), a_cell("plot(1)\nplot(2)", outputs=[display(png)]))
    with pytest.raises(ReportError, match="an image has no text alternative: <img class='x'>"):
        page_of(a_cell("", outputs=[display({"text/html": "<img class='x'>"})]))


# ---------------------------------------------------------------- what goes wrong


def test_what_evalkit_refuses_in_a_notebook_is_raised_as_itself(tmp_path):
    with pytest.raises(DataError) as refused:
        run_cell(tmp_path, "from evalkit.errors import DataError\nraise DataError('people.csv, row 17: no date')")
    assert str(refused.value) == "people.csv, row 17: no date"


@pytest.mark.parametrize("parameters", [{}, {"area": "North"}])  # with a value papermill adds a cell of its own
def test_a_failed_notebook_leaves_the_old_report_and_nothing_else(tmp_path, parameters):
    old = tmp_path / "out/trial.html"
    old.parent.mkdir()
    old.write_bytes(b"<p>last month\xff")
    # A namesake of one of our exceptions is not ours.
    said = re.escape("trial.ipynb, cell 2 (from pandas.errors import DataError): DataError: no numeric types")
    with pytest.raises(ReportError, match=said):
        run_cell(tmp_path, "from pandas.errors import DataError\nraise DataError('no numeric types')", **parameters)
    assert old.read_bytes() == b"<p>last month\xff"
    assert list(old.parent.iterdir()) == [old]


def test_a_kernel_that_dies_is_a_report_error(tmp_path):
    with pytest.raises(ReportError, match=r"trial\.ipynb: its Python process ended early"):
        run_cell(tmp_path, "import os\nos._exit(3)")


def test_a_warning_stops_the_report_unless_the_cell_expects_it(tmp_path):
    source = "import sys\nprint('careful', file=sys.stderr)\nprint('done')"
    with pytest.raises(ReportError, match=r"trial\.ipynb, cell 2 \(import sys\): a warning .*: careful"):
        run_cell(tmp_path, source, area="North")
    html = run_cell(tmp_path, source, "stderr-expected")
    assert '<pre class="text">done\n</pre>' in html
    assert "careful\n</pre>" not in html


def test_a_path_of_this_computer_stops_the_report(tmp_path):
    with pytest.raises(ReportError, match="the report would show a path of this computer"):
        run_cell(tmp_path, "import pathlib\nprint('read from', pathlib.Path.cwd())")


def test_the_kernel_is_private_repeatable_and_gone_afterwards(tmp_path):
    told = run_cell(
        tmp_path,
        "import os, sys, ipykernel.connect as connect\n"
        "info = connect.get_connection_info(unpack=True)\n"
        "print(info['transport'], os.environ['OMP_NUM_THREADS'], os.environ['PYTHONHASHSEED'])\n"
        "print(oct(os.stat(os.path.dirname(info['ip'])).st_mode)[-3:], os.path.basename(os.path.dirname(info['ip'])))",
    )
    transport, folder = re.search(r"(ipc .*)\n700 (evalkit-\w+)\n", told).groups()
    assert transport == "ipc 1 0"
    assert not (Path(tempfile.gettempdir()) / folder).exists()


def test_the_kernel_ends_with_its_report_or_with_the_process_that_started_it(tmp_path):
    told = run_cell(tmp_path, "import os\nprint('kernel', os.getpid(), os.getsid(0), os.environ['JPY_PARENT_PID'])")
    kernel, session, watched = re.search(r"kernel (\d+) (\d+) (\d+)\n", told).groups()
    assert not Path(f"/proc/{kernel}").exists()
    assert session == kernel  # whatever it started ends with it
    assert int(watched) == os.getpid()  # the kernel looks whether that process is still there


def test_modules_beside_a_notebook_are_found_and_never_in_place_of_the_kernels_own(tmp_path):
    (tmp_path / "ours.py").write_text("SAID = 'found beside the notebook'")
    (tmp_path / "ipykernel.py").write_text("raise ImportError('not this one')")
    assert "found beside the notebook\n" in run_cell(tmp_path, "import ours\nprint(ours.SAID)")


def test_a_cell_that_imports_waits_until_the_kernel_has_imported_what_reports_need(tmp_path):
    source = (
        "from pandas.errors import DataError\nimport gc, sys\nprint('scipy.optimize' in sys.modules, gc.isenabled())"
    )
    assert "True True\n" in run_cell(tmp_path, source)


@pytest.mark.parametrize(
    ("cell", "has_evalkit", "waits_for"),
    [
        ("data = 'x'", False, "loading"),
        ("import evalkit\nextract = evalkit.load(data)", False, "loading"),
        ("import evalkit\nimport scipy.stats", False, "everything"),
        ("import evalkit_like", False, "everything"),
        ("from pandas.errors import DataError", False, "everything"),
        ("evalkit.show_table(table)", True, "everything"),
    ],
)
def test_only_the_cells_up_to_the_first_of_evalkit_run_beside_the_imports(cell, has_evalkit, waits_for):
    waited = []
    loading, everything = (
        SimpleNamespace(wait=lambda name=name: waited.append(name)) for name in ("loading", "everything")
    )
    shell = SimpleNamespace(user_ns={"evalkit": None} if has_evalkit else {})
    _waiting(shell, loading, everything)(SimpleNamespace(raw_cell=cell))
    assert waited == [waits_for]


@pytest.mark.parametrize(("length", "kept"), [(79, True), (80, True), (81, False)])
def test_a_temporary_folder_too_long_for_sockets_is_not_used(length, kept):
    folder = "/" + "t" * (length - 1)
    assert socket_folder(folder) == (folder if kept else "/tmp")


def test_a_folder_that_cannot_be_written_is_said_before_the_run(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError, match=r"cannot write .*every_block\.html: .*/file is a file, not a folder"):
        run_report(SPEC, out=tmp_path / "file")
    (tmp_path / "every_block.html").mkdir()
    with pytest.raises(ReportError, match=r"cannot write .*every_block\.html: Is a directory"):
        run_report(SPEC, out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["every_block.html", "file"]


def test_the_runner_starts_without_pandas():
    # The kernel imports it meanwhile; in the runner it would only delay the kernel's start by half a second.
    code = "import sys, evalkit.reports, evalkit.spec; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def some_words(source):
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": []})


def test_a_chapter_without_anything_to_show_is_left_out_and_named_once():
    nothing = '<p class="note left-out">The specification declares no stays &amp; no nights.</p>'
    empty = [
        some_words("## Nights\n\nOne row is one night."),
        a_cell("show()", outputs=[display({"text/html": nothing})]),
    ]
    partly = [
        some_words("## Homes"),
        a_cell("show()", outputs=[display({"text/html": nothing})]),
        a_cell("show()", outputs=[display({"text/html": "<p>58% settled</p>"})]),
    ]
    html = page_of(*empty, *partly, some_words("## Words alone"))
    assert "Nights: The specification declares no stays &amp; no nights." in html
    assert 'id="nights"' not in html
    assert "One row is one night." not in html
    assert 'id="homes"' in html
    assert "58% settled" in html
    assert 'id="words-alone"' in html
    assert html.count("left-out") == 1
    assert "left out" not in page_of(some_words("## Words alone"))


def test_what_is_printed_makes_the_same_page_in_however_many_pieces_the_kernel_sends_it():
    def printed(*pieces):
        cell = nbformat.v4.new_code_cell("print('a b')", id="same", metadata={"tags": []})
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=piece) for piece in pieces]
        return page_of(cell)

    assert printed("a b\n") == printed("a ", "b", "\n")
    assert printed("a b\n") != printed("a  b\n")
