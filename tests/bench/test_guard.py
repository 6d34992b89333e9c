"""Nothing got much slower than it was, by ratios that a busy machine does not change; and the guard can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench import guard
from tests.bench.guard import TRIES, Finding, examine, store, stored_ratios
from tests.bench.probes import alternating
from tests.bench.session import Session

STORED = {"engine": 10.0}


def measuring(*values: float) -> Callable[[], float]:
    left: Iterator[float] = iter(values)
    return lambda: next(left)


def test_a_ratio_that_is_31_percent_worse_in_all_tries_is_told() -> None:
    [finding] = examine(STORED, {"engine": measuring(13.1, 14.0, 13.2)})
    assert finding.worse
    assert str(finding) == "engine: 13.10, 14.00, 13.20; stored: 10.00"


def test_a_ratio_that_is_29_percent_worse_passes_at_once() -> None:
    [finding] = examine(STORED, {"engine": measuring(12.9)})
    assert not finding.worse


def test_a_try_that_the_machine_spoilt_is_made_again() -> None:
    [finding] = examine(STORED, {"engine": measuring(40.0, 13.1, 10.5)})
    assert finding.tries == (40.0, 13.1, 10.5)
    assert not finding.worse
    assert finding.best == 10.5


def test_there_are_no_more_tries_than_allowed() -> None:
    [finding] = examine(STORED, {"engine": measuring(*[20.0] * 10)})
    assert len(finding.tries) == TRIES


def test_a_ratio_that_nobody_stored_is_not_taken_for_a_good_one() -> None:
    [finding] = examine({}, {"engine": measuring(1.0)})
    assert finding.worse
    assert "stored: nothing" in str(finding)


def test_the_median_of_the_tries_is_what_is_stored(tmp_path: Path) -> None:
    file = tmp_path / "ratios.json"
    assert stored_ratios(file) == {}
    store([Finding("engine", None, (12.0, 10.0, 30.0)), Finding("themes", 9.0, (1.23456,))], file)
    assert stored_ratios(file) == {"engine": 12.0, "themes": 1.235}


def test_every_ratio_is_stored(tmp_path: Path) -> None:
    assert set(stored_ratios()) == set(guard.measures(Session(tmp_path, 1, 1, 1, 2)))


def test_what_works_longer_takes_longer_in_turn_with_what_does_not() -> None:
    longer, shorter = alternating(lambda: sum(range(2_000_000)), lambda: sum(range(200_000)))
    assert 4 < longer / shorter < 25


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_ratio_got_worse(tmp_path: Path) -> None:
    findings = examine(stored_ratios(), guard.measures(Session(tmp_path, 1, 1, 1, 2)))
    worse = [str(finding) for finding in findings if finding.worse]
    assert not worse, "\n".join(["slower than make bench ARGS='--only guard --store' found it:", *worse])
