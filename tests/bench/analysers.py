"""The analysers alone, on one core: with the words of the comments new to them, and met before."""

from __future__ import annotations

import statistics

from tests.bench.children import probe
from tests.bench.session import Session, say
from tests.bench.table import Figure, Row, Target

GROUP = "analysers"
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
