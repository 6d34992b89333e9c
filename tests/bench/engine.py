"""The engine without Airflow: its speed against reading alone, and what its parts take of a run."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tests.bench.children import probe
from tests.bench.session import BASIC, Measured, Session
from tests.bench.table import Figure, Row, Target, ratio

GROUP = "engine"


def speed(session: Session) -> list[Row]:
    """From the start of the process until `results.json` is there, `comments.csv` and `.parquet` before it."""
    basic, whole = session.measured["basic"], session.measured["all"]
    pandas, polars = session.measured["pandas"], session.measured["polars"]
    engine = f"engine, {len(BASIC)} analyses"
    return [
        _against(session, engine, basic, "pandas.read_csv", pandas, Target(14)),
        _against(session, engine, basic, "polars.read_csv", polars),
        _against(session, "engine, all analyses", whole, "pandas.read_csv", pandas),
        _report(session, basic),
    ]


def steps(session: Session) -> list[Row]:
    """The processor time of each step of a run of the basic analyses: what bounds the engine."""
    found = probe("steps", session.export(session.rows))
    floor = (Figure(found["floor"], "s"),)
    return [
        Row(
            "steps",
            f"{name} / pandas.read_csv",
            Figure(seconds / found["floor"], "x"),
            None,
            (Figure(seconds, "s"),),
            floor,
            1,
        )
        for name, seconds in found["processor"].items()
    ]


def _against(
    session: Session, what: str, run: Measured, reader: str, floor: Measured, target: Target | None = None
) -> Row:
    seconds = run.to_results()
    return Row(
        GROUP,
        f"{what} / {reader}",
        Figure(ratio(seconds, floor.seconds), "x"),
        target,
        _speed(session, seconds),
        _speed(session, floor.seconds),
        session.long_runs,
    )


def _speed(session: Session, seconds: Sequence[float]) -> tuple[Figure, Figure]:
    median = statistics.median(seconds)
    return Figure(median, "s"), Figure(session.rows / median, "rows/s")


def _report(session: Session, run: Measured) -> Row:
    """What the report takes, which is built after the results."""
    reports = [one.report["seconds"] for one in run.runs]
    engine = statistics.median(run.to_results())
    return Row(
        GROUP,
        "report.html, report.xlsx, comments_unique.* / engine",
        Figure(ratio(reports, run.to_results()), "x"),
        measured=(Figure(statistics.median(reports), "s"),),
        reference=(Figure(engine, "s"),),
        runs=session.long_runs,
    )


def comments_files(session: Session) -> list[Row]:
    """`comments.csv` and `comments.parquet` written once more, against the run that they are of."""
    written, run = session.measured["comments"], session.measured["basic"]
    return [
        Row(
            "comments",
            "comments.csv and comments.parquet, of the engine's run",
            Figure(100 * ratio(written.seconds, run.own_seconds()), "%"),
            Target(25),
            (Figure(written.median, "s"),),
            (Figure(statistics.median(run.own_seconds()), "s"),),
            session.long_runs,
        )
    ]


def near_duplicates(session: Session) -> list[Row]:
    """They are found by default because that takes less than the rest of a run."""
    whole, rest = session.measured["all"].to_results(), session.measured["basic"].to_results()
    more = [one - other for one, other in zip(whole, rest, strict=True)]
    return [
        Row(
            "near",
            "near-duplicates, of the other analyses' run",
            Figure(100 * ratio(more, rest), "%"),
            Target(100),
            (Figure(statistics.median(more), "s"),),
            (Figure(statistics.median(rest), "s"),),
            session.long_runs,
        )
    ]
