"""Reports: the papermill and nbconvert commands beside evalkit, as ratios.

    .venv/bin/python benchmarks/report.py [repeats]

Each way starts from a new process, as `make report` does. First a notebook of six tables and six charts, whose own work
(imports, a logistic regression on 20,000 rows) is timed alone as the floor of both; then, on the demonstration extract,
which has been read and checked before, what the published evaluation held (stages, courses, sectors, actual against
predicted, published against recomputed: seven tables, two flows, three charts in two forms each) and the employment
report of today, complete. Their floor is their cells as a script in one process, without Jupyter or a page.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

BIN = Path(sys.executable).parent
IMPORTS = """import io
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import statsmodels.formula.api as smf
from IPython.display import HTML, display"""
DATA = """random = np.random.default_rng(1)
people = pd.DataFrame({"age": random.normal(33, 9, 20_000), "sanctions": random.poisson(6, 20_000)})
people["predicted"] = 1 / (1 + np.exp(0.04 * people["age"] - 0.1 * people["sanctions"]))
people["reconvicted"] = (random.random(20_000) < people["predicted"]).astype(int)
people["band"] = pd.qcut(people["predicted"], 10, labels=False)
fitted = smf.logit("reconvicted ~ age + sanctions", people).fit(disp=0)"""
TABLE = "display(HTML(people.groupby('band').mean().round({digits}).to_html()))"
CHART = """figure, axes = plt.subplots(figsize=(7, 3))
sns.regplot(people.groupby("band").mean().round({digits}), x="predicted", y="reconvicted", ax=axes)
drawing = io.StringIO()
figure.savefig(drawing, format="svg")
plt.close(figure)
display(HTML(drawing.getvalue()))"""
OURS = """from pathlib import Path
from evalkit.reports import run_notebook
here = Path.cwd()
run_notebook(here / "six_of_each.ipynb", here / "six_of_each.html", title="Six", parameters={"area": "all"})"""


OURS_PUBLISHED = """from pathlib import Path
from evalkit.reports import run_notebook
here = Path.cwd()
run_notebook(here / "published.ipynb", here / "published.html", title="ETE", parameters={parameters})"""
PUBLISHED = [
    """spec_path: str = ""
data: str = \"\"""",
    """import evalkit
spec = evalkit.read_spec(spec_path)
evalkit.start_publication(spec.threshold)
extract = evalkit.load(data, tables=spec.tables)
cohort = evalkit.build_cohort(extract, spec)
caveats = evalkit.caveats(extract, cohort)""",
    "evalkit.masthead(spec, extract.settings, caveats=caveats)",
    "evalkit.show_caveats(caveats)",
    """stages, courses = evalkit.stages(extract, spec), evalkit.courses(extract, spec)
safe_stages = evalkit.make_safe(stages, counts={"people": "of"}, within="label")
safe_courses = evalkit.make_safe(courses, counts=["courses"], ranked_by="subject")
safe_sectors = evalkit.make_safe(evalkit.sectors(extract, spec), counts=["people"], ranked_by="sector")
safe_counts = evalkit.make_safe(evalkit.counts(extract, spec), counts=["count"], within="name")
reconviction = evalkit.group_comparisons(cohort, design="naive")
safe_reconviction = evalkit.make_safe(reconviction, counts={"people": None, "actual": "people"}, within="within")
bases = {"people": None, "unscored": "people", "reconvicted": "unscored"}
safe_unscored = evalkit.make_safe(evalkit.unscored(cohort), counts=bases, within="within")""",
    """labels = {"took_up": "took up", "found_work": "found work", "sustained_13_weeks": "kept it"}
evalkit.cards(*(evalkit.stage_card(safe_stages, name, label=label) for name, label in labels.items()))""",
    """evalkit.show_table(safe_stages, caption="Stages", columns="stages", missing="[z]")""",
    """finding = evalkit.most_frequent(safe_courses, "courses", what="courses completed")
evalkit.show_bars(safe_courses, columns="courses", finding=finding, measure="Courses", source="Courses")""",
    """finding = evalkit.most_frequent(safe_sectors, "sectors", what="people who found work")
evalkit.show_bars(safe_sectors, columns="sectors", finding=finding, measure="People", source="Jobs")""",
    """finding = evalkit.chart_finding(safe_reconviction)
evalkit.show_dumbbell(safe_reconviction, finding=finding, measure="Naive figures", source="Sentences")""",
    """evalkit.show_table(safe_reconviction, caption="Actual and predicted", columns="comparison")""",
    """evalkit.show_table(safe_reconviction, caption="In people", columns="comparison sizes")""",
    """evalkit.show_table(safe_unscored, caption="Without a score", columns="unscored", missing="[z]")""",
    """results = {"stages": safe_stages, "courses": safe_courses, "sectors": safe_sectors, "counts": safe_counts,
           "reconviction": safe_reconviction}
published = evalkit.reconcile(spec, results)
evalkit.reconciliation(evalkit.make_safe(published, counts=[]))""",
    """flagged = evalkit.make_safe(published[published["flagged"]], counts=[])
evalkit.show_table(flagged, caption="What does not reconcile", columns="published")""",
    """safe_published = evalkit.make_safe(published, counts=[])
evalkit.show_table(safe_published, caption="Published", columns="published", flag="flagged")""",
    """flow = evalkit.make_flow_safe(cohort.flow_of("took_up"), whole=cohort.flow)
evalkit.show_flow(flow, start="took up the service")""",
    """evalkit.show_flow(evalkit.make_flow_safe(cohort.flow), start="people in the extract")""",
    """rows = evalkit.make_safe(extract.summary, counts=["read", "used", "rejected"], threshold=1)
evalkit.show_table(rows, caption="Rows", columns="files", notes=extract.notes)""",
    "evalkit.what_is_hidden(spec)",
    "evalkit.how_made(spec, extract.provenance)",
]


def write_notebook(path: Path) -> str:
    """Write the notebook of six tables and six charts to `path`; return its code as one script."""
    sources = [IMPORTS, DATA]
    sources += [part.format(digits=digits) for digits in range(2, 8) for part in (TABLE, CHART)]
    write_cells(path, ['area: str = "all"', *sources])
    return "\n".join(sources).replace("display(HTML(", "print(len(")


def write_script(path: Path, notebook: Path, given: dict[str, str]) -> None:
    """Write the code of a notebook as a script, with the values given after its parameters."""
    cells = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    values = [f"{name} = {value!r}" for name, value in given.items()]
    path.write_text("\n".join([cells[0], *values, *cells[1:]]), encoding="utf-8")


def write_cells(path: Path, sources: list[str]) -> None:
    """Write a notebook whose first cell declares its parameters."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = ["parameters"]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)


def seconds(commands: list[list[str]], folder: Path) -> float:
    """Wall-clock seconds of running the commands one after another in `folder`."""
    start = time.perf_counter()
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def six_of_each(repeats: int) -> None:
    """Time the three ways in turn, as often as asked, and print the best of each (the least disturbed)."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        script = write_notebook(folder / "six_of_each.ipynb")
        papermill = [str(BIN / "papermill"), "six_of_each.ipynb", "done.ipynb", "-p", "area", "all"]
        nbconvert = [str(BIN / "jupyter"), "nbconvert", "--to", "html", "done.ipynb"]
        ways = [[[sys.executable, "-c", script]], [papermill, nbconvert], [[sys.executable, "-c", OURS]]]
        rounds = [[seconds(commands, folder) for commands in ways] for _ in range(repeats)]
    floor, commands, ours = (min(times) for times in zip(*rounds, strict=True))
    print(f"the notebook's own work, as a script   {floor:5.2f} s")
    print(f"papermill and nbconvert commands       {commands:5.2f} s   {commands / floor:.1f} x the work")
    print(f"evalkit.reports.run_notebook           {ours:5.2f} s   {ours / floor:.1f} x the work")
    print(f"evalkit is {commands / ours:.1f} times as fast; it adds {ours - floor:.2f} s to the work")


def employment(repeats: int) -> None:
    """The same for the employment report, as it was published and as it is."""
    notebooks, data = Path("notebooks").resolve(), str(Path("data/demo").resolve())
    spec = str(notebooks / "specs/ete.toml")
    given = {"spec_path": spec, "data": data}
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_cells(folder / "published.ipynb", PUBLISHED)
        alone = OURS_PUBLISHED.format(parameters=given)
        report = ["-m", "evalkit", "report", spec, "--data", data, "--out", "reports"]
        for what, notebook, ours in (
            ("as it was published", folder / "published.ipynb", ["-c", alone]),
            ("complete", notebooks / "ete.ipynb", report),
        ):
            write_script(folder / "cells.py", notebook, given)
            values = [part for name, value in given.items() for part in ("-p", name, value)]
            papermill = [str(BIN / "papermill"), str(notebook), "done.ipynb", "--cwd", str(notebooks), *values]
            nbconvert = [str(BIN / "jupyter"), "nbconvert", "--to", "html", "done.ipynb"]
            script, evalkit = [sys.executable, "cells.py"], [sys.executable, *ours]
            seconds([evalkit], folder)
            ways = ([script], [papermill, nbconvert], [evalkit])
            rounds = [[seconds(way, folder) for way in ways] for _ in range(repeats)]
            floor, commands, fastest = (min(times) for times in zip(*rounds, strict=True))
            print(f"the employment report, {what}: commands {commands:5.2f} s, evalkit {fastest:5.2f} s")
            print(
                f"evalkit is {commands / fastest:.1f} times as fast; its cells alone, as a script, take {floor:5.2f} s"
            )


def main() -> None:
    """All of them, as often as asked."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    six_of_each(repeats)
    employment(repeats)


if __name__ == "__main__":
    main()
