"""What somebody can work out who knows how every number shown is made up of people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


def found_out(wanted: set, known: list, truth: np.ndarray) -> Iterator[tuple]:
    """Counts with fewer than five possible values, given rows with their least and most: (vector, count, range).

    Every population that fits all that is known widens the range of every count; two are looked for per count at most.
    """
    rows, low, high = zip(*known, strict=True)
    sums = LinearConstraint(np.array(rows), low, high)
    possible = [truth]
    for vector in sorted(wanted):
        values = np.array(possible) @ vector
        for sign in (1, -1):
            if values.max() - values.min() < 4:
                end = milp(sign * np.array(vector), integrality=np.ones(len(truth)), bounds=Bounds(0, np.inf),
                           constraints=sums)  # fmt: skip
                possible.append(np.round(end.x) if end.status == 0 else truth + 10**6 * (np.array(vector) > 0))
                values = np.array(possible) @ vector
        if values.max() - values.min() < 4:
            yield vector, int(vector @ truth), (int(values.min()), int(values.max()))
