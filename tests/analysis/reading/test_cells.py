import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from include.analysis.sheets.cells import cell_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("007", "007"),
        ("", ""),
        (None, ""),
        (7, "7"),
        (True, "TRUE"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e300, "1e+300"),
        (float("nan"), ""),
        (float("inf"), "inf"),
        (Decimal("2.50"), "2.50"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.datetime(2024, 1, 2), "2024-01-02 00:00:00"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, 999_700), "2024-01-02 03:04:06"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, 300), "2024-01-02 03:04:05"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, 250_000), "2024-01-02 03:04:05.250000"),
        (dt.time(23, 59), "23:59:00"),
        (dt.timedelta(hours=-1, minutes=-2), "-01:02:00"),
    ],
)
def test_cell_text(cell: Any, text: str) -> None:
    assert cell_text(cell) == text
