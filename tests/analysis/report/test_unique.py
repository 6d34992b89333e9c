"""`comments_unique`: one row a distinct comment, how often it is said, and which of them is kept."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.files import write_json
from include.analysis.report.stored import StoredRun
from include.analysis.report.unique import UniqueFiles
from tests.analysis.report import runs

Rows = list[tuple[str, str]]  # comment and score


def stored(folder: Path, rows: Rows) -> StoredRun:
    """A run whose comments are these; `!` is a comment without a letter."""
    folder.mkdir(exist_ok=True)
    first: dict[str, int] = {}
    repeats = [
        None if text == "!" or first.setdefault(text, number) == number else first[text]
        for number, (text, _) in enumerate(rows, 1)
    ]
    columns = {
        "Nota": pa.array([score for _, score in rows], pa.string()),
        "Comentario": pa.array([text for text, _ in rows], pa.string()),
        "row": pa.array(range(1, len(rows) + 1), pa.int64()),
        "duplicate_of": pa.array(repeats, pa.int64()),
    }
    pq.write_table(pa.table(columns), folder / "comments.parquet", row_group_size=5)
    told = {"columns": ["Nota", "Comentario"], "text_column": "Comentario"}
    write_json(folder / "results.json", {"status": "success", "input": told, "versions": {"analyses": {}}})
    return StoredRun.load(folder)


def expected(rows: Rows, keep: str) -> list[tuple[int, int]]:
    """Row and frequency of what is kept."""
    groups: dict[str, list[int]] = {}
    for number, (text, _) in enumerate(rows, 1):
        groups.setdefault(text if text != "!" else f"! {number}", []).append(number)

    def best(numbers: list[int]) -> int:
        if keep == "highest":
            scores = {number: int(rows[number - 1][1]) if rows[number - 1][1] else -1 for number in numbers}
            return min(numbers, key=lambda number: (-scores[number], number))
        return numbers[0] if keep == "first" else numbers[-1]

    return sorted((best(numbers), len(numbers)) for numbers in groups.values())


@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", "c", "!"]), st.sampled_from(["", "0", "5", "10"])), min_size=1),
    keep=st.sampled_from(["first", "last", "highest"]),
    window=st.integers(1, 9),
)
def test_it_keeps_what_was_asked_for(
    rows: Rows, keep: str, window: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("unique")
    UniqueFiles(stored(folder, rows), keep, window).write()
    found = pq.read_table(folder / "comments_unique.parquet")
    pairs = zip(found["row"].to_pylist(), found["frequency"].to_pylist(), strict=True)
    assert list(pairs) == expected(rows, keep)
    assert found["Comentario"].to_pylist() == [rows[row - 1][0] for row in found["row"].to_pylist()]
    assert sum(found["frequency"].to_pylist()) == len(rows)
    assert sorted(path.name for path in folder.glob("*unique*")) == ["comments_unique.csv", "comments_unique.parquet"]


def test_the_files_of_a_run(everyday: Path) -> None:
    with (everyday / "comments_unique.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:6] == [*runs.HEAD, "row"]
    assert (rows[0]["Comentario Final"], rows[0]["frequency"]) == (
        "Excelente servicio, muy conforme con la velocidad", "3",
    )  # fmt: skip
    assert sum(int(row["frequency"]) for row in rows) == 101


def test_an_own_column_of_that_name_is_renamed(tmp_path: Path) -> None:
    export = runs.write(tmp_path / "x.csv", ["frequency", "Comentario"], [["a", "hola"], ["b", "Hola!"]])
    folder = runs.reported(tmp_path / "run", export, ["duplicates"])
    found = pq.read_table(folder / "comments_unique.parquet").to_pylist()
    assert [(row["frequency (original)"], row["frequency"]) for row in found] == [("a", 2)]


def test_without_duplicates_there_is_no_such_file(tmp_path: Path) -> None:
    export = runs.write(tmp_path / "x.csv", ["Comentario"], [["hola"], ["hola"]])
    folder = runs.reported(tmp_path / "run", export, ["emotions"])
    assert not list(folder.glob("*unique*"))
