"""Work in threads ahead of its use."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from include.analysis.threads import AHEAD, THREADS, ahead


def test_results_come_in_the_order_of_the_items_from_several_threads() -> None:
    together = threading.Barrier(THREADS, timeout=30)  # passed only by as many at once

    def double(number: int) -> int:
        together.wait()
        return 2 * number

    assert list(ahead(double, range(10 * THREADS))) == list(range(0, 20 * THREADS, 2))


def test_few_wait_for_being_used() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = ahead(str, items())
    assert next(results) == "0"
    assert len(taken) == AHEAD + 1
    results.close()
    assert len(taken) == AHEAD + 1


def test_what_is_raised_comes_in_its_turn() -> None:
    results = ahead(lambda number: 1 // number, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
