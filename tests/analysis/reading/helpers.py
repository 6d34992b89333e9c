"""Shared by the tests of the reader."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa

from include.analysis.reading import ReadOptions, Source, open_source

HEADER = "Fecha,Nota,Comentario Final\n"


def write(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows_of(source: Source, chunk_rows: int = 8192) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for table in source.chunks(chunk_rows):
        assert table.column_names == list(source.info.columns)
        assert all(field.type == pa.string() for field in table.schema)
        assert all(not column.null_count for column in table.columns)
        assert 0 < table.num_rows <= chunk_rows
        rows += zip(*(column.to_pylist() for column in table.columns), strict=True)
    assert len(rows) == source.quality.rows
    return rows


def read(path: Path, **options: str) -> tuple[Source, list[tuple[str, ...]]]:
    source = open_source(path, ReadOptions(**options))
    return source, rows_of(source)


def texts_of(path: Path, **options: str) -> list[str]:
    source, rows = read(path, **options)
    position = source.info.columns.index(source.info.text_column)
    return [row[position] for row in rows]


def actions(source: Source) -> Sequence[tuple[int, int, int, str]]:
    return [(entry["line"], entry["row"], entry["cells"], entry["action"]) for entry in source.quality.ragged]


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    """Write a workbook with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
