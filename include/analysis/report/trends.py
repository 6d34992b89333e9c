"""The trends of the history (`trends.json`), as far as the report shows them.

By `day`, `week` and `month` that file has a list of periods, each with its first day (`start`), its `comments`, and
for each kind of measure the shares of the comments; `changes` lists what rose or fell beyond chance. A file that is not
as expected is passed over: the history may be younger or older than the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from include.analysis.files import read_json

UNITS = ("day", "week", "month")
KINDS = ("emotions", "themes", "duplicates", "repeats")
COMMENTS = "comments"
POINTS_AT_MOST = 60


@dataclass(frozen=True)
class Change:
    """A measure that rose or fell beyond chance in a period, and its shares then and before."""

    unit: str
    start: date
    kind: str
    measure: str
    rose: bool
    share: float
    before: float


@dataclass(frozen=True)
class Series:
    """A measure over the periods of a unit; None where a period has none. `comments` are counts, all else shares."""

    kind: str
    measure: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Trends:
    """What changed, the latest first, and the series of one unit of time."""

    changes: list[Change] = field(default_factory=list)
    unit: str = "day"
    starts: list[date] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)

    def __bool__(self) -> bool:
        return len(self.starts) > 1


def read_trends(path: Path | None) -> Trends:
    """The trends of a file; empty when there is none or it is not understood."""
    if path is None or not path.is_file():
        return Trends()
    try:
        content = read_json(path)
        unit = _unit(content)
        periods = content[unit][-POINTS_AT_MOST:]
        starts = [date.fromisoformat(period["start"]) for period in periods]
        changes = sorted(_changes(content.get("changes", [])), key=lambda change: change.start, reverse=True)
        return Trends(changes, unit, starts, list(_series(periods)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Trends()


def _unit(content: Mapping[str, Any]) -> str:
    """The shortest unit that does not make too many points."""
    return next((unit for unit in UNITS if len(content[unit]) <= POINTS_AT_MOST), UNITS[-1])


def _changes(found: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    for one in found:
        yield Change(
            str(one["period"]),
            date.fromisoformat(one["start"]),
            str(one["kind"]),
            str(one["measure"]),
            one["direction"] == "rose",
            float(one["share"]),
            float(one["baseline_share"]),
        )


def _series(periods: Sequence[Mapping[str, Any]]) -> Iterator[Series]:
    yield Series(COMMENTS, COMMENTS, [_number(period.get(COMMENTS)) for period in periods])
    shares = [dict(_shares(period)) for period in periods]
    for kind, measure in dict.fromkeys(name for period in shares for name in period):
        yield Series(kind, measure, [period.get((kind, measure)) for period in shares])


def _shares(period: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], float]]:
    for kind in KINDS:
        told = period.get(kind, {})
        for measure, share in told.get("shares", {}).items():
            yield (kind, str(measure)), float(share)
        if "share" in told:
            yield (kind, kind), float(told["share"])


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
