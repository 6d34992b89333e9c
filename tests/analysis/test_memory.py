"""The memory manager: thresholds and the size of the next slice."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.analysis.memory import MemoryManager
from tests.conftest import PROJECT


def arrow() -> list[pa.Array]:
    """More and more Arrow arrays, made by Arrow."""
    return [pc.add(pa.nulls(1 << 20, pa.int64()).fill_null(row), 1) for row in range(1000)]


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


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is Linux's")
@pytest.mark.parametrize("allocate", [lambda: np.ones(1 << 27), lambda: [str(i) * 9 for i in range(30_000_000)], arrow])
def test_running_out_raises_and_leaves_a_working_process(allocate: Callable[[], object]) -> None:
    memory = MemoryManager(int(MemoryManager(1).current_mb()) + 200)
    before = resource.getrlimit(resource.RLIMIT_DATA), pa.default_memory_pool().backend_name
    with pytest.raises(MemoryError), memory.bounded():
        allocate()
    assert (resource.getrlimit(resource.RLIMIT_DATA), pa.default_memory_pool().backend_name) == before
    assert np.ones(1 << 27).nbytes == 1 << 30
    with MemoryManager(int(memory.current_mb()) + 200).bounded():
        assert np.ones(1 << 24).nbytes == 128 << 20


def test_a_process_at_its_limit_has_room_for_a_small_slice() -> None:
    with MemoryManager(16).bounded():
        assert np.ones(1 << 22).nbytes == 32 << 20


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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_peak_is_not_that_of_who_started_the_process() -> None:
    own = "from include.analysis.memory import MemoryManager; print(MemoryManager.peak_mb())"
    code = (
        "import subprocess, sys; held = b'x' * (700 << 20)\n"
        f"subprocess.run([sys.executable, '-c', {own!r}], check=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert 10 < float(done.stdout) < 400


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc")
@pytest.mark.parametrize(("call", "most_kept"), [("return_freed()", 8), ("keep_freed()", 120)])
def test_what_is_freed_is_given_back_or_kept(call: str, most_kept: int) -> None:
    code = (
        "import numpy as np, psutil\n"
        "from include.analysis.memory import keep_freed, return_freed\n"
        f"{call}\n"
        "mib = lambda: psutil.Process().memory_info().rss / 2**20\n"
        "np.ones(24 << 20, np.uint8)\n"  # glibc keeps arrays as large as one that was freed before
        "before, pins = mib(), []\n"
        "held = [(np.ones(8 << 20, np.uint8), pins.append(np.ones(10_000, np.uint8))) for _ in range(10)]\n"
        "held.clear()\n"
        "print(mib() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert most_kept - 80 < float(done.stdout) < most_kept
