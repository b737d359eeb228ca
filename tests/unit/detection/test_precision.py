"""The Wilson interval against numbers computed by hand and published."""

import pytest

from services.clue_service.rules_office.feedback import Figures, figures, wilson


@pytest.mark.parametrize(
    ("confirmed", "verified", "low", "high"),
    [
        (4, 20, 0.08066, 0.41602),
        (5, 20, 0.11186, 0.46870),
        (8, 10, 0.49016, 0.94332),
        (0, 10, 0.0, 0.27753),
        (10, 10, 0.72247, 1.0),
        (1, 1, 0.20655, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson(confirmed, verified, low, high):
    assert wilson(confirmed, verified) == pytest.approx((low, high), abs=5e-5)


def test_nothing_is_known_of_nothing():
    assert wilson(0, 0) is None
    nothing = Figures(clues=0, accepted=0, verified=0, confirmed=0, precision=None, interval=None, median_days=None)
    assert figures([]) == nothing
