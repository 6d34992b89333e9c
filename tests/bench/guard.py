"""The ratios that CI watches: few, of small inputs, in processor time, and each to a reference of the same try.

They are compared with those of `ratios.json`, which `make bench ARGS="--only guard --store"` writes. A busy machine can
spoil any try, so a ratio is worse only when it was so in all of them.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from include.analysis.files import write_json
from tests.bench.children import probe
from tests.bench.machine import machine, versions
from tests.bench.parsing import imports
from tests.bench.session import Session, say
from tests.bench.table import Figure, Row, Target

STORED = Path(__file__).with_name("ratios.json")
TOLERANCE = 0.30
TRIES = 3
ROWS = 100_000
TEXTS = 20_000
WORKBOOK_ROWS = 20_000
IMPORTS = 3

Measure = Callable[[], float]


@dataclass(frozen=True)
class Finding:
    """A ratio as it was stored (None: it never was), and as it was measured in each try."""

    name: str
    stored: float | None
    tries: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.tries)

    @property
    def worse(self) -> bool:
        """Whether all tries were more than the tolerance above the stored ratio."""
        return self.stored is None or self.best > self.stored * (1 + TOLERANCE)

    def __str__(self) -> str:
        tries = ", ".join(f"{one:.2f}" for one in self.tries)
        return f"{self.name}: {tries}; stored: {'nothing' if self.stored is None else f'{self.stored:.2f}'}"


def examine(stored: Mapping[str, float], measures: Mapping[str, Measure], tries: int = TRIES) -> list[Finding]:
    """Measure each ratio, again as long as it is worse and there are tries left."""
    return [_examine(name, stored.get(name), measure, tries) for name, measure in measures.items()]


def _examine(name: str, stored: float | None, measure: Measure, tries: int) -> Finding:
    finding = Finding(name, stored, (measure(),))
    while stored is not None and finding.worse and len(finding.tries) < tries:
        finding = Finding(name, stored, (*finding.tries, measure()))
    return finding


def measures(session: Session) -> dict[str, Measure]:
    """How each ratio is measured; less is better."""
    return {
        "split, analyse, aggregate / pandas.read_csv": partial(found_ratio, session, "engine_ratio", ROWS, ".csv"),
        "split / pandas.read_csv": partial(found_ratio, session, "split_ratio", ROWS, ".csv"),
        "XLSX split / calamine's rows": partial(found_ratio, session, "workbook_ratio", WORKBOOK_ROWS, ".xlsx"),
        "emotions / fixed work": partial(analyser_ratio, "emotions"),
        "themes / fixed work": partial(analyser_ratio, "themes"),
        "import of the DAG files / airflow.sdk": imports_ratio,
    }


def found_ratio(session: Session, name: str, rows: int, suffix: str) -> float:
    return float(probe(name, session.export(rows, suffix))["ratio"])


def analyser_ratio(name: str) -> float:
    """Once with new words and once with words met before."""
    found = probe("analyser", name, TEXTS)
    return float(found["reference"] / found["cold"] + found["reference"] / found["warm"]) / 2


def imports_ratio() -> float:
    found = imports(IMPORTS)
    return statistics.median(found.dags) / statistics.median(found.airflow)


def stored_ratios(path: Path = STORED) -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    except FileNotFoundError:
        return {}
    return found


def store(findings: Sequence[Finding], path: Path = STORED) -> None:
    """Keep the median of the tries of each ratio as what later ones are compared with."""
    ratios = {finding.name: round(statistics.median(finding.tries), 3) for finding in findings}
    content: dict[str, Any] = {"ratios": ratios, "machine": machine(), "versions": versions()}
    write_json(path, content)


def rows_of(session: Session) -> list[Row]:
    """The stored ratios beside what they are now; with `session.store` they are measured anew, and stored."""
    found = measures(session)
    if session.store:
        findings = []
        for name, measure in found.items():
            say(f"guard: {name}")
            findings.append(Finding(name, None, tuple(measure() for _ in range(TRIES))))
        store(findings)
    else:
        findings = examine(stored_ratios(), found)
    return [_row(finding) for finding in findings]


def _row(finding: Finding) -> Row:
    tries = tuple(Figure(one, "x") for one in finding.tries)
    if finding.stored is None:
        return Row("guard", finding.name, Figure(statistics.median(finding.tries), "x"), None, tries, runs=len(tries))
    target, stored = Target(finding.stored * (1 + TOLERANCE)), (Figure(finding.stored, "x", "stored"),)
    return Row("guard", finding.name, Figure(finding.best, "x"), target, tries, stored, len(tries))
