"""Charts drawn by a process of their own: the same bytes as in the notebook, the same errors, and none lost."""

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from batch_inputs import write_notebook

from evalkit.errors import ReportError
from evalkit.present.disclosure import make_safe
from evalkit.reports.drawing import MARK
from evalkit.reports.kernel import KERNEL_ENVIRONMENT
from evalkit.reports.run import run_notebook

CHART = """import pandas as pd
from evalkit.present.charts import show_bars
from evalkit.present.disclosure import make_safe


def chart(*labels):
    bars = pd.DataFrame({"subject": labels, "courses": range(30, 30 + len(labels))})
    bars[["share", "low", "high", "of"]] = 0.5, 0.4, 0.6, 61
    safe = make_safe(bars, counts=["courses"], ranked_by="subject")
    return show_bars(safe, columns="courses", finding="B is larger", measure="Courses", source="Source: made up")


def is_elsewhere(piece):
    return "evalkit-drawing-" in piece.html
"""
SHOWN = f"{CHART}\npiece = chart('A & B', '$C to $D')\nprint('elsewhere', is_elsewhere(piece))\npiece"

KILL = """import contextlib, os, signal, time
from pathlib import Path


def of_this_group():
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone by now
            state, _, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(group) == os.getpid() != int(process.name) and state != "Z":
                yield int(process.name)


for process in of_this_group():
    os.kill(process, signal.SIGKILL)
    print("killed", 1)
while list(of_this_group()):
    time.sleep(0.01)"""


def report(folder, *cells):
    notebook = write_notebook(folder / "trial.ipynb", *cells)
    return run_notebook(notebook, folder / "out/trial.html", title="Trial", parameters={}).read_text()


def drawings(html):
    return re.findall(r"<svg class=\"(?:wide|narrow)\".*?</svg>", html, flags=re.S)


@pytest.fixture(scope="module")
def drawn_here():
    """The same chart without a draughtsman, in its two forms."""
    made = {}
    exec(SHOWN.removesuffix("\npiece"), made)
    assert len(drawings(made["piece"].html)) == 2
    return drawings(made["piece"].html)


def test_a_drawing_is_the_same_wherever_it_is_made(tmp_path, drawn_here):
    page = report(tmp_path, SHOWN)
    assert "elsewhere True" in page
    assert drawings(page) == drawn_here
    assert "$C to $D</text>" in drawn_here[0]  # and no formula
    assert not MARK.search(page)


def test_large_charts_of_many_threads_are_all_there(tmp_path):
    draw = """from concurrent.futures import ThreadPoolExecutor
from evalkit.present.html import Piece
import re

labels = [f"Subject {number}" for number in range(1500)]
made = ThreadPoolExecutor(8).map(lambda _: chart(*labels).html, range(16))
drawings = [drawing for html in made for drawing in re.findall("<svg[^<]*", html)]
print("elsewhere", all("evalkit-drawing-" in drawing for drawing in drawings))
Piece("".join(f"{drawing}\\n" for drawing in drawings), "")"""
    page = report(tmp_path, CHART, draw)
    assert "elsewhere True" in page
    found = drawings(page)
    assert len(found) == 32
    assert len(set(found)) == 2


def test_no_output_keeps_a_mark(tmp_path, drawn_here):
    page = report(tmp_path, SHOWN, "from IPython.display import Markdown\nprint(piece.html)\nMarkdown(piece.html)")
    assert drawings(page) == drawn_here
    assert page.count("&lt;svg") == 4
    assert not MARK.search(page)


BROKEN_OFF = """import signal, time
from functools import partial
from evalkit.present.chart_draughtsman import ordered


def stop(*_):
    raise TimeoutError("stopped")


signal.signal(signal.SIGALRM, stop)
busy = ordered(partial(time.sleep, 3))
try:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    ordered(partial(str, "x" * 5_000_000))
except TimeoutError:
    signal.setitimer(signal.ITIMER_REAL, 0)
piece = chart("A & B", "$C to $D")
piece"""


def test_an_order_that_is_broken_off_stops_no_other_drawing(tmp_path, drawn_here):
    assert drawings(report(tmp_path, CHART, BROKEN_OFF)) == drawn_here


@pytest.mark.parametrize(
    "lost",
    [
        "half = html.index('evalkit-drawing-') + 30\nprint(html[:half], flush=True)\nprint(html[half:])",
        "import base64\nprint(base64.b64encode(html.encode()).decode())",
    ],
)
def test_a_mark_that_is_lost_on_its_way_to_the_page_leaves_the_drawing_to_the_notebook(tmp_path, lost):
    page = report(tmp_path, SHOWN.removesuffix("\npiece"), f"html = piece.html + 'evalkit-drawing-'\n{lost}")
    assert "elsewhere False" in page


def test_what_looks_like_a_mark_in_the_data_stays(tmp_path, drawn_here):
    false = f"evalkit-drawing-{'0' * 32}"
    page = report(tmp_path, SHOWN, f"from evalkit.present.html import Piece\nPiece('<p>{false}</p>', '')")
    assert f"<p>{false}</p>" in page
    assert drawings(page) == drawn_here


def test_a_drawing_that_warns_is_refused_in_its_cell(tmp_path):
    with pytest.raises(ReportError, match=r"cell 3 \(chart\('一', 'B'\)\): a warning must .*missing from font"):
        report(tmp_path, CHART, "chart('一', 'B')")


@pytest.mark.parametrize(
    "draws",
    [
        "from evalkit.present.chart_figure import _drawing\n_drawing(Sketch(lambda figure: 1 / 0, 2.0), 3.0, '')",
        "from evalkit.present.chart_figure import _drawing\n_drawing(Sketch(float, 2.0), 3.0, '')",
    ],
)
def test_a_drawing_that_fails_is_refused_in_its_cell(tmp_path, draws):
    failing = f"from evalkit.present.chart_forms import Sketch\n{draws}"
    with pytest.raises(ReportError, match=r"cell 2 \(from evalkit.*\): (ZeroDivisionError: division|TypeError: float)"):
        report(tmp_path, failing)


@pytest.mark.parametrize(
    "own",
    [
        "import matplotlib\nmatplotlib.rcParams['axes.unicode_minus'] = False\npiece = chart('A & B', '$C to $D')",
        "import ours\npiece = chart_of(ours.paint)",
        "def paint(figure):\n    figure.text(0.5, 0.5, 'own')\n\npiece = chart_of(paint)",
        "from threading import Lock\npiece = chart_of(lambda figure, held=Lock(): figure.text(0, 0, 'own'))",
    ],
)
def test_what_may_follow_from_the_notebook_is_drawn_there(tmp_path, own):
    (tmp_path / "ours.py").write_text("def paint(figure):\n    figure.text(0.5, 0.5, 'own')\n")
    chart_of = """
from evalkit.present.chart_figure import chart_piece

def chart_of(paint):
    table = make_safe(pd.DataFrame({"people": [30]}), counts=["people"])
    columns = {"people": ("People", "count")}
    return chart_piece(table, paint, height=1.5, columns=columns, texts=("Finding", "People", "Source"))
"""
    page = report(tmp_path, CHART + chart_of, f"{own}\nprint('elsewhere', is_elsewhere(piece))\npiece")
    assert "elsewhere False" in page
    assert len(drawings(page)) in {1, 2}


def test_what_a_cell_starts_draws_by_itself(tmp_path):
    alone = SHOWN.removesuffix("\npiece")
    started = f"import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', {alone!r}], text=True))"
    forked = "import multiprocessing\ncontext = multiprocessing.get_context('fork')\nwith context.Pool(1) as pool:\n"
    forked += "    print('forked', pool.apply(chart, 'AB').html.count('</svg>'))"
    page = report(tmp_path, started, CHART, forked)
    assert "elsewhere False" in page
    assert "forked 2" in page


def test_without_a_draughtsman_the_notebook_draws_by_itself(tmp_path, drawn_here):
    page = report(tmp_path, KILL, SHOWN)
    assert "killed 1" in page
    assert "elsewhere False" in page
    assert drawings(page) == drawn_here


def test_where_the_draughtsman_is_killed_with_orders_in_hand_the_notebook_is_run_again(tmp_path, drawn_here):
    page = report(tmp_path, SHOWN, KILL)
    assert "elsewhere False" in page
    assert drawings(page) == drawn_here


def test_a_draughtsman_that_fails_ends_and_the_notebook_is_run_again(tmp_path, drawn_here):
    spoil = "from evalkit.present import chart_draughtsman\nif chart_draughtsman._way:\n"
    page = report(tmp_path, SHOWN, f"{spoil}    chart_draughtsman._way.send_bytes(b'no order')", "print('one kernel')")
    assert "elsewhere False" in page
    assert drawings(page) == drawn_here


def test_whatever_happens_to_the_draughtsman_one_process_alone_goes_on():
    goes_on = (
        "import os\n"
        "from evalkit.present import chart_draughtsman\n"
        "from evalkit.reports import drawing\n"
        "chart_draughtsman.draw_all = lambda *_: 1 / 0\n"
        "charts = drawing.Charts()\n"
        "os.environ.update(charts.environment)\n"
        "drawing.hire()\n"
        "os.write(1, b'hired\\n' if chart_draughtsman._way else b'not hired\\n')\n"
        "os._exit(0)"
    )
    environment = os.environ | KERNEL_ENVIRONMENT
    command = [sys.executable, "-c", goes_on]
    said = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=60).stdout
    assert said == "hired\n"


def test_a_process_that_a_cell_leaves_behind_keeps_nobody_waiting(tmp_path, drawn_here):
    leave = "import os, time\nchild = os.fork()\nif not child:\n    os.setsid()\n    time.sleep(60)\n    os._exit(0)"
    page = report(tmp_path, SHOWN, f"{leave}\nprint(child)")
    os.kill(int(re.search(r">(\d+)\n", page)[1]), signal.SIGKILL)
    assert drawings(page) == drawn_here


def test_a_cell_that_waits_for_what_it_has_started_does_not_meet_the_draughtsman(tmp_path, drawn_here):
    wait = "import os\nif not (child := os.fork()):\n    os._exit(0)\nprint('own', os.wait()[0] == child)\n"
    alone = "try:\n    os.wait()\nexcept ChildProcessError:\n    print('no other')"
    page = report(tmp_path, SHOWN, wait + alone)
    assert "own True\nno other\n" in page
    assert drawings(page) == drawn_here


def test_nobody_is_left_when_the_process_that_makes_the_page_is_killed(tmp_path):
    told = tmp_path / "told"
    write_notebook(tmp_path / "trial.ipynb", SHOWN, f"import os, time\nos.mkfifo({str(told)!r})\ntime.sleep(600)")
    make = (
        "import sys; from pathlib import Path; from evalkit.reports.run import run_notebook\n"
        "run_notebook(Path(sys.argv[1]), Path(sys.argv[2]), title='', parameters={})"
    )
    notebook, page = tmp_path / "trial.ipynb", tmp_path / "out/trial.html"
    maker = subprocess.Popen([sys.executable, "-c", make, notebook, page], start_new_session=True)
    until(told.exists)
    groups = {group for group, starter in groups_and_starters() if starter == maker.pid}
    assert len(groups) == 1
    assert len([group for group, _ in groups_and_starters() if group in groups]) == 2
    maker.kill()
    maker.wait()
    until(lambda: not any(group in groups for group, _ in groups_and_starters()))


def groups_and_starters():
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone by now
            state, starter, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
            if state != "Z":
                yield int(group), int(starter)


def until(told):
    while not told():
        time.sleep(0.05)


def test_a_notebook_without_charts_has_no_draughtsman(tmp_path):
    assert "killed 1" not in report(tmp_path, KILL)
    assert "killed 1" in report(tmp_path, KILL, "from evalkit.present.charts import show_bars")


def test_a_safe_table_survives_the_way_to_another_process():
    table = make_safe(pd.DataFrame({"label": ["A", "B"], "people": [30, 4]}), counts=["people"])
    back = pickle.loads(pickle.dumps(table))
    assert (back.threshold, back.hidden_cells) == (table.threshold, table.hidden_cells) == (10, 2)
