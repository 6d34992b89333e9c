"""A `trends.json` as the history writes it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from include.analysis.files import write_json


def write_trends(path: Path, days: int = 20) -> Path:
    """Trends of some days in which billing rises at the end."""
    first = date(2025, 3, 1)
    periods = [
        {
            "start": str(first + timedelta(i)),
            "comments": 100 + i,
            "with_text": 95,
            "emotions": {"of": 95, "counts": {"anger": 30 + i}, "shares": {"anger": (30 + i) / 95}},
            "themes": {"of": 95, "counts": {"billing": 5}, "shares": {"billing": 0.4 if i == days - 1 else 0.05}},
            "duplicates": {"of": 95, "count": 9, "share": 0.09},
        }
        for i in range(days)
    ]
    change = {
        "period": "day", "start": periods[-1]["start"], "kind": "themes", "measure": "billing", "direction": "rose",
        "share": 0.4, "baseline_share": 0.05,
    }  # fmt: skip
    write_json(path, {"day": periods, "week": [], "month": [], "changes": [change]})
    return path
