"""Risk carried forward to a later start: golden values, R, and cohorts simulated without any effect.

In the simulated cohorts neither taking up the service nor anything else moves a reconviction: whatever difference a
comparison finds is its own.
"""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from survival_reference import PEOPLE, VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics.rebasing import BaselineHazard, baseline_hazard, rebased, risk_between

YEARS = 3 * 365


def constant_hazard():
    """H(t) = t / 365, in twelfths of a day, so that it is right at months of a twelfth of a year too."""
    days = np.arange(1, 12 * 800 + 1) / 12
    return BaselineHazard(
        days=days, cumulative=days / 365, last_day=800.0, daily_rate=1 / 365, people=1, events=1, method="by hand"
    )


def small_hazard(**options):
    """Five people: hazards 1, 2, 1, 2, 1 (minus log of 1 - p), events on days 10, 20 and 20, the last leaves on 120."""
    predicted = -np.expm1(-np.array([1.0, 2, 1, 2, 1]))
    return baseline_hazard([10, 20, 20, 50, 120], [1, 1, 1, 0, 0], predicted, **{"fewest": 1} | options)


# ---- golden values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("months", "remaining"), [(3, 0.22326), (4, 0.20115), (5, 0.17841), (6, 0.15501)])
def test_golden_values_under_a_constant_hazard(months, remaining):
    hazard, lag = constant_hazard(), months * 365 / 12
    assert_close(risk_between([0.286], lag, 365, hazard), [remaining], decimals=5)
    assert_close(rebased([0.286], lag, hazard), [0.286], decimals=12)


def test_the_start_of_supervision_gives_the_prediction_back():
    shares = np.array([0.01, 0.286, 0.9])
    assert_close(rebased(shares, 0, small_hazard()), shares, decimals=14)
    assert_close(rebased(shares, [0, 0, 0], constant_hazard()), shares, decimals=14)


def test_a_rebased_risk_is_that_of_the_definition():
    hazard, shares, lags = small_hazard(), np.array([0.2, 0.5, 0.8]), np.array([5, 10, 90])

    def had_it_by(day):
        return 1 - (1 - shares) ** (hazard.at(day) / hazard.at(30))

    expected = (had_it_by(lags + 30) - had_it_by(lags)) / (1 - had_it_by(lags))
    assert_close(rebased(shares, lags, hazard, followup=30), expected, decimals=12)


# ---- the hazard -----------------------------------------------------------------------------------------------------


def test_hazard_worked_by_hand():
    # at risk: 7 on day 10; 6 on day 20, with two events
    hazard = small_hazard()
    assert hazard.days.tolist() == [10, 20]
    assert_close(hazard.at([0, 9.9, 10, 19, 20, 120]), [0, 0, 1 / 7, 1 / 7, 1 / 7 + 2 / 6, 1 / 7 + 2 / 6], decimals=12)
    assert (hazard.people, hazard.events, hazard.last_day) == (5, 3, 120)
    assert hazard.at([[10], [20]]).shape == (2, 1)
    assert hazard.at(10).shape == ()


@pytest.mark.parametrize("day", [7, 90, 91, 300, 365, 480])
def test_hazard_agrees_with_r(day):
    for kind, entry in (("plain", None), ("late", PEOPLE["entry"])):
        options = {"entry": entry, "fewest": 1}
        hazard = baseline_hazard(PEOPLE["days"], PEOPLE["event"], PEOPLE["predicted"], **options)
        assert_close(hazard.at(day), VALUES[f"hazard_{kind}_{day}"], decimals=10)


def test_past_its_last_day_it_goes_on_at_the_rate_of_its_last_90():
    hazard = small_hazard()  # last day 120: the events of days 10 and 20 are not within 90 days before it
    assert hazard.daily_rate == 0
    shorter = baseline_hazard([10, 20, 109], [1, 1, 0], -np.expm1([-1.0, -1, -2]), fewest=1)
    assert_close(shorter.daily_rate, (1 / 3) / 90, decimals=12)  # (19, 109]: day 20 counts, day 10 does not
    edge = baseline_hazard([10, 20, 110], [1, 1, 0], -np.expm1([-1.0, -1, -2]), fewest=1)
    assert edge.daily_rate == 0  # (20, 110] leaves day 20 out
    assert_close(shorter.at([109, 110, 199]), shorter.at(109) + shorter.daily_rate * np.array([0, 1, 90]), decimals=12)
    assert "from day 109 on at the rate of the 90 days before" in shorter.method


def test_with_less_than_90_days_the_rate_is_that_of_all_of_them():
    hazard = baseline_hazard([10, 20, 40], [1, 1, 0], -np.expm1([-1.0, -1, -2]), fewest=1)
    assert_close(hazard.daily_rate, (1 / 4 + 1 / 3) / 40, decimals=12)
    assert "at the rate of the 40 days before" in hazard.method


@pytest.mark.parametrize(
    ("fewest", "last_day", "events"), [(1, 120, 3), (2, 50, 3), (3, 20, 3), (4, 20, 3), (5, 10, 1)]
)
def test_it_is_known_as_far_as_enough_people_are_under_observation(fewest, last_day, events):
    # five until day 10, four until day 20, two until day 50, one until day 120
    hazard = small_hazard(fewest=fewest)
    assert (hazard.last_day, hazard.events) == (last_day, events)


def test_one_late_event_among_few_does_not_move_the_hazard():
    generator = np.random.default_rng(2)
    days = np.r_[np.minimum(generator.integers(1, 1000, 500), 400), [700, 720]]
    event = np.r_[days[:-2] < 400, [1, 1]]
    hazard = baseline_hazard(days, event, np.full(502, 0.3))
    assert hazard.last_day == 400
    whole = baseline_hazard(days, event, np.full(502, 0.3), fewest=1)
    # the two after day 400 alone would add 1/2 + 1 of a whole unit of -log(1 - .3)
    assert_close(whole.at(720) - whole.at(699), 1.5 / -np.log(0.7), decimals=10)


def test_people_who_enter_late_are_not_at_risk_before():
    shares = -np.expm1([-1.0, -1, -1])
    hazard = baseline_hazard([10, 20, 30], [1, 1, 0], shares, entry=[0, 0, 10], fewest=1)
    # who enters on day 10 is not yet there for the event of day 10
    assert_close(hazard.at([10, 20]), [1 / 2, 1 / 2 + 1 / 2], decimals=12)


def test_a_hazard_of_125_000_people_is_that_of_its_thousandth_part():
    many = pd.concat([PEOPLE] * 313, ignore_index=True)
    big, small = (baseline_hazard(f["days"], f["event"], f["predicted"], fewest=1) for f in (many, PEOPLE))
    assert big.people == 125_200
    assert_close(big.at(np.arange(731)), small.at(np.arange(731)), decimals=10)


def test_a_hazard_shows_itself_without_its_arrays():
    shown = repr(small_hazard())
    assert shown.startswith("BaselineHazard")
    assert "last_day" in shown
    assert "cumulative  " not in shown


# ---- cohorts without any effect -------------------------------------------------------------------------------------


def cohort(seed, people, *, frailty=0.0, risk_spread=1.3):
    """People with known one-year risks; 60 % mean to take up a service, after 90 days on average; followed three years.

    frailty : variance of what makes people differ at the same risk (gamma); with it everybody's hazard, as far as
              anyone can see, falls with time
    """
    generator = np.random.default_rng(seed)
    predicted = 1 / (1 + np.exp(-generator.normal(-1.1, risk_spread, people)))
    own = generator.gamma(1 / frailty, frailty, people) if frailty else 1.0
    frame = pd.DataFrame({"person_id": np.arange(people), "predicted": predicted})
    frame["day"] = np.ceil(generator.exponential(1 / (own * daily_hazard(predicted, frailty))))
    lag = np.ceil(generator.exponential(90, people))
    frame["lag"] = np.where(generator.random(people) < 0.6, lag, np.inf)
    return frame.assign(took_up=(frame["lag"] < frame["day"]) & (frame["lag"] <= 360))


def daily_hazard(predicted, frailty):
    """What makes the risk of the first year `predicted`, over people of every frailty."""
    return (((1 - predicted) ** -frailty - 1) / frailty if frailty else -np.log1p(-predicted)) / 365


def true_risk(people, lag, frailty):
    """Risk of (lag, lag + 365] of those without the event at the lag, by the formula of the simulation."""
    rate = daily_hazard(people["predicted"], frailty)
    if not frailty:
        return people["predicted"].mean()
    return (1 - ((1 + frailty * rate * (lag + 365)) / (1 + frailty * rate * lag)) ** (-1 / frailty)).mean()


def hazard_of(people, *, predicted=None):
    """From everybody's time until take-up."""
    end = np.minimum(np.minimum(people["day"], people["lag"]), YEARS)
    event = (people["day"] <= people["lag"]) & (people["day"] <= YEARS)
    return baseline_hazard(end, event, people["predicted"] if predicted is None else predicted)


def errors_at(lags, people, hazard, frailty):
    """Percentage points by which the mean re-based risk of people at risk is off the true one."""
    found = []
    for lag in lags:
        at_risk = people[people["day"] > lag]
        found.append(100 * (rebased(at_risk["predicted"], lag, hazard).mean() - true_risk(at_risk, lag, frailty)))
    return np.array(found)


@pytest.mark.parametrize(("frailty", "within"), [(0.0, 0.3), (0.5, 1.0), (1.0, 1.0)])
def test_the_true_risk_is_recovered_where_a_pooled_curve_is_not(frailty, within):
    people = cohort(3, 400_000, frailty=frailty)
    own = errors_at([91, 183, 274], people, hazard_of(people), frailty)
    assert (np.abs(own) < within).all(), own
    # the same curve without individual risks falls because people of high risk leave; using it counts that twice
    pooled = errors_at([183, 274], people, hazard_of(people, predicted=np.full(len(people), 0.286)), frailty)
    assert (pooled < -2).all(), pooled


def test_a_hazard_from_people_never_treated_is_biased():
    # who was reconvicted early had no time to take up the service, and so is "never treated"
    people = cohort(5, 200_000)
    never = people[~people["took_up"]]
    hazard = baseline_hazard(np.minimum(never["day"], YEARS), never["day"] <= YEARS, never["predicted"])
    assert (errors_at([91, 183], people, hazard, 0.0) < -2).all()
    assert (np.abs(errors_at([91, 183], people, hazard_of(people), 0.0)) < 0.3).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: baseline_hazard([1, 2], [0, 1], [0.2, 1.0]), "predicted, row 1 .*: 1.0; each must lie strictly"),
        (lambda: baseline_hazard([1, 2], [0, 1], [0.2]), "days has 2 rows but predicted has 1"),
        (
            lambda: baseline_hazard([9] * 29, [1] * 29, [0.2] * 29),
            "29 people are under observation from day 0, fewer than",
        ),
        (lambda: baseline_hazard([9] * 30, [0] * 30, [0.2] * 30), "event: nobody has one by day 9"),
        (lambda: baseline_hazard([9, 9], [1, 1], [0.2, 0.3], entry=[0, 10]), "entry, row 1 .*: 10; each must be"),
        (lambda: constant_hazard().at(-1), "days, row 0 .*: -1.0; each must be a number of days, 0 or more"),
        (lambda: rebased([0.2, 0.3], [1], constant_hazard()), "predicted has 2 rows but start has 1"),
        (lambda: rebased([0.2], -1, constant_hazard()), "lag, row 0 .*: -1.0; each must be a number of days"),
        (lambda: rebased([0.2], np.nan, constant_hazard()), "lag, row 0 .*: missing; each must be a number of days"),
        (lambda: rebased([20.0], 1, constant_hazard()), "predicted, row 0 .*: 20.0; each must lie strictly"),
        (lambda: risk_between([0.2], 10, 10, constant_hazard()), "end, row 0 .*: 10.0; each must lie after its start"),
        (lambda: rebased([0.2], 1, small_hazard(), followup=9), "hazard: nobody had the event by day 9"),
    ],
)
def test_refused_with_row_value_and_rule(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_fewest_must_be_a_number_of_people():
    with pytest.raises(SpecError, match="fewest: 0 is not a whole number of at least 1"):
        small_hazard(fewest=0)


def test_thirty_people_are_enough():
    hazard = baseline_hazard([9] * 29 + [20], [1] * 29 + [0], [0.2] * 30)
    assert (hazard.last_day, hazard.events) == (9, 29)
