"""What every test module shares: one way to compare floats, with the decimals stated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings

# The same examples every time, however slow the machine.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")


def assert_close(actual, expected, *, decimals):
    """Fail unless every number agrees to the given number of decimal places."""
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=0, atol=0.5 * 10.0**-decimals
    )


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    """The demonstration extract at its default size, written once."""
    from evalkit.synthetic import write_demo

    return write_demo(tmp_path_factory.mktemp("demo") / "demo")
