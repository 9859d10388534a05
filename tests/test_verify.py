"""Whether a folder of reports still fits its manifest, and what it was made from."""

from __future__ import annotations

import json
import shutil

import pytest
from batch_inputs import write_inputs

from evalkit.cli import main
from evalkit.errors import DataError
from evalkit.reports.batch import run_batch
from evalkit.reports.verify import verify_reports


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The inputs of a batch, and its folder `out`."""
    folder = tmp_path_factory.mktemp("finished")
    run_batch(write_inputs(folder), by="area", out=folder / "out")
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of them to spoil; the paths between them are the same."""
    return shutil.copytree(finished, tmp_path / "copy")


def misfits(folder):
    return [str(misfit) for misfit in verify_reports(folder / "out").misfits]


def test_a_folder_as_it_was_written_fits_and_exits_with_0(folder, capsys):
    assert misfits(folder) == []
    assert main(["verify", str(folder / "out")]) == 0
    assert capsys.readouterr().out == "2 reports in the manifest, no misfits\n"


def test_what_does_not_fit_is_listed_and_exits_with_1(folder, capsys):
    (folder / "out/trial-north.html").write_bytes(b"<p>changed")
    assert main(["verify", str(folder / "out")]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "trial-north.html: is not the file that was written",
        "2 reports in the manifest, 1 misfits",
    ]


def append(path, text=" "):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "out/trial-north.html").unlink(), "trial-north.html: is missing"),
        (lambda folder: append(folder / "out/trial-north.html"), "trial-north.html: is not the file that was written"),
        (lambda folder: (folder / "out/trial-x.html").write_text(""), "trial-x.html: is not in the manifest"),
        (lambda folder: append(folder / "out/index.html"), "index.html: is not the index page of this manifest"),
        (lambda folder: (folder / "out/index.html").unlink(), "index.html: is not the index page of this manifest"),
        (lambda folder: append(folder / "trial.toml"), "trial.toml: is not the one that 2 of 2 reports were made from"),
        (
            lambda folder: append(folder / "trial.ipynb"),
            "trial.ipynb: is not the one that 2 of 2 reports were made from",
        ),
        (lambda folder: (folder / "trial.ipynb").unlink(), "trial.ipynb: is not at ../trial.ipynb any more"),
        (
            lambda folder: append(folder / "extract/people.csv", "P999,1990-01-01,male\n"),
            "extract/people.csv: has changed since the last run",
        ),
        (lambda folder: (folder / "extract/people.csv").unlink(), "extract/people.csv: is missing"),
        (lambda folder: (folder / "extract/new.csv").write_text(""), "extract/new.csv: is new since the last run"),
        (lambda folder: shutil.rmtree(folder / "extract"), "extract: the extract is not at ../extract any more"),
    ],
)
def test_each_thing_that_was_changed_is_named(folder, spoil, said):
    spoil(folder)
    assert misfits(folder) == [said]


@pytest.mark.parametrize("part", ["library", "template"])
def test_another_evalkit_than_the_reports_were_made_with_is_said(folder, part):
    manifest = json.loads((folder / "out/manifest.json").read_text())
    manifest["batches"][0]["reports"][0]["made_from"]["code"][part] = "0" * 64
    (folder / "out/manifest.json").write_text(json.dumps(manifest))
    assert misfits(folder) == [f"evalkit ({part}): is not the one that 1 of 2 reports was made with"]


def test_reports_that_failed_do_not_fit(folder):
    manifest = json.loads((folder / "out/manifest.json").read_text())
    failed = {"state": "failed", "error": {"kind": "ReportError", "cell": "cell 2", "message": "went wrong"}}
    manifest["batches"][0]["reports"][1] |= failed
    (folder / "out/manifest.json").write_text(json.dumps(manifest))
    assert "trial-south-east.html: failed: went wrong" in misfits(folder)


def test_a_folder_without_a_manifest_is_said(tmp_path, capsys):
    with pytest.raises(DataError, match=r"there is no manifest\.json in "):
        verify_reports(tmp_path)
    assert main(["verify", str(tmp_path)]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
