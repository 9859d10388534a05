"""The prepared cohort: one table, one row per person, for evaluators who have built their cohort already."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.intake.declare import Agreement, Column, Kind, Table
from evalkit.intake.tables import AREA, TEAM

COHORT_COLUMNS = (
    Column("person_id", "code", "identifier of the person; if supplied, one row each"),
    Column(
        "predicted", "probability", "predicted probability of reconviction within the horizon", unit="share, 0 to 1"
    ),
    Column("reconvicted", "yes/no", "whether reconvicted within the horizon", required=True),
    Column("days_to_reconviction", "whole", "days to the first reconviction; empty if none", unit="days", low=1),
    Column("reconvictions", "whole", "reconvictions within the horizon", unit="reconvictions", low=0),
    AREA,
    TEAM,
)


def prepared_cohort(groups: tuple[str, ...], covariates: Mapping[str, Kind], *, horizon_days: int = 365) -> Table:
    """Declare the one table of a prepared cohort.

    groups     : names of yes/no columns, one per group compared
    covariates : names of further columns with their kind (number or code)
    """
    return Table(
        "cohort",
        "person",
        required=True,
        key="person_id",
        columns=(
            *COHORT_COLUMNS,
            *(Column(name, "yes/no", "whether in this group", required=True) for name in groups),
            *(Column(name, kind, "covariate, as supplied") for name, kind in covariates.items()),
        ),
        agreements=(
            Agreement(
                "days_to_reconviction",
                "NOT reconvicted AND days_to_reconviction IS NOT NULL",
                "is given though reconvicted is no",
            ),
            Agreement(
                "days_to_reconviction",
                f"reconvicted AND days_to_reconviction > {horizon_days}",
                f"is beyond the horizon of {horizon_days} days though reconvicted is yes",
            ),
            Agreement("reconvictions", "reconvicted <> (reconvictions > 0)", "contradicts reconvicted"),
        ),
    )
