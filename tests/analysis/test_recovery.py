"""Work that is cut anywhere and taken up again always gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.analysis import files, pipeline
from include.analysis.configuration import validate
from include.analysis.files import read_json
from include.analysis.parts import PartStore, StoredPart
from include.analysis.run_folder import RunFolder
from tests.analysis.test_batch_processor import comparable, make_export, with_custom

ANALYSES = ["duplicates", "themes", "greedy"]


class Killed(BaseException):
    """What a SIGKILL is in these tests: nothing catches it, nothing more is done."""


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_export(tmp_path_factory.mktemp("export") / "export.csv", 230)


@pytest.fixture(scope="module", autouse=True)
def custom() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        with_custom(patch, "greedy")
        patch.setattr(files, "_flush", lambda path: None)  # no waiting for the disk
        yield


@pytest.fixture(scope="module")
def calm(export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """What a run gives that nothing has happened to."""
    run = begin(tmp_path_factory.mktemp("calm"), export, 1000)
    for batch, name in tasks(run):
        pipeline.analyse(str(run.path), batch, name)
    return outcome(run)


def tasks(run: RunFolder) -> Iterator[tuple[int, str]]:
    for batch in run.batch_list():
        for name in ANALYSES:
            yield batch.index, name


def begin(folder: Path, export: Path, batch_size: int) -> RunFolder:
    run = RunFolder(folder)
    pipeline.begin(
        run,
        validate({"input_path": str(export), "batch_size": batch_size, "analyses": ANALYSES, "max_memory_mb": 4096}),
    )
    pipeline.split_all(str(folder))
    return run


def outcome(run: RunFolder) -> tuple[bytes, str]:
    results = pipeline.aggregate(RunFolder(run.path))
    return (run.path / "comments.parquet").read_bytes(), comparable(results)


def killed_after(monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """Let the process die when so many parts are written, before or after the last of them is in place."""
    left = [parts]
    write = PartStore.write

    def dying(self: PartStore, *arguments: Any) -> StoredPart:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return write(self, *arguments)

    monkeypatch.setattr(PartStore, "write", dying)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kills=st.lists(st.integers(0, 12), max_size=4), batch_size=st.sampled_from([30, 77, 1000]))
def test_killed_after_any_parts_and_taken_up_again(
    kills: list[int],
    batch_size: int,
    export: Path,
    calm: tuple[bytes, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    run = begin(folder, export, batch_size)
    tries: dict[tuple[int, str], int] = {}
    for parts in [*kills, None]:
        with pytest.MonkeyPatch.context() as patch:
            if parts is not None:
                killed_after(patch, parts)
            try:
                for task in tasks(run):
                    tries[task] = tries.get(task, -1) + 1
                    pipeline.analyse(str(folder), *task, retry=tries[task], number=tries[task] + 1)
            except Killed:
                continue
    assert outcome(run) == calm


def test_two_tries_at_once_count_no_row_twice(
    export: Path, calm: tuple[bytes, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(tmp_path / "run", export, 1000)
    with monkeypatch.context() as patch:
        killed_after(patch, 2)
        with pytest.raises(Killed):
            pipeline.analyse(str(run.path), 0, "greedy")
    early = {path: path.read_bytes() for path in run.parts.glob("greedy*/*/*.parquet")}
    for path in early:
        path.unlink()
    for name in ANALYSES:
        pipeline.analyse(str(run.path), 0, name, retry=2, number=2)
    for path, content in early.items():
        path.write_bytes(content)  # the first try, thought dead, has finished its slices after all
    assert outcome(run) == calm


@pytest.mark.parametrize(
    ("try_number", "max_tries", "retry"),
    [(1, 3, 0), (2, 3, 1), (4, 3, 3), (5, 7, 0), (6, 7, 1), (8, 7, 3), (2, 4, 0)],
)
def test_retries_are_counted_from_the_last_clearing(try_number: int, max_tries: int, retry: int) -> None:
    assert pipeline.retry_number(try_number, max_tries, retries=3) == retry


def test_a_retry_halves_the_slices_and_skips_what_is_done(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin(tmp_path, export, 1000)
    pipeline.analyse(str(tmp_path), 0, "themes", retry=3, number=4)
    attempt = read_json(tmp_path / "attempts/themes/00000-004.json")
    assert (attempt["slice_rows"], attempt["slices"], attempt["rows_skipped"]) == (28, 9, 0)
    next(iter(sorted(run.parts.glob("themes*/*/*.parquet")))).unlink()
    pipeline.analyse(str(tmp_path), 0, "themes", retry=0, number=5)
    attempt = read_json(tmp_path / "attempts/themes/00000-005.json")
    assert (attempt["slices"], attempt["rows_done"], attempt["rows_skipped"]) == (1, 28, 202)
