"""What every test module shares: one way to compare floats, with the decimals stated."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# The same examples every time, however slow the machine.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")


SLOW_FIRST = (
    *("browser/test_pages", "test_notebooks", "test_study", "test_batch", "test_rat", "test_engine", "test_ete_report"),
    *("test_through_the_gate", "test_intervention_report", "test_synthetic", "test_matched", "test_monitoring"),
    *("test_register", "test_cluster", "test_scan", "test_reference", "test_release_tables", "test_disclosure"),
    *("test_series_report", "test_series", "test_batch_attack", "test_kept"),
)
"""Files that take longest: with two processes at work they come first, so that neither waits at the end."""


def pytest_collection_modifyitems(items):
    """Slow files first; the tests of a file keep their order."""

    def rank(item):
        places = [place for place, name in enumerate(SLOW_FIRST) if f"{name}.py" in item.nodeid]
        return places[0] if places else len(SLOW_FIRST)

    items.sort(key=rank)


def assert_close(actual, expected, *, decimals):
    """Fail unless every number agrees to the given number of decimal places."""
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=0, atol=0.5 * 10.0**-decimals
    )


@pytest.fixture(scope="session")
def once(tmp_path_factory, worker_id):
    """What is made in a new folder once for all processes that test: once(name, make) returns what make(folder) did."""
    root = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        root = root.parent  # the one folder of all processes

    def made(name: str, make: Callable[[Path], Path]) -> Path:
        done = root / f"{name} done"
        with (root / f"{name} lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                done.write_text(str(make(root / name)), encoding="utf-8")
        return Path(done.read_text(encoding="utf-8"))

    return made


@pytest.fixture(scope="session")
def demo_folder(once):
    """The demonstration extract at its default size."""
    from evalkit.synthetic import write_demo

    return once("demo", write_demo)


@pytest.fixture(scope="session")
def ete(once, demo_folder):
    """The employment report on the demonstration extract."""
    from evalkit.reports import run_report

    return once("ete", lambda folder: run_report("notebooks/specs/ete.toml", data=demo_folder, out=folder))
