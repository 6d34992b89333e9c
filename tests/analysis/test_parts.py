"""Parts are whole, tied to what they came from, and counted once."""

from __future__ import annotations

import itertools
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.analysis import Part
from include.analysis.duplicates import DuplicatesAnalysis
from include.analysis.files import complete_file
from include.analysis.parts import Batch, PartStore, StoredPart, best_cover, gaps

RANGES = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda t: (t[0], t[0] + t[1])), max_size=7)


def stored(ranges: list[tuple[int, int]]) -> list[StoredPart]:
    return [StoredPart(Path(f"{start}-{stop}"), start, stop, 0) for start, stop in ranges]


def most_rows(ranges: list[tuple[int, int]]) -> int:
    """The rows that the best disjoint choice covers, by trying every choice."""
    best = 0
    for size in range(len(ranges) + 1):
        for choice in itertools.combinations(sorted(ranges), size):
            if all(a[1] <= b[0] for a, b in itertools.pairwise(choice)):
                best = max(best, sum(stop - start for start, stop in choice))
    return best


@given(RANGES)
def test_the_best_cover_is_disjoint_and_the_largest(ranges: list[tuple[int, int]]) -> None:
    cover = best_cover(stored(ranges))
    assert all(a.stop <= b.start for a, b in itertools.pairwise(cover))
    assert sum(part.stop - part.start for part in cover) == most_rows(ranges)


def test_a_late_part_does_not_undo_a_complete_cover() -> None:
    cover = best_cover(stored([(0, 500), (500, 1000), (0, 700)]))
    assert [(part.start, part.stop) for part in cover] == [(0, 500), (500, 1000)]


@pytest.mark.parametrize(
    ("ranges", "missing"),
    [([], [(1, 9)]), ([(1, 9)], []), ([(1, 3), (5, 6)], [(3, 5), (6, 9)]), ([(4, 9)], [(1, 4)])],
)
def test_gaps(ranges: list[tuple[int, int]], missing: list[tuple[int, int]]) -> None:
    assert list(gaps(ranges, 1, 9)) == missing


def part_of(rows: int) -> Part:
    return Part({"rows": rows}, pa.table({"key": pa.nulls(rows, pa.binary(16))}))


def test_parts_are_found_again_and_stale_ones_are_not(tmp_path: Path) -> None:
    analysis = DuplicatesAnalysis()
    batch = Batch(tmp_path, 0, 1, 11, "aaaa")
    store = PartStore(tmp_path, analysis, batch)
    store.write(1, 5, part_of(4), {"seconds": 1.5}, [{"row": 2, "error": "bad"}])
    assert store.missing() == [(5, 11)]
    [found] = PartStore(tmp_path, analysis, batch).parts()
    assert found.metadata() == {
        "partial": {"rows": 4},
        "metrics": {"seconds": 1.5},
        "quarantine": [{"row": 2, "error": "bad"}],
    }
    assert found.answers().num_rows == 4
    assert PartStore(tmp_path, analysis, Batch(tmp_path, 0, 1, 11, "bbbb")).missing() == [(1, 11)]

    class Newer(DuplicatesAnalysis):
        version = "2"

    assert PartStore(tmp_path, Newer(), batch).missing() == [(1, 11)]


def test_a_file_that_is_not_finished_does_not_exist(tmp_path: Path) -> None:
    def die_halfway() -> None:
        with complete_file(tmp_path / "x") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_halfway()
    assert list(tmp_path.iterdir()) == []


def test_temporary_files_are_no_parts(tmp_path: Path) -> None:
    store = PartStore(tmp_path, DuplicatesAnalysis(), Batch(tmp_path, 0, 1, 11, "aaaa"))
    store.folder.mkdir(parents=True)
    (store.folder / ".000000000001-000000000011.parquet.1-abc.tmp").write_text("half")
    assert store.missing() == [(1, 11)]
