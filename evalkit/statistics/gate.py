"""May a report claim anything? The verdict on a calibration, by its size and not its significance."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.errors import SpecError
from evalkit.statistics.calibration import Calibration
from evalkit.statistics.shown import Shown

FEWEST_REFERENCE_EVENTS = 100
"""With fewer events, or fewer people without one, no calibration check supports a claim about an effect."""

_SMOOTH_GROUPS, _SMOOTH_POINTS, _SMOOTH_SHARE = 1_000, 50, 2 / 3


@dataclass(frozen=True, repr=False, eq=False)
class Gate(Shown):
    """Whether predictions fit well enough to be compared with as they are; equal to its verdict, and printed as it.

    verdict        : 'passed', 'failed', 'undetermined' or 'not applicable'
    claims_allowed : False where there are too few reference events for any claim about an effect
    reason         : which interval lay where
    ratio, slope   : where its interval lay: 'within', 'across' or 'outside' the margins
    ratio_margins, slope_margins : low and high
    """

    verdict: str
    claims_allowed: bool
    reason: str
    ratio: str
    slope: str
    ratio_margins: tuple[float, float]
    slope_margins: tuple[float, float]

    def __str__(self) -> str:
        return self.verdict

    def __eq__(self, other: object) -> bool:
        return self.verdict == str(other) if isinstance(other, str | Gate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.verdict)


def gate(
    calibration: Calibration,
    *,
    ratio: tuple[float, float] = (0.95, 1.05),
    slope: tuple[float, float] = (0.8, 1.2),
    estimated: bool = False,
) -> Gate:
    """Judge a calibration by the size of its error, not by its significance.

    ratio, slope : margins (low, high) round 1; an interval ending on a margin still lies within
    estimated    : True where the predictions were estimated on these very people, and so fit by construction

    'passed' where both intervals lie wholly within their margins, 'failed' where either lies wholly outside, else
    'undetermined', as always with fewer than 100 events or non-events; 'not applicable' to estimated predictions.
    Raises SpecError unless margins are 0 <= low < 1 < high.
    """
    _refuse_margins({"ratio": ratio, "slope": slope})
    limits = (calibration.ratio_low, calibration.ratio_high), (calibration.slope_low, calibration.slope_high)
    places = [_place(interval, margins) for interval, margins in zip(limits, (ratio, slope), strict=True)]
    enough = min(calibration.events, calibration.people - calibration.events) >= FEWEST_REFERENCE_EVENTS
    reasons = [] if enough else ["too few reference events: no effect claim"]
    if estimated:
        verdict = "not applicable"
        reasons.append("calibrated by construction")
    else:
        verdict = _verdict(places) if enough else "undetermined"
        named = zip(("actual / predicted", "slope"), limits, places, (ratio, slope), strict=True)
        reasons += [
            f"{name}: {low:.3f} to {high:.3f}, {place} {m[0]} to {m[1]}" for name, (low, high), place, m in named
        ]
    return Gate(
        verdict=verdict,
        claims_allowed=enough,
        reason="; ".join(reasons),
        ratio=places[0],
        slope=places[1],
        ratio_margins=ratio,
        slope_margins=slope,
    )


def _refuse_margins(margins: dict[str, tuple[float, float]]) -> None:
    for name, pair in margins.items():
        if not (len(pair) == 2 and 0 <= pair[0] < 1 < pair[1]):
            raise SpecError(f"{name}: {pair!r} are not margins round 1 (0 <= low < 1 < high), such as (0.8, 1.2)")


def _place(interval: tuple[float, float], margins: tuple[float, float]) -> str:
    if interval[1] < margins[0] or interval[0] > margins[1]:
        return "outside"
    return "within" if margins[0] <= interval[0] and interval[1] <= margins[1] else "across"


def _verdict(places: list[str]) -> str:
    if "outside" in places:
        return "failed"
    return "undetermined" if "across" in places else "passed"
