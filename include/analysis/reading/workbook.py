"""Excel workbooks."""

from __future__ import annotations

import errno
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from include.analysis.errors import NoRows, SheetNotFound, UnsupportedInput
from include.analysis.reading.filetype import FileType
from include.analysis.reading.header import (
    HEADER_ROWS,
    Header,
    find_header,
    name_columns,
    refuse_too_many_columns,
    text_column_not_found,
)
from include.analysis.reading.sheet_reader import SheetReader, damaged
from include.analysis.reading.source import ReadOptions, Source, SourceInfo, no_rows, string_schema
from include.analysis.reading.stored import file_digest
from include.analysis.text import normal_form

_LISTED_SHEETS = 20
MAX_SHEET_CELLS = 150_000_000  # the library lays out the whole rectangle that a sheet declares, 24 bytes a cell
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml$")
_DIMENSION = re.compile(rb'<dimension ref="(?:\$?[A-Z]+\$?\d+:)?\$?([A-Z]{1,3})\$?(\d{1,7})"')


def _refuse_vast_sheets(path: Path) -> None:
    """One forgotten cell in the far corner of a sheet makes billions of cells out of a small file."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            found = _DIMENSION.search(_start(path, archive, name)) if _SHEET_PART.match(name) else None
            if found and _cells_up_to(found[1].decode(), int(found[2])) > MAX_SHEET_CELLS:
                raise UnsupportedInput(
                    f"{path} has a sheet that reaches to cell {found[1].decode()}{found[2].decode()}, more cells than "
                    "can be read: delete the empty rows and columns around the table, or save it as CSV"
                )


def _start(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as part:
            return part.read(4096)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise damaged(path, error) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place in the file that cannot be
            raise
        raise damaged(path, error) from None


def _cells_up_to(column: str, row: int) -> int:
    width = 0
    for letter in column:
        width = 26 * width + ord(letter) - ord("A") + 1
    return width * row


@dataclass(frozen=True)
class _Table:
    """A sheet with its header; `skipped` rows stand above the first row of data, and `rows` are below."""

    sheet: str
    header: Header
    skipped: int
    rows: int


def sheet_names(path: Path, format_: str) -> list[str]:
    """The names of the sheets that hold cells, visible ones first.

    Raises:
        UnsupportedInput, CorruptInput
    """
    with closing(SheetReader(path, format_)) as reader:
        return reader.sheets


def _find_sheet(path: Path, names: Sequence[str], wanted: str) -> str:
    if wanted in names:
        return wanted
    alike = [name for name in names if normal_form(name) == normal_form(wanted)]
    if len(alike) == 1:
        return alike[0]
    listed = ", ".join(f"'{name}'" for name in names[:_LISTED_SHEETS])
    more = f" and {len(names) - _LISTED_SHEETS} more" if len(names) > _LISTED_SHEETS else ""
    shown = "".join(c if c.isprintable() else " " for c in wanted[:60])
    raise SheetNotFound(f"{path} has no sheet '{shown}'; its sheets are {listed}{more}")


def _find_table(reader: SheetReader, path: Path, options: ReadOptions) -> _Table:
    """The first sheet (or the one asked for) that holds the text column.

    Raises:
        SheetNotFound, TextColumnNotFound, UnsupportedInput, CorruptInput, NoRows
    """
    names = reader.sheets
    if options.sheet is not None:
        names = [_find_sheet(path, names, options.sheet)]
    first_filled: tuple[str, list[list[str]]] | None = None
    for name in names:
        top = reader.top(name, HEADER_ROWS)
        header = find_header(top.rows, options.text_column)
        if header is not None:
            skipped = top.numbers[header.position]
            return _Table(name, header, skipped, top.height - skipped)
        if top.rows and first_filled is None:
            first_filled = name, top.rows
    if first_filled is None:
        where = "in any sheet" if options.sheet is None else f"in sheet '{names[0]}'"
        raise NoRows(f"{path} has no rows {where}; a header and at least one comment are needed")
    name, rows = first_filled
    raise text_column_not_found(f"{path}, sheet '{name}'", rows, options.text_column)


def open_workbook(path: Path, kind: FileType, options: ReadOptions, reserved: Collection[str]) -> Source:
    """Find the table of comments in a workbook.

    Raises:
        SheetNotFound, TextColumnNotFound, UnsupportedInput, CorruptInput, NoRows
    """
    if kind.format == "xlsx":
        _refuse_vast_sheets(path)
    reader = SheetReader(path, kind.format)
    try:
        table = _find_table(reader, path, options)
        info = _describe(path, kind, options, reserved, table)
        if table.rows <= 0:
            raise no_rows(f"{path}, sheet '{table.sheet}',")
        return WorkbookSource(info, table.rows, reader, reader.choose(table.skipped))
    except BaseException:
        reader.close()
        raise


def _describe(path: Path, kind: FileType, options: ReadOptions, reserved: Collection[str], table: _Table) -> SourceInfo:
    refuse_too_many_columns(str(path), len(table.header.cells))
    columns, renamed = name_columns(table.header.cells, reserved)
    return SourceInfo(
        name=path.name,
        path=path,
        format=kind.format,
        compression=None,
        bytes=kind.size,
        encoding=None,
        delimiter=None,
        sheet=table.sheet,
        header_line=table.skipped,
        columns=columns,
        renamed_columns=renamed,
        text_column=columns[table.header.text],
        detected=tuple(name for name in ("text_column", "sheet") if getattr(options, name) is None),
    )


class WorkbookSource(Source):
    """One sheet of an Excel workbook. It is in the memory of its reader from the opening until it has been read."""

    def __init__(self, info: SourceInfo, rows: int, reader: SheetReader, bytes_per_row: float) -> None:
        super().__init__(info, rows, bytes_per_row)
        self._reader: SheetReader | None = reader

    def release(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        assert self.info.path is not None
        schema = string_schema(self.info.columns)
        reader, self._reader = self._reader, None
        with closing(reader or self._open_again()) as reading:
            for group in reading.groups():
                if len(group.columns) != len(schema):
                    raise damaged(self.info.path, "its columns have changed")
                self.quality.blank_lines += group.blank
                self.quality.rows += len(group.columns[0])
                yield pa.RecordBatch.from_arrays(group.columns, schema=schema)
        self._digest = file_digest(self.info.path)

    def _open_again(self) -> SheetReader:
        assert self.info.path is not None
        assert self.info.sheet is not None
        reader = SheetReader(self.info.path, self.info.format)
        try:
            reader.top(self.info.sheet, 0)
            reader.choose(self.info.header_line)
        except BaseException:
            reader.close()
            raise
        return reader
