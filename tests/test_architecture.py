"""Who may import whom: read from the source, so that no arrow points the wrong way."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path("evalkit")
FLOOR_0 = {"errors", "dates", "spec"}
MAY_IMPORT = {
    "errors": set(),
    "dates": set(),
    "spec": {"errors", "dates"},
    "intake": FLOOR_0,
    "ogrs": FLOOR_0,
    "statistics": FLOOR_0,
    "cohort": FLOOR_0 | {"intake", "ogrs", "statistics"},
    "register": FLOOR_0 | {"statistics"},
    "present": FLOOR_0,
    "synthetic": FLOOR_0 | {"intake", "ogrs", "statistics", "cohort"},
    "reports": FLOOR_0 | {"intake", "ogrs", "statistics", "cohort", "register", "present"},
    "cli": {"errors", "intake", "register", "reports", "synthetic"},
    "__main__": {"cli"},
    "__init__": set(),
}
"""Wing or room -> the others it may import; its own rooms are always allowed."""

ONLY_IN = {
    "matplotlib": "present/chart",
    "seaborn": "present/chart",
    "papermill": "reports/",
    "nbconvert": "reports/",
    "nbclient": "reports/",
    "evalkit.synthetic.truth": "synthetic/",
}
SOURCES = sorted(ROOT.rglob("*.py"))


def imported(path):
    """Every module a file imports, anywhere in it; 'from a import b' counts as a and as a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wing(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_go_downwards_only(path):
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "evalkit" and len(parts) > 1 and not (parts[1].startswith("__") and parts[1] != "__main__"):
            assert parts[1] in MAY_IMPORT[wing(path)] | {wing(path)}, f"{path} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_some_modules_are_imported_in_one_place_only(path):
    place = path.relative_to(ROOT).as_posix()
    for name in imported(path):
        for restricted, home in ONLY_IN.items():
            if name == restricted or name.startswith(f"{restricted}."):
                assert place.startswith(home), f"{path} imports {name}"


def test_every_wing_is_in_the_table():
    assert {wing(path) for path in SOURCES} <= set(MAY_IMPORT)


def test_the_planted_truth_is_imported_by_the_demonstration_and_its_tests_only():
    users = [path.name for path in Path("tests").glob("*.py") if "evalkit.synthetic.truth" in set(imported(path))]
    assert all(name.startswith("test_synthetic") for name in users)


def test_notebooks_do_not_reach_into_the_planted_truth():
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path("notebooks").rglob("*.ipynb")}
    assert [name for name, text in texts.items() if "synthetic" in text] == ["validation.ipynb"]
    # That one shows what the wing's own validation tables say, and nothing else of it.
    assert re.findall(r".*synthetic.*", texts["validation.ipynb"]) == [
        '    "from evalkit.synthetic import validation\\n",'
    ]


def test_environment_yml_is_in_step_with_pyproject():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load(Path("environment.yml").read_text(encoding="utf-8"))
    python, pip, nested = environment["dependencies"]
    assert python == f"python{project['requires-python']}"
    assert pip == "pip"
    assert nested["pip"] == [*project["dependencies"], "-e ."]


def test_the_locks_hold_every_dependency_with_hashes_and_no_address():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    for lock, wanted in (("requirements.lock", []), ("requirements-dev.lock", extras)):
        text = Path(lock).read_text(encoding="utf-8")
        assert "://" not in text
        for requirement in [*project["dependencies"], *wanted]:
            name = requirement.split(">")[0].split("=")[0]
            assert f"\n{name}==" in text, f"{name} is missing from {lock}: run `make lock`"
    blocks = Path("requirements.lock").read_text(encoding="utf-8").split("\n")
    pinned = [number for number, line in enumerate(blocks) if "==" in line and not line.startswith((" ", "#"))]
    assert all("--hash=sha256:" in blocks[number + 1] for number in pinned)


def test_the_version_is_said_once():
    import evalkit

    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert evalkit.__version__ == project["version"]


def test_the_data_dictionary_is_the_generated_one():
    from evalkit.synthetic import data_readme

    assert Path("data/README.md").read_text(encoding="utf-8") == data_readme(), "run `make dictionary`"
