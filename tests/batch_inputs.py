"""A small batch as a user would set it up, for the tests: an extract of three areas, a specification, a notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
from small_extracts import SETTINGS, write_extract

AREAS = {"North": 12, "South & East": 15, "Tiny": 9}
"""People of each area; nine are one fewer than may be shown."""

NOWHERE = 11
"""People of no area."""

PARAMETERS = 'spec_path: str = ""\ndata: str = ""\nonly: str = ""  # one area; empty: everyone'
LOAD = """import evalkit
from evalkit.reports.part import extract_of_part, spec_of_part

spec = spec_of_part(evalkit.read_spec(spec_path), only)
extract = extract_of_part(evalkit.load(data), spec, only)"""
SHOW = """from evalkit.present.html import Piece

print(spec.title)
print(extract.summary.to_string())
counted = len(extract.table("sentences").collect("pandas"))
facts = {"headline": f"{only} <b>has</b> {counted} sentences", "finding": "lower"}
Piece(f"<p>{counted} sentences</p>", "sentences", {**facts, "difference": -0.02, "low": -0.03, "high": -0.01})"""


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook whose first cell declares the parameters."""
    cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="parameters")]
    cells += [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    return path


def people_and_sentences(**areas: int) -> dict[str, str]:
    """The tables of people and sentences, with so many people in each area."""
    units = [area for area, many in (areas or AREAS).items() for _ in range(many)] + [""] * NOWHERE
    named = [(f"P{number:03d}", area) for number, area in enumerate(units)]
    people = "".join(f"{person},1990-01-01,male\n" for person, _ in named)
    sentences = "".join(
        f"S{person},{person},2019-02-01,community order,00801,2019-02-01,{area}\n" for person, area in named
    )
    head = "sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,area\n"
    return {"people": f"person_id,date_of_birth,sex\n{people}", "sentences": head + sentences}


def write_inputs(folder: Path, *sources: str, **areas: int) -> Path:
    """Write notebook, specification and extract; return the specification."""
    folder.mkdir(parents=True, exist_ok=True)
    write_notebook(folder / "trial.ipynb", *(sources or (LOAD, SHOW)))
    spec = folder / "trial.toml"
    spec.write_text(
        'title = "Trial"\nnotebook = "trial.ipynb"\ndata = "extract"\n[cohort]\nperiod = [2019-01-01, 2019-12-31]\n'
    )
    write_extract(folder / "extract", settings=SETTINGS, **people_and_sentences(**areas))
    return spec
