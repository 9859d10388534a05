"""A batch of reports of six tables and six charts: evalkit beside papermill and nbconvert (one process, commands).

    .venv/bin/python benchmarks/batch.py [reports]

The notebook is the same on all sides. The other ways are timed on a few reports, because each takes as long as the
one before; evalkit on the whole batch, with its start, and once more when nothing has changed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

sys.path.insert(0, str(Path(__file__).parent))
from report import BIN, CHART, DATA, IMPORTS, TABLE

OTHERS = 3
"""Reports made the other ways."""

PARAMETERS = 'spec_path: str = ""\ndata: str = ""\nonly: str = ""'
ONE_PROCESS = """import sys, time
import nbformat, papermill
from nbconvert import HTMLExporter
for number in range(int(sys.argv[1])):
    papermill.execute_notebook("six.ipynb", "done.ipynb", parameters={"only": str(number)}, progress_bar=False)
    html, _ = HTMLExporter().from_filename("done.ipynb")
    open("done.html", "w").write(html)
"""


def write_inputs(folder: Path, areas: int) -> None:
    """Write the notebook, a specification and an extract of 12 people in each area."""
    sources = [IMPORTS, DATA, *(part.format(digits=digits) for digits in range(2, 8) for part in (TABLE, CHART))]
    cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), folder / "six.ipynb")
    (folder / "six.toml").write_text(
        'title = "Six of each"\nnotebook = "six.ipynb"\ndata = "extract"\n[cohort]\nperiod = [2019-01-01, 2019-12-31]\n'
    )
    extract = folder / "extract"
    extract.mkdir()
    (extract / "extract.toml").write_text('source = "benchmark"\nextract_date = 2021-12-31\n')
    people = [(f"P{area}-{number}", f"Area {area:03d}") for area in range(areas) for number in range(12)]
    (extract / "people.csv").write_text(
        "person_id,date_of_birth,sex\n" + "".join(f"{person},1990-01-01,male\n" for person, _ in people)
    )
    head = "sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,area\n"
    rows = (f"S{person},{person},2019-02-01,community order,00801,2019-02-01,{area}\n" for person, area in people)
    (extract / "sentences.csv").write_text(head + "".join(rows))


def seconds(command: list[str], folder: Path) -> float:
    """Wall-clock seconds of one command."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Time all sides and print seconds a report."""
    reports = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, reports)
        batch = [sys.executable, "-m", "evalkit", "batch", "six.toml", "--by", "area", "--out", "reports"]
        ours = seconds(batch, folder)
        unchanged = seconds(batch, folder)
        one_process = seconds([sys.executable, "-c", ONE_PROCESS, str(OTHERS)], folder) / OTHERS
        papermill = [str(BIN / "papermill"), "six.ipynb", "done.ipynb", "-p", "only", "all"]
        commands = seconds(papermill, folder)
        commands += seconds([str(BIN / "jupyter"), "nbconvert", "--to", "html", "done.ipynb"], folder)
    print(f"papermill and nbconvert commands      {commands:5.2f} s a report")
    print(f"papermill and nbconvert, one process  {one_process:5.2f} s a report")
    print(f"evalkit batch, {reports:3d} reports            {ours / reports:5.2f} s a report, {ours:.1f} s in all")
    print(f"the same again, nothing changed       {unchanged:5.2f} s in all")
    print(f"evalkit is {one_process * reports / ours:.1f} and {commands * reports / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
