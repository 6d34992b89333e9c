"""The batch planner, by examples and by what must hold for all inputs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.planning import MAX_BATCHES, get_processing_configuration, plan_batches, rows_within_memory
from include.analysis.settings import DEFAULT_ANALYSES

AIRFLOW_MAX_MAP_LENGTH = 1024


@pytest.mark.parametrize(
    ("rows", "bytes_per_row", "memory_mb", "workers", "batch_size", "batches"),
    [
        (1, 150, 512, 2, 20_000, 1),  # one task costs more than 20,000 rows
        (300, 150, 512, 2, 20_000, 1),
        (20_000, 150, 512, 2, 20_000, 1),
        (100_000, 150, 512, 2, 50_000, 2),  # two tasks a worker, with three analyses
        (1_000_000, 150, 512, 2, 170_000, 6),  # 180 thousand rows of 150 bytes fit in 205 MiB
        (1_000_000, 150, 4096, 2, 500_000, 2),
        (1_000_000, 150, 4096, 16, 91_000, 11),
        (1_000_000, 5_000, 512, 2, 7_705, 130),  # long comments
        (10_000_000, 150, 512, 2, 179_705, 56),
        (200_000_000, 150, 512, 2, 240_000, 834),  # the most batches that Airflow maps, with room for a wrong guess
    ],
)
def test_examples(rows: int, bytes_per_row: float, memory_mb: int, workers: int, batch_size: int, batches: int) -> None:
    plan = plan_batches(rows, bytes_per_row, memory_mb, workers)
    assert (plan.batch_size, math.ceil(rows / plan.batch_size)) == (batch_size, batches)


@given(
    rows=st.integers(1, 10**9),
    bytes_per_row=st.floats(1, 1e6),
    memory_mb=st.integers(128, 65_536),
    workers=st.integers(1, 256),
    requested=st.one_of(st.none(), st.integers(10, 5_000_000)),
)
def test_airflow_can_map_the_batches_even_when_the_estimate_is_off(
    rows: int, bytes_per_row: float, memory_mb: int, workers: int, requested: int | None
) -> None:
    plan = plan_batches(rows, bytes_per_row, memory_mb, workers, requested=requested)
    assert math.ceil(rows / plan.batch_size) <= 1.01 * MAX_BATCHES + 1
    left, batches = 5 * rows, 0
    while left > 0:
        left -= plan.size_of(batches)
        batches += 1
    assert batches < AIRFLOW_MAX_MAP_LENGTH


@given(rows=st.integers(1, 10**7), bytes_per_row=st.floats(1, 10_000), memory_mb=st.integers(128, 65_536))
def test_a_batch_fits_in_its_share_of_memory_where_it_may(rows: int, bytes_per_row: float, memory_mb: int) -> None:
    plan = plan_batches(rows, bytes_per_row, memory_mb, 2, max_batches=None)
    assert plan.batch_size <= rows_within_memory(bytes_per_row, memory_mb)


def test_a_requested_size_is_taken() -> None:
    assert plan_batches(100_000, 150, 512, 2, requested=100).batch_size == 100
    assert plan_batches(1_000_000, 150, 512, 2, requested=100, max_batches=None).batch_size == 100


def test_an_estimate_a_little_too_high_does_not_change_a_requested_size() -> None:
    assert plan_batches(100_900, 150, 512, 2, requested=100).batch_size == 100


def test_a_requested_size_that_airflow_could_not_map_is_raised_and_said() -> None:
    plan = plan_batches(1_000_000, 150, 512, 2, requested=100)
    assert plan.batch_size == 1_200
    assert "batch_size 100 would cut about 1,000,000 rows into 10,000 batches" in plan.reason
    assert "1,200 is used" in plan.reason


@pytest.mark.parametrize(
    ("info", "batch_size", "workers", "limit"),
    [
        ({"size": 500, "memory_mb": 8192, "cpu_cores": 4}, 20_000, 3, 6553),
        ({"size": 1_000_000, "memory_mb": 8192, "cpu_cores": 4}, 340_000, 4, 6553),
        ({"size": 1_000_000, "memory_mb": 1024, "cpu_cores": 8}, 91_000, 3, 819),
    ],
)
def test_processing_configuration(info: dict[str, int], batch_size: int, workers: int, limit: int) -> None:
    configuration = get_processing_configuration(info)
    assert configuration["analyses"] == list(DEFAULT_ANALYSES)
    assert (configuration["batch_size"], configuration["n_workers"]) == (batch_size, workers)
    assert configuration["memory_limit_mb"] == limit == int(info["memory_mb"] * 0.8)


@pytest.mark.parametrize(
    ("rows", "memory_mb", "max_batches", "reason"),
    [
        (300, 512, 1000, "about 300 rows are one batch"),
        (100_000, 4096, 1000, "about 100,000 rows in 2 batches of one size: so no worker stands idle"),
        (1_000_000, 512, 1000, "about 1,000,000 rows in 6 batches of one size: each fits in 40 % of the memory limit"),
        (1_000_000, 512, 6, "the smallest size that cuts about 1,000,000 rows into batches that Airflow can map"),
    ],
)
def test_the_reason_is_said(rows: int, memory_mb: int, max_batches: int, reason: str) -> None:
    assert plan_batches(rows, 150, memory_mb, 2, max_batches=max_batches).reason == reason
