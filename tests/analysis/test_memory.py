"""The memory manager: thresholds and the size of the next slice."""

from __future__ import annotations

import psutil
import pytest

from include.analysis.memory import MemoryManager


@pytest.mark.parametrize(
    ("used_mb", "rows", "largest", "following"),
    [
        (100, 1000, 1000, 1000),
        (299, 400, 1000, 800),  # under 30 %: the double
        (299, 800, 1000, 1000),  # never more than the largest
        (500, 400, 1000, 400),
        (701, 400, 1000, 200),  # over 70 %: a half
        (701, 60, 1000, 50),  # of at least 50
        (901, 400, 1000, 100),  # over 90 %: a quarter
        (901, 20, 1000, 10),  # of at least 10
        (701, 20, 30, 20),  # the least never makes a slice grow
    ],
)
def test_next_slice(used_mb: float, rows: int, largest: int, following: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryManager, "current_mb", lambda self: used_mb)
    assert MemoryManager(1000).next_slice(rows, largest) == following


def test_garbage_is_collected_over_70_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryManager, "current_mb", lambda self: 701.0)
    assert MemoryManager(1000).should_gc()
    assert not MemoryManager(1010).should_gc()


def test_figures_are_those_of_the_process() -> None:
    memory = MemoryManager(4096)
    resident = psutil.Process().memory_info().rss / 2**20
    assert memory.current_mb() == pytest.approx(resident, rel=0.1)
    assert memory.peak_mb() >= 0.9 * resident
    assert memory.percentage() == pytest.approx(100 * resident / 4096, rel=0.1)
    before = memory.current_mb()
    block = b"x" * (64 << 20)
    assert memory.current_mb() > before + 50
    del block
    memory.clean_up()
    assert memory.current_mb() < before + 50
