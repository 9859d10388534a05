"""Batches: one report for each unit, only what changed, never half done."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from batch_inputs import LOAD, SHOW, people_and_sentences, write_inputs, write_notebook

from evalkit.cli import main
from evalkit.errors import DataError, ReportError, SpecError
from evalkit.reports import fingerprint
from evalkit.reports.batch import run_batch
from evalkit.reports.index import index_page
from evalkit.reports.job import Outcome, Prepared
from evalkit.reports.keeper import Keeper
from evalkit.reports.manifest import Batch, Entry, Manifest, read_manifest, write_manifest
from evalkit.reports.names import file_name
from evalkit.reports.progress import Progress
from evalkit.reports.request import Limits, requested
from evalkit.reports.verify import verify_reports
from evalkit.reports.writing import LOCK, sole_writer, write_whole

SCHEMA = Path(__file__).resolve().parents[1] / "docs/manifest.schema.json"
FAIL = 'if only == "area=South & East": raise ValueError("<script>alert(1)</script> went wrong")'


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def run_cli(capsys, *arguments):
    code = main(["batch", *map(str, arguments)])
    return code, capsys.readouterr()


# ---------------------------------------------------------------- from the command line, end to end


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A folder with a batch in which one of two reports has failed; what was run and what it said."""
    folder = tmp_path_factory.mktemp("batch")
    spec = write_inputs(folder, LOAD, SHOW, FAIL)
    command = [sys.executable, "-m", "evalkit", "batch", str(spec), "--by", "area", "--out", str(folder / "out")]
    done = subprocess.run([*command, "--workers", "1"], capture_output=True, text=True, check=False)
    return folder, done


def test_one_bad_report_does_not_stop_the_rest(batch):
    folder, done = batch
    assert done.returncode == 3
    assert files_in(folder / "out") == [LOCK, "index.html", "manifest.json", "trial-north.html"]
    lines = done.stderr.splitlines()
    assert lines[0] == "2 reports to make, 0 up to date, 1 at a time"
    assert re.fullmatch(r"\[1/2\] North: \d+\.\d s", lines[1])
    said = "ValueError: <script>alert(1)</script> went wrong"
    assert lines[2] == f"[2/2] South & East: failed: cell 4 ({FAIL}): {said}"
    assert lines[3] == f"1 made, 0 up to date, 1 failed. See {folder / 'out'}/index.html"


def test_the_manifest_proves_what_a_report_was_made_from_and_follows_its_schema(batch):
    folder, _ = batch
    held = json.loads((folder / "out/manifest.json").read_text())
    jsonschema.validate(held, json.loads(SCHEMA.read_text()))
    (line,) = held["batches"]
    assert (line["specification"], line["column"], line["period"]) == ("trial", "area", "January 2019 to December 2019")
    assert (line["too_small"], line["without"]) == (["Tiny"], "11")
    assert line["inputs"] == fingerprint.inputs(folder / "extract")
    north, south = line["reports"]
    assert north["sha256"] == fingerprint.sha256_of(folder / "out/trial-north.html")
    assert north["made_from"]["notebook"] == fingerprint.sha256_of(folder / "trial.ipynb")
    assert north["made_from"]["parameters"] == {"only": "area=North"}
    assert north["bytes"] == (folder / "out/trial-north.html").stat().st_size
    assert north["peak_bytes"] > 1e7
    assert (north["all_rows"], south["state"], south["file"]) == (False, "failed", "trial-south-east.html")
    assert south["error"]["cell"].startswith("cell 4 (if only ==")
    assert str(folder) not in (folder / "out/manifest.json").read_text()


def test_a_report_holds_its_own_unit_alone(batch):
    page = (batch[0] / "out/trial-north.html").read_text()
    assert "Trial: North" in page
    assert "12 sentences" in page
    assert "South" not in page[: page.index("raise ValueError")].replace("area=South", "")


def test_the_index_lists_made_failed_and_too_small_and_escapes_what_comes_from_reports(batch):
    page = (batch[0] / "out/index.html").read_text()
    assert '<a href="trial-north.html">North</a>' in page
    assert "area=North &lt;b&gt;has&lt;/b&gt; 12 sentences" in page
    assert "−2.0 (−3.0 to −1.0)" in page
    assert '<th scope="row" role="rowheader">South &amp; East</th>\n<td role="cell">Failed</td>' in page
    assert "ValueError: &lt;script&gt;alert(1)&lt;/script&gt; went wrong" in page
    assert '<th scope="row" role="rowheader">Tiny</th>\n<td role="cell">Too few people to show</td>' in page
    assert "in none of these reports: 11" in page
    assert page.count("<script") == 1
    assert re.findall(r"""(?:src|srcset)\s*=|@import|url\(|<link|https?://""", page) == []


def test_the_next_run_makes_only_what_failed_or_changed(batch, tmp_path, capsys):
    folder = shutil.copytree(batch[0], tmp_path / "copy")
    spec, out, asked = folder / "trial.toml", folder / "out", ("--by", "area", "--out", folder / "out", "--json")
    write_notebook(folder / "trial.ipynb", LOAD, SHOW)
    code, said = run_cli(capsys, spec, *asked)
    assert code == 0
    assert {json.loads(line)["unit"] for line in said.out.splitlines()[1:-1]} == {"North", "South & East"}
    north = (out / "trial-north.html").read_bytes()

    # Nothing changed: nothing is made.
    code, said = run_cli(capsys, spec, *asked)
    assert json.loads(said.out.splitlines()[-1]) == {
        "done": 0,
        "kept": 2,
        "failed": 0,
        "left": 0,
        "stopped": False,
        "out": str(out),
    }

    # A value in the rows of one area, and four fewer people in it: only its report is made again.
    tables = people_and_sentences(**{"North": 12, "South & East": 11, "Tiny": 9})
    for name, text in tables.items():
        (folder / f"extract/{name}.csv").write_text(text)
    code, said = run_cli(capsys, spec, *asked)
    events = [json.loads(line) for line in said.out.splitlines()]
    assert (events[0]["kept"], events[0]["due"]) == (1, 1)
    assert events[1]["unit"] == "South & East"
    assert (out / "trial-north.html").read_bytes() == north


# ---------------------------------------------------------------- what is up to date


@pytest.fixture
def keeper(tmp_path):
    """A batch whose report on the north is up to date, without having been run."""
    request = requested(write_inputs(tmp_path), "area", None, tmp_path / "out", Limits())
    (tmp_path / "out").mkdir()
    (tmp_path / "beside.txt").write_text("read by the notebook")
    kept = Keeper(request)
    kept.divide(INPUTS, prepared())
    beside = fingerprint.sha256_of(tmp_path / "beside.txt")
    kept.enter(Outcome("North", 1.0, 5, html="<p>north", all_rows=False, files={"beside.txt": beside}))
    kept.save()
    return kept


INPUTS = {"people.csv": "1", "sentences.csv": "2"}


def prepared(**rows):
    units = {"North": "n", "South & East": "s", "Tiny": "t", **rows}
    people = {unit: 9 if unit == "Tiny" else 10 for unit in units}
    return Prepared(units, people, without=3, files={})


def reopened(folder, **changes):
    request = requested(folder / "trial.toml", "area", None, folder / "out", Limits())
    return Keeper(replace(request, **changes))


def is_current(folder, inputs=INPUTS, **changes):
    return reopened(folder, **changes).is_current("North", inputs)


@pytest.mark.usefixtures("keeper")
def test_a_report_of_which_nothing_changed_is_up_to_date(tmp_path):
    assert is_current(tmp_path)
    assert is_current(tmp_path, {"people.csv": "other"})  # its own rows decide, not the files


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "trial.ipynb").write_text((folder / "trial.ipynb").read_text() + " "),
        lambda folder: (folder / "trial.toml").write_text((folder / "trial.toml").read_text() + "# changed\n"),
        lambda folder: (folder / "beside.txt").write_text("changed"),
        lambda folder: (folder / "beside.txt").unlink(),
        lambda folder: (folder / "out/trial-north.html").write_text("<p>changed"),
        lambda folder: (folder / "out/trial-north.html").unlink(),
    ],
)
@pytest.mark.usefixtures("keeper")
def test_a_report_whose_notebook_specification_inputs_or_page_changed_is_not(tmp_path, change):
    change(tmp_path)
    assert not is_current(tmp_path)


@pytest.mark.parametrize("part", ["library", "template", "pandas"])
@pytest.mark.usefixtures("keeper")
def test_a_report_of_another_evalkit_template_or_library_is_not(tmp_path, part):
    assert not is_current(tmp_path, code={**fingerprint.code(), part: "other"})


@pytest.mark.usefixtures("keeper")
def test_a_report_whose_own_rows_changed_is_not(tmp_path):
    changed = reopened(tmp_path)
    changed.divide(INPUTS, prepared(North="other"))
    assert not changed.is_current("North", INPUTS)
    assert (tmp_path / "out/trial-north.html").exists()


def test_a_report_that_shows_rows_of_others_follows_all_inputs(keeper, tmp_path):
    keeper.enter(Outcome("North", 1.0, 5, html="<p>north", all_rows=True))
    keeper.save()
    assert is_current(tmp_path, INPUTS)
    assert not is_current(tmp_path, {**INPUTS, "sentences.csv": "other"})


def test_a_unit_that_is_gone_or_too_small_now_has_no_report_any_more(keeper, tmp_path):
    keeper.enter(Outcome("South & East", 1.0, 5, html="<p>south"))
    (tmp_path / "out/trial-south-east.html").write_text("<p>changed by hand")
    keeper.divide(INPUTS, Prepared({"North": "n", "West": "w"}, {"North": 9, "West": 10}, without=3, files={}))
    assert files_in(tmp_path / "out") == ["manifest.json", "trial-south-east.html"]  # what is not ours stays
    assert (keeper.batch.too_small, list(keeper.batch.rows), keeper.batch.without) == (("North",), ["West"], "[c]")


def test_where_every_unit_is_too_small_there_is_nothing_to_report_on(keeper):
    with pytest.raises(DataError, match="no area has 10 people or more"):
        keeper.divide(INPUTS, Prepared({"North": "n"}, {"North": 9}, 0, {}))


def test_the_code_of_evalkit_is_its_sources_and_its_template_apart():
    code = fingerprint.code()
    assert re.fullmatch("[0-9a-f]{64}", code["library"])
    assert code["library"] != code["template"]
    assert code["python"].count(".") == 2
    assert fingerprint.code() == code


# ---------------------------------------------------------------- refused before anything is touched


def test_a_notebook_without_the_parameter_only_is_refused(tmp_path):
    spec = write_inputs(tmp_path)
    text = (tmp_path / "trial.ipynb").read_text()
    (tmp_path / "trial.ipynb").write_text(text.replace("only: str", "area: str"))
    with pytest.raises(SpecError, match="has no parameter 'only'"):
        run_batch(spec, by="area", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_cluster_without_its_package_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SpecError, match="a Dask cluster needs the package distributed"):
        run_batch(write_inputs(tmp_path), by="area", out=tmp_path / "out", workers="tcp://192.0.2.1:8786")


def test_an_extract_that_is_not_there_and_a_column_nobody_has_are_said(tmp_path):
    spec = write_inputs(tmp_path)
    with pytest.raises(DataError, match="there is no extract at"):
        run_batch(spec, by="area", data=tmp_path / "gone", out=tmp_path / "out")
    with pytest.raises(SpecError, match="cannot be divided by 'region'"):
        run_batch(spec, by="region", out=tmp_path / "out")
    assert files_in(tmp_path / "out") == [LOCK]


# ---------------------------------------------------------------- never half done

SLOW = 'import time\nif only != "area=North": time.sleep(60)'


def started(folder, *arguments):
    """A batch whose first report is done and whose second never ends."""
    spec = write_inputs(folder, LOAD, SLOW, SHOW)
    command = [sys.executable, "-m", "evalkit", "batch", str(spec), "--by", "area", "--out", str(folder / "out")]
    process = subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == "2 reports to make, 0 up to date, 2 at a time\n"
    assert process.stderr.readline().startswith("[1/2] North: ")
    return process


def test_ctrl_c_says_what_is_done_and_a_second_batch_is_refused_meanwhile(tmp_path):
    process = started(tmp_path)
    with pytest.raises(ReportError, match=r"another batch is writing to .*out; wait for it, or give another folder"):
        run_batch(tmp_path / "trial.toml", by="area", out=tmp_path / "out")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith(
        "Stopped: 1 made, 0 up to date, 0 failed, 1 not made: run it again to go on"
    )
    assert "Traceback" not in said
    assert files_in(tmp_path / "out") == [LOCK, "index.html", "manifest.json", "trial-north.html"]
    assert list(read_manifest(tmp_path / "out").batches["trial by area"].entries) == ["North"]
    page = (tmp_path / "out/index.html").read_text()
    assert "The batch was stopped: 1 of 2 reports are not made yet." in page
    assert "Not made yet" in page
    assert "Do not share these reports yet" in page
    assert [str(misfit) for misfit in verify_reports(tmp_path / "out").misfits] == [
        "manifest.json: reports by area may give away small numbers of each other: run the batch again",
        "South & East: its report by area is not made yet: the batch was stopped; run it again",
    ]


def test_a_killed_batch_leaves_whole_reports_and_the_next_one_goes_on(tmp_path):
    process = started(tmp_path)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout
    process.kill()
    process.communicate()
    (tmp_path / "out/.trial-north.html.part").write_text("<p>hal")  # as if it had been in the middle of a write
    north = (tmp_path / "out/trial-north.html").read_bytes()
    assert north.endswith(b"</html>\n")
    assert ended(int(children))
    write_notebook(tmp_path / "trial.ipynb", LOAD, SHOW)
    progress = Progress()
    run_batch(tmp_path / "trial.toml", by="area", out=tmp_path / "out", progress=progress)
    assert (progress.done, progress.failed) == (2, 0)
    assert files_in(tmp_path / "out") == [
        LOCK,
        "index.html",
        "manifest.json",
        "trial-north.html",
        "trial-south-east.html",
    ]


def ended(process):
    """Whether a process ends within ten seconds."""
    for _ in range(1000):
        if not Path(f"/proc/{process}").exists():
            return True
        time.sleep(0.01)
    return False


def in_a_process_that_writes_at_most(size, code):
    """Run code in a process whose files may not grow past a size, as on a disk that is full."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
    return subprocess.run([sys.executable, "-c", limit + code], capture_output=True, text=True, check=False)


def test_on_a_full_disk_the_old_report_stays_and_the_message_says_so(tmp_path):
    path = tmp_path / "report.html"
    write_whole(path, "old")
    code = (
        f"from pathlib import Path\nfrom evalkit.reports.writing import write_whole\nwrite_whole(Path({str(path)!r}), "
    )
    done = in_a_process_that_writes_at_most(1000, code + "'x' * 1001)")
    assert done.stderr.endswith(f"ReportError: cannot write {path}: File too large\n")
    assert (path.read_text(), files_in(tmp_path)) == ("old", ["report.html"])
    assert in_a_process_that_writes_at_most(1000, code + "'x' * 1000)").returncode == 0
    assert path.stat().st_size == 1000


def test_a_batch_on_a_full_disk_keeps_the_reports_already_written(batch, tmp_path):
    folder = shutil.copytree(batch[0], tmp_path / "copy")
    before = {name: (folder / "out" / name).read_bytes() for name in files_in(folder / "out")}
    arguments = ["batch", str(folder / "trial.toml"), "--by", "area", "--out", str(folder / "out"), "--force"]
    # Enough for the manifest, not for a report.
    done = in_a_process_that_writes_at_most(10_000, f"import sys, evalkit.cli\nsys.exit(evalkit.cli.main({arguments}))")
    assert done.returncode == 1
    assert re.search(r"evalkit: cannot write .*/out/trial-north.html: File too large\n$", done.stderr)
    after = {name: (folder / "out" / name).read_bytes() for name in files_in(folder / "out")}
    assert after.keys() == before.keys()
    # The manifest notes that the reports are not protected together any more, and the index says so.
    unchanged = before.keys() - {"manifest.json", "index.html"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert b'"together": false' in after["manifest.json"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    spec = write_inputs(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError, match=r"cannot write to .*file: (Not a directory|File exists)"):
        run_batch(spec, by="area", out=tmp_path / "file")
    with pytest.raises(ReportError, match="cannot write to /proc/reports: No such file or directory"):
        run_batch(spec, by="area", out="/proc/reports")


def test_the_lock_goes_with_its_process(tmp_path):
    with sole_writer(tmp_path), pytest.raises(ReportError, match="another batch"), sole_writer(tmp_path):
        pass
    with sole_writer(tmp_path):
        assert (tmp_path / LOCK).exists()


# ---------------------------------------------------------------- manifest, index, names, progress


def entry(unit, **facts):
    return Entry(f"{unit}.html", unit, "done", {}, {}, 1.0, 2, facts=facts)


def manifest_of(*entries, **batch):
    held = Batch("trial", "Trial", "area", "2019", entries={one.unit: one for one in entries}, **batch)
    return Manifest({held.name: held})


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    manifest = manifest_of(entry("a"), entry("b", headline="ä"), too_small=("c",), rows={"a": "1"})
    write_manifest(manifest, tmp_path)
    assert read_manifest(tmp_path) == manifest
    assert read_manifest(tmp_path / "none") == Manifest()


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not a manifest of evalkit"), ("[]", "is not a manifest"), ('{"format": 99}', "is of format 99")],
)
def test_a_manifest_of_another_kind_is_never_overwritten(tmp_path, text, said):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ReportError, match=said):
        run_batch(write_inputs(tmp_path / "in"), by="area", out=tmp_path)
    assert (tmp_path / "manifest.json").read_text() == text


def test_two_batches_share_a_folder():
    both = manifest_of(entry("a")).having(Batch("trial", "Trial", "team", ""))
    assert list(both.batches) == ["trial by area", "trial by team"]
    assert index_page(both).count("<table") == 2


def test_the_chart_of_the_index_puts_every_interval_on_one_scale():
    page = index_page(
        manifest_of(
            entry("a", difference=-0.02, low=-0.04, high=0.0),
            entry("b", difference=0.01, low=-0.01, high=0.03),
            entry("c", difference=None, low=None, high=None, finding="too small"),
        )
    )
    numbers = re.findall(r'class="range" x1="([\d.]+)" x2="([\d.]+)".*?cx="([\d.]+)"', page)
    # 160 wide, margin 6, no difference at 80: 74 for the farthest end, 4 points.
    assert numbers == [("6.0", "80.0", "43.0"), ("61.5", "135.5", "98.5")]
    assert "Too few people to say" in page


def test_the_index_says_what_was_refused_in_plain_words_and_names_the_kind_of_any_other_error():
    refused, broken = (
        replace(entry(unit), state="failed", error={"kind": kind, "cell": "cell 2 (x)", "message": "too few"})
        for unit, kind in (("a", "DataError"), ("b", "KeyError"))
    )
    page = index_page(manifest_of(refused, broken))
    assert "cell 2 (x): too few<" in page
    assert "cell 2 (x): KeyError: too few<" in page


def test_the_same_manifest_gives_the_same_index():
    manifest = manifest_of(entry("b"), entry("a"))
    assert index_page(manifest) == index_page(manifest)
    assert ">a<" in index_page(manifest)


@pytest.mark.parametrize(
    ("unit", "taken", "name"),
    [
        ("Derby & Derbyshire", (), "ete-derby-derbyshire.html"),
        ("../../etc/passwd", (), "ete-etc-passwd.html"),
        ("Côte d’Or", (), "ete-cote-dor.html"),
        ("東", (), "ete-unit.html"),
        ("a" * 200, (), f"ete-{'a' * 60}.html"),
        ("Derby", ("ete-derby.html",), "ete-area-derby.html"),
        ("Derby", ("ete-derby.html", "ete-area-derby.html"), "ete-area-derby-5c202511.html"),
    ],
)
def test_file_names_are_plain_and_differ(unit, taken, name):
    assert file_name("ete", "area", unit, taken) == name


class Terminal(list):
    """A terminal that keeps what is written to it."""

    write = list.append

    def flush(self):
        """Nothing is held back."""


def told(manner):
    stream = Terminal()
    progress = Progress(manner, stream)
    progress.begin(kept=1, due=2, workers=2)
    progress.tell(entry("North"))
    failed = replace(entry("South"), state="failed", error={"kind": "E", "cell": "cell 2 (x)", "message": "a\nb"})
    progress.tell(failed)
    progress.end("out")
    return stream


def test_progress_on_a_terminal_is_one_line_that_renews_itself_and_failures_stay():
    assert [re.sub(r"\d+ s left", "N s left", text) for text in told("terminal")] == [
        "2 reports to make, 1 up to date, 2 at a time\n",
        "\r\x1b[K1 done, 0 failed, 1 to do, about N s left",
        "\r\x1b[KSouth: failed: cell 2 (x): a\n1 done, 1 failed, 0 to do\n",
        "1 made, 1 up to date, 1 failed. See out/index.html\n",
    ]


def test_quiet_speaks_only_of_failures():
    assert told("quiet") == ["1 made, 1 up to date, 1 failed. See out/index.html\n"]
    calm = Terminal()
    Progress("quiet", calm).end("out")
    assert calm == []


@pytest.mark.parametrize(
    "option", ["--workers=0", "--workers=x", "--time-limit=0", "--memory-limit=nan", "--time-limit=inf"]
)
def test_options_that_make_no_sense_are_wrong_usage(option, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["batch", "x.toml", "--by", "area", option])
    assert refused.value.code == 2
    assert option.split("=")[0] in capsys.readouterr().err
