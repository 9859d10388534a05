"""The cohort of the demonstration extract in plain pandas, apart from the product's own cohort code."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from evalkit.dates import completed_years
from evalkit.ogrs import ogrs3

CLOSES, LAST_MATURE, EXTRACTED = (pd.Timestamp(date) for date in ("2021-03-31", "2020-12-01", "2021-12-31"))
SUPERVISED = ["community order", "suspended sentence order", "custody"]
NEVER = 1e6


def read(path):
    """One table as a user's spreadsheet would hold it, with its dates as dates."""
    table = pd.read_csv(path, dtype={"offence_code": "str"}, low_memory=False)
    dates = [name for name in table if name.endswith("_date") or name in ("date", "date_of_birth", "supervision_start")]
    return table.assign(**{name: pd.to_datetime(table[name]) for name in dates})


def read_all(folder):
    """All tables of an extract, as attributes."""
    return SimpleNamespace(**{path.stem: read(path) for path in sorted(folder.glob("*.csv"))})


def first_take_up(referrals):
    """First start of the service within the three years, by person."""
    ete = referrals[referrals["service"] == "ETE"]
    return ete[ete["start_date"].between("2018-04-01", CLOSES)].groupby("person_id")["start_date"].min()


def jobs_after(jobs, took_up):
    """Jobs that started on or after the person's take-up."""
    jobs = jobs.merge(took_up.rename("taken_up"), left_on="person_id", right_index=True)
    return jobs[jobs["start_date"] >= jobs["taken_up"]].sort_values(["person_id", "start_date"])


def spells_of_work(jobs):
    """Continuous work: jobs that start within 7 days of the end of the one before are one spell."""
    rows = jobs.assign(end=jobs["end_date"].fillna(EXTRACTED))
    previous = rows.groupby("person_id")["end"].shift()
    rows["gap"] = (rows["start_date"] - previous).dt.days
    rows["spell"] = (~(rows["gap"] <= 7)).groupby(rows["person_id"]).cumsum()
    spells = rows.groupby(["person_id", "spell"]).agg(
        start=("start_date", "min"), end=("end", "max"), gap=("gap", "last"), jobs=("end", "size")
    )
    return spells.assign(days=(spells["end"] - spells["start"]).dt.days).reset_index()


def build(tables, took_up, found_work, sustained):
    """Adults by index date, whether mature and scored or not: predicted, days to reconviction, lags in days."""
    orders = tables.sentences[tables.sentences["sentence_type"].isin(SUPERVISED)]
    index = orders[orders["supervision_start"].between("2017-10-01", CLOSES)].sort_values("supervision_start")
    index = index.drop_duplicates("person_id").merge(tables.people, on="person_id").set_index("person_id")
    index = index[completed_years(index["date_of_birth"], index["supervision_start"]) >= 18]
    start = index["supervision_start"]
    inputs = index.rename(columns={"sex": "gender", "sentence_date": "conviction_date"}).assign(followup_date=start)
    return pd.DataFrame(
        {
            "start": start,
            "mature": start <= LAST_MATURE,
            "predicted": ogrs3(inputs)["ogrs3_one_year"],
            "days": first_reconviction(tables.sentences, start),
            "lag": (took_up - start).dt.days.reindex(index.index),
            "job_lag": (found_work - start).dt.days.reindex(index.index),
            "sustained": index.index.isin(sustained),
            "observed": (EXTRACTED - start).dt.days - 30,
        }
    )


def later_sentences(sentences, start):
    """Sentences after the index date, with their day and whether the offence was on or before the index date."""
    later = sentences.merge(start.rename("start"), left_on="person_id", right_index=True)
    later = later[later["sentence_date"] > later["start"]]
    return later.assign(
        days=(later["sentence_date"] - later["start"]).dt.days, pseudo=later["offence_date"] <= later["start"]
    )


def first_reconviction(sentences, start):
    """Days from the index date to the first sentence that counts; NEVER without one."""
    later = later_sentences(sentences, start)
    counted = later[~later["sentence_type"].isin(["breach of order", "resentencing"]) & ~later["pseudo"]]
    return counted.groupby("person_id")["days"].min().reindex(start.index).fillna(NEVER)


def analysed(cohort):
    """Those whose follow-up is over and who have a score."""
    return cohort[cohort["mature"] & cohort["predicted"].notna()]
