"""A batch on a Dask cluster: complete, also where a worker is lost in the middle."""

from __future__ import annotations

import pytest
from batch_inputs import LOAD, SHOW, write_inputs
from distributed import LocalCluster
from test_together import extract_with_women, shown_in

from evalkit.errors import ReportError
from evalkit.reports.batch import run_batch

# Each report takes down the worker that makes it, the first time: two workers may be gone at once.
KILL = """import os, signal
from pathlib import Path
marker = Path("killed " + only)
worker = int(Path(f"/proc/{os.getppid()}/stat").read_text().split(")")[1].split()[1])
killing = not marker.exists()
marker.touch()
os.kill(worker, signal.SIGKILL) if killing else None"""


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers with one thread each, on this machine."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as two_workers:
        yield two_workers


def test_a_batch_is_complete_although_its_workers_are_killed_in_the_middle(cluster, tmp_path):
    here = run_batch(write_inputs(tmp_path, LOAD, SHOW), by="area", out=tmp_path / "here", workers=1)
    pages = {path.name: path.read_bytes() for path in (tmp_path / "here").glob("trial-*.html")}
    spec = write_inputs(tmp_path / "killing", LOAD, SHOW, KILL)
    away = run_batch(spec, by="area", out=tmp_path / "away", workers=cluster.scheduler_address)
    assert len(list((tmp_path / "killing").glob("killed *"))) == 2
    assert [entry.state for entry in away.batches["trial by area"].entries.values()] == ["done", "done"]
    assert here.batches.keys() == away.batches.keys()
    same = run_batch(tmp_path / "trial.toml", by="area", out=tmp_path / "same", workers=cluster.scheduler_address)
    assert {name: (tmp_path / "same" / name).read_bytes() for name in pages} == pages
    assert same.batches["trial by area"].rows == here.batches["trial by area"].rows


def test_what_a_batch_hides_together_is_worked_out_on_the_cluster(cluster, tmp_path):
    spec = extract_with_women(tmp_path, North=(4, 40), South=(13, 60), West=(30, 70))
    away = run_batch(spec, by="area", out=tmp_path / "out", workers=cluster.scheduler_address)
    assert away.batches["trial by area"].together
    assert shown_in(tmp_path / "out/trial-north.html") == ["[c]", "[c]"]
    assert shown_in(tmp_path / "out/trial-south.html") == ["[c]", "[c]"]  # 13 women, or 4 would be what is left
    assert shown_in(tmp_path / "out/trial-west.html") == ["30", "70"]


def test_a_cluster_without_workers_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr("evalkit.reports.cluster.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("evalkit.reports.cluster.ALONE_SECONDS", 1)
    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as nobody:
        made = run_batch(write_inputs(tmp_path), by="area", out=tmp_path / "out", workers=nobody.scheduler_address)
    entries = made.batches["trial by area"].entries.values()
    assert [entry.state for entry in entries] == ["failed", "failed"]
    assert {entry.error["message"] for entry in entries} == {"the cluster could not make it: no worker for 1 s"}


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("evalkit.reports.cluster.ANSWER_SECONDS", 1)
    with pytest.raises(ReportError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run_batch(write_inputs(tmp_path), by="area", out=tmp_path / "out", workers="tcp://127.0.0.1:9")
