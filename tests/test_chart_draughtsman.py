"""Charts drawn by a process of their own: the same bytes, the same errors, and none lost."""

import os
import pickle
import re
from multiprocessing import Pipe
from threading import Thread

import pandas as pd
import pytest
from batch_inputs import write_notebook

from evalkit.errors import DataError, ReportError
from evalkit.present.chart_draughtsman import MARK, _line, ordered, serve
from evalkit.present.chart_figure import chart_piece
from evalkit.present.disclosure import make_safe
from evalkit.reports.run import run_notebook

CHART = """import pandas as pd
from evalkit.present.chart_figure import Sketch, chart_piece
from evalkit.present.disclosure import make_safe

table = make_safe(pd.DataFrame({"label": ["A & B", "C"], "people": [30, 41]}), counts=["people"])
columns = {"label": ("Group", "text"), "people": ("People", "count")}
texts = ("C is larger", "People", "Source: made up")


def paint(figure):
    figure.subplots().barh(table["label"], table["people"])


def chart(paint):
    return chart_piece(table, paint, height=1.5, columns=columns, texts=texts, narrow=Sketch(paint, 2.0))
"""
SHOWN = f"{CHART}\nchart(paint)"

KILL = """import os, signal, time
from pathlib import Path

for process in Path("/proc").glob("[0-9]*"):
    started_by = (process / "stat").read_text().rpartition(")")[2].split()[1]
    if int(started_by) == os.getppid() and b"chart_draughtsman" in (process / "cmdline").read_bytes():
        os.kill(int(process.name), signal.SIGKILL)
        while "Z" not in (process / "stat").read_text():
            time.sleep(0.01)
        print("killed it")"""


def report(folder, *cells, place="out"):
    return run_notebook(write_notebook(folder / "trial.ipynb", *cells), folder / place / "trial.html", title="T",
                        parameters={}).read_text()  # fmt: skip


def drawings(html):
    return re.findall(r"<svg class=\"(?:wide|narrow)\".*?</svg>", html, flags=re.S)


def drawn_here():
    """The same chart without a draughtsman."""
    made = {}
    exec(SHOWN.replace("\nchart(paint)", "\npiece = chart(paint)"), made)
    return drawings(made["piece"].html)


def test_a_drawing_is_the_same_wherever_it_is_made(tmp_path):
    page = report(tmp_path, SHOWN)
    assert len(drawn_here()) == 2
    assert drawings(page) == drawn_here()
    assert MARK not in page


def test_two_charts_alike_are_both_there(tmp_path):
    assert drawings(report(tmp_path, SHOWN, "chart(paint)")) == 2 * drawn_here()


def test_what_looks_like_a_mark_in_the_data_stays(tmp_path):
    false = f"evalkit-drawing-{'0' * 32}"
    page = report(tmp_path, f"{SHOWN}", f"from evalkit.present.html import Piece\nPiece('<p>{false}</p>', '')")
    assert f"<p>{false}</p>" in page
    assert drawings(page) == drawn_here()


def test_modules_beside_the_notebook_draw_as_well_and_never_in_place_of_others(tmp_path, capfd):
    (tmp_path / "ours.py").write_text("def paint(figure):\n    figure.text(0.5, 0.5, 'drawn beside the notebook')\n")
    (tmp_path / "pickle.py").write_text("raise ImportError('not this one')")
    assert len(re.findall("drawn beside the notebook", report(tmp_path, CHART, "import ours\nchart(ours.paint)"))) >= 2
    assert capfd.readouterr().err == ""


def test_a_drawing_whose_module_is_gone_names_its_cell(tmp_path):
    (tmp_path / "ours.py").write_text("def paint(figure):\n    figure.text(0.5, 0.5, 'x')\n")
    with pytest.raises(ReportError, match=r"^trial\.ipynb, cell 3 \(import os, ours\): ModuleNotFoundError: No module"):
        report(tmp_path, CHART, "import os, ours\nos.remove('ours.py')\nchart(ours.paint)")


def test_what_cannot_travel_is_drawn_by_the_notebook(tmp_path):
    paint = "import threading\nlock = threading.Lock()\n\ndef locked(figure):\n    with lock:\n        paint(figure)"
    assert drawings(report(tmp_path, CHART, f"{paint}\n\nchart(locked)")) == drawn_here()


def test_a_drawing_that_fails_names_its_cell(tmp_path):
    with pytest.raises(ReportError, match=r"^trial\.ipynb, cell 3 \(chart\(fail\)\): ZeroDivisionError: division"):
        report(tmp_path, f"{CHART}\n\ndef fail(figure):\n    return 1 / 0", "chart(fail)")


def test_what_evalkit_refuses_in_a_drawing_stays_what_it_is(tmp_path):
    fail = 'from evalkit.errors import DataError\n\ndef fail(figure):\n    raise DataError("months do not ascend")'
    with pytest.raises(DataError, match=r"^months do not ascend$"):
        report(tmp_path, f"{CHART}\n{fail}", "chart(fail)")


@pytest.mark.parametrize("cell", ["chart(warn)", "warn(None)"])
def test_a_drawing_that_warns_is_refused_like_a_cell_that_warns(tmp_path, cell):
    warn = 'import warnings\n\ndef warn(figure):\n    warnings.warn("a letter is missing")'
    with pytest.raises(ReportError, match=r"cell 3 \(.*\): a warning must .*UserWarning: a letter is missing"):
        report(tmp_path, f"{CHART}\n{warn}", cell)


def test_without_a_draughtsman_the_notebook_draws_by_itself(tmp_path):
    page = report(tmp_path, KILL, SHOWN)
    assert "killed it" in page
    assert drawings(page) == drawn_here()


def test_a_draughtsman_that_is_killed_with_orders_in_hand_is_said(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/trial.html").write_text("before")
    with pytest.raises(ReportError, match=r"trial\.ipynb: the process that draws its charts ended early"):
        report(tmp_path, SHOWN, KILL)
    assert (tmp_path / "out/trial.html").read_text() == "before"


def test_orders_are_answered_all_together_when_nobody_orders_any_more(monkeypatch):
    orders, way_in = Pipe(duplex=False)
    answer, way_back = Pipe(duplex=False)
    monkeypatch.setenv("EVALKIT_DRAUGHTSMAN", str(os.dup(way_in.fileno())))
    way_in.close()
    draughtsman = Thread(target=serve, args=(orders, way_back))
    draughtsman.start()
    marks = [ordered(lambda: "first"), ordered(lambda: {}["second"])]
    _line.cache_clear()  # the last end of the pipe is closed with it
    draughtsman.join()
    assert answer.recv() == {marks[0]: ("first", None, ""), marks[1]: ("", ("KeyError", "'second'"), "")}


def test_a_safe_table_survives_the_way_to_another_process():
    table = make_safe(pd.DataFrame({"label": ["A", "B"], "people": [30, 4]}), counts=["people"])
    back = pickle.loads(pickle.dumps(table))
    assert (back.threshold, back.hidden_cells) == (table.threshold, table.hidden_cells)
    assert chart_piece(back, lambda _: None, height=1, columns={"label": ("Group", "text")}, texts=("f", "m", "s"))
