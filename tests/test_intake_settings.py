"""extract.toml: every name known, every value allowed, nothing guessed."""

import re
from datetime import date

import pytest

from evalkit.errors import DataError
from evalkit.intake.settings import read_settings

MINIMAL = 'source = "test"\nextract_date = 2021-12-31\n'
PREPARED = MINIMAL + 'kind = "prepared cohort"\n'


def read(folder, text):
    path = folder / "extract.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_settings(path)


def test_defaults(tmp_path):
    settings = read(tmp_path, MINIMAL)
    assert settings.source == "test"
    assert settings.extract_date == date(2021, 12, 31)
    assert (settings.date_format, settings.encoding, settings.separator) == ("YYYY-MM-DD", "utf-8", ",")
    assert (settings.outcome, settings.settling_days, settings.synthetic) == ("reconviction", 30, False)
    assert (settings.predicted_scale, settings.horizon_days, settings.prepared) == (None, 365, False)


def test_everything_declared(tmp_path):
    settings = read(
        tmp_path,
        b"\xef\xbb\xbf"
        + b"""source = "s"
extract_date = "2022-01-31"
date_format = "Excel"
encoding = "windows-1252"
separator = ";"
outcome = "proven_reoffence"
settling_days = 0
synthetic = true
[predicted]
scale = "per cent"
predictor = "OGRS3"
horizon_days = 730
[columns.people]
date_of_birth = "DOB"
[codes.people.sex]
M = "male"
X = ""
""",
    )
    assert settings.extract_date == date(2022, 1, 31)
    assert (settings.predicted_scale, settings.predictor, settings.horizon_days) == ("per cent", "OGRS3", 730)
    assert settings.columns["people"] == {"date_of_birth": "DOB"}
    assert settings.codes["people"]["sex"] == {"M": "male", "X": ""}
    assert (settings.settling_days, settings.synthetic) == (0, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extract_date = 2021-12-31", "source is missing, but required"),
        ('source = " "\nextract_date = 2021-12-31', "source is blank, but required"),
        ('source = "s"', "extract_date is missing, but required"),
        ('source = "s"\nextract_date = "31/12/2021"', r"'31/12/2021' is not a date \(expected YYYY-MM-DD\)"),
        ('source = "s"\nextract_date = 2021-12-31T10:00:00', "extract_date = 2021-12-31 10:00:00 is not a date"),
        ('source = "s"\nextract_date = 2021', "extract_date = 2021 is not a date"),
        (MINIMAL + 'date_fromat = "Excel"', "date_fromat is not a known name; did you mean date_format?"),
        (MINIMAL + 'date_format = "MM/DD/YYYY"', 'date_format = "MM/DD/YYYY" is not one of "YYYY-MM-DD", "DD/MM/YYYY"'),
        (MINIMAL + "settling_days = -1", "settling_days = -1 is below 0"),
        (MINIMAL + "settling_days = true", "settling_days = True is not a whole number"),
        (MINIMAL + 'synthetic = "yes"', "synthetic = 'yes' is not true or false"),
        (MINIMAL + "[predicted]\nscale = 'percent'", 'predicted.scale = "percent" is not one of "share", "per cent"'),
        (MINIMAL + "[predicted]\nscal = 'share'", "predicted.scal is not a known name; did you mean scale?"),
        (MINIMAL + "[columns.poeple]\nsex = 'Sex'", "columns.poeple is not a known name; did you mean people?"),
        (MINIMAL + "[columns.people]\ngender = 'Sex'", "columns.people.gender is not a known name"),
        (MINIMAL + "[columns.people]\nsex = 1", "columns.people.sex = 1 is not text"),
        (MINIMAL + "[codes.people]\nsex = 'M'", "codes.people.sex = 'M' is not a section"),
        (
            MINIMAL + "[codes.people.sex]\nM = 'man'",
            r"'M' stands for 'man', which is not an allowed code \(male, female\)",
        ),
        (MINIMAL + "[codes.people.sex]\nM = 1", "codes.people.sex.M = 1 is not text"),
        (MINIMAL + "[prepared]\ngroups = ['a']", 'needs kind = "prepared cohort"'),
        (PREPARED + "[prepared]\ngroups = 'a'", "prepared.groups = 'a' is not a list"),
        (PREPARED + "[prepared]\ngroups = ['a']\ncovariates = ['A']", "names the column a twice"),
        (PREPARED + "[prepared]\ncovariates = ['predicted']", "names the column predicted twice"),
        (MINIMAL + "source = 'again'", "extract.toml cannot be read"),
        (b"source = '\xe9'", r"extract.toml is not UTF-8 \(byte 11\)"),
    ],
)
def test_refusals(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=re.escape("extract.toml is missing")):
        read_settings(tmp_path / "extract.toml")
