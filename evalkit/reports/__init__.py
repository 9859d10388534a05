"""Reports: a notebook run with its parameters becomes one self-contained HTML file."""

from evalkit.reports.run import run_notebook, run_report

__all__ = ["run_notebook", "run_report"]
