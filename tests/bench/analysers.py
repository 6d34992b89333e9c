"""The analysers alone, on one core: with the words of the comments new to them, and met before."""

from __future__ import annotations

import statistics

from tests.bench.children import probe
from tests.bench.session import Session, say
from tests.bench.table import Figure, Row, Target

GROUP, PROFILE = "analysers", "profile"
GOALS = {"emotions": 40_000, "themes": 150_000}
MOST_ROWS = 100_000


def alone(session: Session) -> list[Row]:
    rows = min(MOST_ROWS, session.rows)
    return [row for name in GOALS for row in _speeds(session, name, rows)]


def _speeds(session: Session, name: str, rows: int) -> list[Row]:
    say(f"{name} alone")
    found = [probe("analyser", name, rows) for _ in range(session.runs)]
    reference = Figure(statistics.median(one["reference"] for one in found), "texts/s", "fixed work")
    return [
        Row(GROUP, f"{name}, {words}", Figure(statistics.median(one[kind] for one in found), "texts/s"),
            Target(GOALS[name], at_least=True), reference=(reference,), runs=session.runs)
        for kind, words in (("cold", "new words"), ("warm", "words met before"))
    ]  # fmt: skip


def profiles(session: Session) -> list[Row]:
    """In which stages the time of an analyser goes; not the times themselves, which the profiler makes longer."""
    rows = min(MOST_ROWS, session.rows)
    return [row for name in GOALS for row in _profile(session, name, rows)]


def _profile(session: Session, name: str, rows: int) -> list[Row]:
    say(f"profile of {name}")
    turns = [probe("profile", name, rows)["stages"] for _ in range(session.runs)]
    shares = [{stage: 100 * seconds / sum(turn.values()) for stage, seconds in turn.items()} for turn in turns]
    return [
        Row(PROFILE, f"{name}: {stage}", Figure(statistics.median(one[stage] for one in shares), "%"), runs=len(turns))
        for stage in shares[0]
    ]
