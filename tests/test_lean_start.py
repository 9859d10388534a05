"""What a report does without while it is being made is there again afterwards."""

import gc
import subprocess
import sys

import pytest
from batch_inputs import write_inputs

from evalkit.reports.kernel import UNUSED
from evalkit.reports.run import _garbage_left


def test_papermill_comes_without_what_others_can_still_import():
    asked = (
        "import importlib, sys\n"
        "from evalkit.reports.kernel import UNUSED, import_papermill\n"
        "import_papermill()\n"
        "print([name for name in [*UNUSED, 'pyarrow', 'numpy'] if name in sys.modules], 'papermill' in sys.modules)\n"
        "print(importlib.import_module('isoduration').__name__, importlib.import_module('pyarrow.fs').__name__)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.splitlines() == ["[] True", "isoduration pyarrow.fs"]
    assert {"isoduration", "pyarrow.fs"} <= set(UNUSED)


def test_what_is_there_already_stays():
    asked = (
        "import sys, isoduration\n"
        "from evalkit.reports.kernel import import_papermill\n"
        "import_papermill()\n"
        "print(sys.modules['isoduration'] is isoduration)"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.strip() == "True"


def test_pages_are_searched_without_pandas(tmp_path):
    write_inputs(tmp_path)
    asked = (
        "import sys\n"
        "from evalkit.intake.identifiers import read_identifiers\n"
        "identifiers = read_identifiers(sys.argv[1])\n"
        "print(sorted(identifiers.in_text('P001 and SP002')), 'pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", asked, str(tmp_path / "extract")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.strip() == "['P001', 'SP002'] False"


def test_garbage_is_looked_for_again_after_a_report_that_failed():
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), _garbage_left():
        assert not gc.isenabled()
        print(1 // 0)
    assert gc.isenabled()


def test_who_looks_for_no_garbage_is_left_so():
    gc.disable()
    try:
        with _garbage_left():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
