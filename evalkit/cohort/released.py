"""People released from custody, followed for reconviction: everyone, those seen in prison beforehand, and the others.

One row is one person, from the first release of the period. Contact before release was settled by then: comparing by it
involves no immortal time, but nobody drew lots for whom to see.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort, Step, build_cohort
from evalkit.cohort.compare import group_comparisons
from evalkit.cohort.measures import outcome_measures
from evalkit.cohort.reconviction import NOT_COUNTED
from evalkit.cohort.releases import Releases
from evalkit.cohort.subgroups import EVERYONE
from evalkit.cohort.trust import Trust, check_prediction
from evalkit.errors import DataError
from evalkit.intake import Extract
from evalkit.spec import Group, Spec
from evalkit.statistics.dispersion import benjamini_hochberg
from evalkit.statistics.groups import actual_vs_predicted_by
from evalkit.statistics.survival import survival_curve

RELEASED = Group("released", "Everyone released", "", known_at_index=True)
REACHED = Group(
    "reached",
    "Seen in prison before release",
    "Not seen, or not on record",
    within="released",
    known_at_index=True,
)
RECALL_DAYS = 365

ON_RECORD = Step(
    "with that release on record", "supervision started on a day without a release on record in the period"
)


def released_people(extract: Extract, spec: Spec, found: Releases) -> Cohort:
    """The cohort of people released, with what their release says of each: prison, sentence_length, reached, recalled.

    found : what `releases` returned for the same extract and specification

    A person's release is that of the index date; who has none on record leaves at a step of the flow. reached: seen in
    prison before it (False as well where nobody recorded it: the notes say of how many); recalled: within 365 days.
    Raises as `build_cohort` does, and DataError where nobody has a release on record.
    """
    cohort = build_cohort(extract, spec)
    one = found.frame.drop_duplicates(["person_id", "release_date"]).set_index(["person_id", "release_date"])
    index = pd.MultiIndex.from_frame(cohort.frame[["person_id", "index_date"]])
    own = one.reindex(index)
    on_record = own["release_id"].notna().to_numpy()
    if not on_record.any():
        raise DataError(
            "nobody's supervision started on a day with a release on record: supervision_start in sentences and "
            "release_date in releases must be the same day"
        )
    own, people = own[on_record].reset_index(drop=True), cohort.frame[on_record].reset_index(drop=True)
    seen = own["in_reach"].astype("boolean")
    frame = people.assign(
        released=True,
        reached=seen.fillna(False).astype(bool),
        recalled=(own["recall_date"] - people["index_date"]).dt.days.between(0, RECALL_DAYS),
        prison=own["prison"].astype("str").fillna("not recorded"),
        sentence_length=own["sentence_length"],
    )
    return _with_step(replace(cohort, notes=_notes(frame, seen), history=None), frame)


def _notes(frame: pd.DataFrame, seen: pd.Series) -> pd.DataFrame:
    not_counted = {f"later sentences not counted: {why}": f"not_counted_{key}" for key, why in NOT_COUNTED.items()}
    counts = {
        "later supervision starts of the same people, set aside": int((frame["index_events"] - 1).sum()),
        **{what: int(frame[column].sum()) for what, column in not_counted.items()},
        "people of whom nobody recorded contact before release, or none": int(seen.isna().sum()),
    }
    return pd.DataFrame({"what": list(counts), "count": list(counts.values())})


def _with_step(cohort: Cohort, frame: pd.DataFrame) -> Cohort:
    """The cohort with the people of the frame only: the others leave just before follow-up is asked for."""
    place = len(cohort.steps) - 2
    everyone, steps = cohort.everyone, (*cohort.steps[:place], ON_RECORD, *cohort.steps[place:])
    eligible = everyone["left_at"] >= place
    stays = everyone["person_id"].isin(set(frame["person_id"]))
    left_at = everyone["left_at"].mask(eligible & stays, everyone["left_at"] + 1).mask(eligible & ~stays, place)
    reached = everyone["person_id"].isin(set(frame.loc[frame["reached"], "person_id"]))
    changed = replace(
        cohort,
        frame=frame,
        everyone=everyone.assign(left_at=left_at, released=True, reached=reached),
        steps=steps,
        spec=replace(cohort.spec, groups=(RELEASED, REACHED)),
    )
    return replace(changed, flow=changed.flow_of(RELEASED.name))


def released_comparisons(cohort: Cohort) -> pd.DataFrame:
    """Everyone released, those reached before it and the others, each against prediction: as `group_comparisons`."""
    return _without_nobody(group_comparisons(cohort))


def released_measures(cohort: Cohort) -> pd.DataFrame:
    """How often, how soon, how severe, for the same groups: as `outcome_measures`."""
    return _without_nobody(outcome_measures(cohort))


def check_on_the_others(cohort: Cohort) -> Trust:
    """Check the prediction on people released without contact, and compare those with contact after it is put right.

    Nobody released is without any service, so these are the nearest there is to people never treated.
    Returns what `check_prediction` does; recalibrated holds the people with contact only.
    """
    alone = replace(REACHED, within="")
    trust = check_prediction(replace(cohort, spec=replace(cohort.spec, groups=(alone,))), REACHED.name)
    return replace(trust, recalibrated=trust.recalibrated.assign(design="known at index", immortal_time=False))


def reconviction_by(cohort: Cohort, column: str) -> pd.DataFrame:
    """Actual against predicted reconviction of people by prison or sentence length.

    column : 'prison' or 'sentence_length'

    Returns label and the columns of `actual_vs_predicted_by`, in alphabetical order.
    Raises DataError where nobody is analysed.
    """
    if cohort.analysed.empty:
        raise DataError("nobody was followed up in full with a valid score, so nobody can be compared by " + column)
    table = actual_vs_predicted_by(cohort.analysed, by=column)
    return table.rename(columns={column: "label"}).sort_values("label", ignore_index=True)


def differences_by(cohort: Cohort, column: str, *, kind: str) -> pd.DataFrame:
    """Actual less predicted reconviction of everyone and by prison or sentence length, as a forest plot takes it.

    column : 'prison' or 'sentence_length'
    kind   : what the parts are called

    Returns one row for everyone and one per part, in alphabetical order: kind, name, people, reconvicted, actual_rate,
    predicted_rate, estimate (actual less predicted, shares) with low, high; ratio (actual over predicted) with
    ratio_low, ratio_high; p_value (exact); q_value (Benjamini-Hochberg over the parts); p_alike (Cochran's Q with the
    variances of the predicted risks: one difference in all parts).
    Raises DataError where nobody is analysed.
    Source: Benjamini & Hochberg (1995), JRSS B 57, 289-300; Cochran (1954), Biometrics 10, 101-129.
    """
    parts = reconviction_by(cohort, column)
    whole = actual_vs_predicted_by(cohort.analysed.assign(label=EVERYONE), by="label")
    table = pd.concat([whole, parts], ignore_index=True)
    q_values = np.r_[np.nan, benjamini_hochberg(parts["p_value"].to_numpy(float))]
    return pd.DataFrame(
        {
            "kind": np.where(table.index == 0, EVERYONE, kind),
            **{"name": table["label"], "people": table["people"], "reconvicted": table["actual"]},
            **{name: table[name] for name in ("actual_rate", "predicted_rate", "ratio", "ratio_low", "ratio_high")},
            **{"estimate": table["difference"], "low": table["difference_low"], "high": table["difference_high"]},
            **{"p_value": table["p_value"], "q_value": q_values, "p_alike": _alike(cohort.analysed, column)},
        }
    )


def _alike(people: pd.DataFrame, column: str) -> float:
    """Cochran's Q of the differences of the parts, each weighted by its predicted variance; missing for one part."""
    from scipy.special import chdtrc

    risk = people["predicted"].to_numpy(float)
    lines = pd.DataFrame({"more": people["reconvicted"] - risk, "variance": risk * (1 - risk), "people": 1.0})
    sums = lines.groupby(people[column]).sum()
    if len(sums) < 2:
        return float("nan")
    difference, weight = sums["more"] / sums["people"], sums["people"] ** 2 / sums["variance"]
    centre = (weight * difference).sum() / weight.sum()
    return float(chdtrc(len(sums) - 1, (weight * (difference - centre) ** 2).sum()))


def recall_and_reconviction(cohort: Cohort) -> pd.DataFrame:
    """Of the people analysed, who was recalled within a year, who was reconvicted, who both: four groups that add up.

    Returns outcome (reconvicted, or not), label, people, of, share (0 to 1); the groups of one outcome add up to it.
    A recall needs no new offence; back in custody, people are at less risk of a reconviction.
    """
    people = cohort.analysed
    recalled, reconvicted = people["recalled"], people["reconvicted"]
    groups = {
        ("not", "Neither recalled nor reconvicted"): ~recalled & ~reconvicted,
        ("not", "Recalled, not reconvicted"): recalled & ~reconvicted,
        ("reconvicted", "Reconvicted, not recalled"): ~recalled & reconvicted,
        ("reconvicted", "Recalled and reconvicted"): recalled & reconvicted,
    }
    table = pd.DataFrame(list(groups), columns=["outcome", "label"])
    table = table.assign(people=[int(inside.sum()) for inside in groups.values()], of=len(people))
    return table.assign(share=table["people"] / table["of"].where(table["of"] > 0))


def time_to_reconviction(cohort: Cohort) -> pd.DataFrame:
    """Share reconvicted by day since release, of people seen in prison before it and of the others.

    Everyone eligible, also people whose year was not over: they are censored on the last day observed.
    Returns what `survival_curve` does, with the column group.
    """
    people = cohort.frame
    observed = (people["followup_end"] - people["index_date"]).dt.days
    days = people["days_to_reconviction"].where(people["reconvicted"], observed)
    labels = people["reached"].map({True: REACHED.label, False: REACHED.complement})
    return survival_curve(days, people["reconvicted"], by=labels)


def _without_nobody(table: pd.DataFrame) -> pd.DataFrame:
    """Without the line of those outside everyone released: there are none."""
    return table[~((table["name"] == RELEASED.name) & table["complement"])].reset_index(drop=True)
