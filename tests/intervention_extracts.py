"""Small extracts of programmes, and what the specifications of the tests have in common."""

from __future__ import annotations

from pathlib import Path

from small_extracts import loaded

from evalkit.spec import read_spec

SPEC = """\
title = "A programme"
notebook = "{notebook}"

[cohort]
period = [2017-10-01, 2021-03-31]

[intervention]
who = "people who started"
population = "People who started the programme"
measures = ["programme_completed"]
{more}

[intervention.programme]
label = "New"
where = {{ service = "course", partner = "new" }}
period = [2019-01-01, 2020-12-31]
{sections}
"""

COMPARED = """
[intervention.compared]
label = "Old"
where = { service = "course", partner = "old" }
period = [2018-01-01, 2018-12-31]
"""


def spec_with(folder: Path, *, more: str = "", sections: str = ""):
    """The specification of the tests with lines added to [intervention], and sections after it."""
    folder.mkdir(parents=True, exist_ok=True)
    notebook = Path("notebooks/intervention.ipynb").resolve()
    path = folder / "programme.toml"
    path.write_text(SPEC.format(notebook=notebook, more=more, sections=sections), encoding="utf-8")
    return read_spec(path)


def extract_with(folder: Path, referrals: list[str], *, people: int = 30, sentences: list[str] = (), **others: str):
    """An extract of so many people (P1, P2, ...) with these rows of referrals and other tables."""
    births = "person_id,date_of_birth,sex\n" + "".join(f"P{n},1985-01-01,male\n" for n in range(1, people + 1))
    first = "sentence_id,person_id,sentence_date,sentence_type,offence_code,offence_date\n"
    index = "".join(f"S{n},P{n},2017-11-01,community order,00801,2017-06-01\n" for n in range(1, people + 1))
    head = "referral_id,person_id,service,referral_date,start_date,end_date,end_reason,partner\n"
    return loaded(
        folder / "extract",
        people=births,
        sentences=first + index + "".join(f"{row}\n" for row in sentences),
        referrals=head + "".join(f"{row}\n" for row in referrals),
        **others,
    )


def started(number: int, day: str, *, partner: str = "new", end: str = "", reason: str = "", referral: str = "") -> str:
    """A row of referrals: person P<number> referred and started on that day."""
    return f"{referral or f'R{number}{partner}'},P{number},course,{day},{day},{end},{reason},{partner}"
