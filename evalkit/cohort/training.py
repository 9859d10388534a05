"""Training: courses started, and how many of them were completed, by year."""

from __future__ import annotations

import pandas as pd

from evalkit.cohort.service import declared_service, rows_of_service, with_shares
from evalkit.dates import within
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec


def course_completion(extract: Extract, spec: Spec) -> pd.DataFrame:
    """Courses started in each year of the register, and those of them completed by the extract date.

    A year begins on the day and month on which the register opens. A course without a first day cannot be placed and
    is left out, as is one that started outside the register.
    Returns one row per year: year ('2018/19', or '2018' where years begin in January), started, completed, of
    (started), share, low, high (Wilson, 95 %), method; no row where the extract has no table courses.
    Raises SpecError where the specification declares no service.
    """
    service = declared_service(spec)
    opens, _ = register = service.register or service.took_up
    if "courses" not in extract.tables:
        rows = pd.DataFrame({name: pd.Series(dtype="datetime64[us]") for name in ("start_date", "completion_date")})
    else:
        of_register = rows_of_service(extract, "courses", service).filter(within("start_date", register))
        rows = to_pandas(of_register.select("start_date", "completion_date"))
    day = rows["start_date"].dt
    early = (day.month < opens.month) | ((day.month == opens.month) & (day.day < opens.day))
    year = (day.year - early).astype("int64")
    groups = rows.groupby(year)["completion_date"]
    started, completed = groups.size(), groups.count()
    calendar = opens.month == opens.day == 1
    table = pd.DataFrame(
        {
            "year": [str(first) if calendar else f"{first}/{(first + 1) % 100:02d}" for first in started.index],
            "started": started.to_numpy(),
            "completed": completed.to_numpy(),
            "of": started.to_numpy(),
        }
    )
    return with_shares(table, "completed")
