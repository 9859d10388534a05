"""A small extract of an employment service for the tests of its chapters. Each row says why it is there."""

from small_extracts import loaded

from evalkit.spec import read_spec

SPEC = """
title = "Test"
notebook = "none.ipynb"
[service]
name = "ETE"
took_up = [2018-04-01, 2018-06-30]
register = [2016-04-01, 2018-06-30]
"""
PEOPLE = "person_id,date_of_birth,sex\n" + "\n".join(f"{name},1990-01-01,male" for name in "ABCDEFGH")
SENTENCES = "sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,A,2018-01-01,custody,00801"
REFERRALS = """
referral_id,person_id,service,referral_date,start_date,setting,area,partner
R1,A,ETE,2018-04-01,2018-04-01,community office,North,college
R2,B,ETE,2018-03-31,2018-04-02,community office,North,
R3,C,ETE,2018-05-31,,prison in-reach,South,
R4,C,ETE,2018-06-30,2018-06-30,community office,North,
R5,D,ETE,2018-06-01,2018-07-01,prison in-reach,South,college
R6,E,accommodation,2018-05-01,2018-05-02,community office,North,
R7,F,ETE,2018-04-30,2018-05-01,prison in-reach,North,
"""
"""A on the first day; B referred a day too early; C first in prison, taken up later; D a day too late; E another."""

JOBS = """
person_id,referral_id,sector,start_date,end_date,confirmed_13_weeks
A,R1,Retail,2018-04-01,2018-07-01,yes
A,R1,Cleaning,2018-07-10,2018-08-01,no
B,R2,Retail,2018-04-12,2018-04-30,no
C,R4,Driving,2018-07-01,,
F,R7,Driving,2018-05-31,2018-09-30,no
"""
"""A on the day of take-up, 91 days, and a later job that was not kept; B 18 days; C
starts after the period; F 122 days, but not confirmed."""


def spec_of(tmp_path, text=SPEC):
    path = tmp_path / "test.toml"
    path.write_text(text, encoding="utf-8")
    return read_spec(path)


def extract_of(tmp_path, **tables):
    """The extract with these further tables; a table given as None is left out."""
    every = {"people": PEOPLE, "sentences": SENTENCES, "referrals": REFERRALS, "jobs": JOBS} | tables
    return loaded(tmp_path / "extract", **{name: text for name, text in every.items() if text is not None})
