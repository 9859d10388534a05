"""Reports: the papermill and nbconvert commands beside evalkit, as ratios.

    .venv/bin/python benchmarks/report.py [repeats]

Each way starts from a new process, as `make report` does. First a notebook of six tables and six charts, whose own work
(imports, a logistic regression on 20,000 rows) is timed alone as the floor of both; then the employment report itself,
complete, on the demonstration extract, which has been read and checked before.
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


def write_notebook(path: Path) -> str:
    """Write the notebook to `path`; return its code as one script."""
    sources = [IMPORTS, DATA]
    sources += [part.format(digits=digits) for digits in range(2, 8) for part in (TABLE, CHART)]
    cells = [nbformat.v4.new_code_cell('area: str = "all"', metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    return "\n".join(sources).replace("display(HTML(", "print(len(")


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


def complete(repeats: int) -> None:
    """The same for the employment report, without the floor."""
    notebooks, data = Path("notebooks").resolve(), Path("data/demo").resolve()
    given = ["-p", "spec_path", "specs/ete.toml", "-p", "data", str(data)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        papermill = [
            str(BIN / "papermill"),
            str(notebooks / "ete.ipynb"),
            "done.ipynb",
            "--cwd",
            str(notebooks),
            *given,
        ]
        nbconvert = [str(BIN / "jupyter"), "nbconvert", "--to", "html", "done.ipynb"]
        spec = str(notebooks / "specs/ete.toml")
        evalkit = [sys.executable, "-m", "evalkit", "report", spec, "--data", str(data), "--out", "reports"]
        seconds([evalkit], folder)
        rounds = [[seconds(way, folder) for way in ([papermill, nbconvert], [evalkit])] for _ in range(repeats)]
    commands, ours = (min(times) for times in zip(*rounds, strict=True))
    print(f"the employment report, complete: commands {commands:5.2f} s, evalkit {ours:5.2f} s")
    print(f"evalkit is {commands / ours:.1f} times as fast")


def main() -> None:
    """Both, as often as asked."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    six_of_each(repeats)
    complete(repeats)


if __name__ == "__main__":
    main()
