"""Excel workbooks."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from include.analysis.errors import CorruptInput, NoRows, SheetNotFound, UnsupportedInput
from include.analysis.reading.cells import cell_texts
from include.analysis.reading.filetype import FileType
from include.analysis.reading.header import (
    HEADER_ROWS,
    Header,
    find_header,
    name_columns,
    refuse_too_many_columns,
    text_column_not_found,
)
from include.analysis.reading.source import ReadOptions, Source, SourceInfo, no_rows, string_schema
from include.analysis.reading.stored import file_digest
from include.analysis.text import normal_form, string_array

_BATCH_ROWS = 2048
_SAMPLE_ROWS = 1000
_LISTED_SHEETS = 20
MAX_SHEET_CELLS = 150_000_000  # the library lays out the whole rectangle that a sheet declares, 24 bytes a cell
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml$")
_DIMENSION = re.compile(rb'<dimension ref="(?:\$?[A-Z]+\$?\d+:)?\$?([A-Z]{1,3})\$?(\d{1,7})"')


_TRIAL = """
import resource, sys
from python_calamine import CalamineWorkbook, SheetTypeEnum
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
with CalamineWorkbook.from_path(sys.argv[1]) as workbook:
    for sheet in workbook.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet:
            workbook.get_sheet_by_name(sheet.name)
"""
_TRIAL_GIB = {"xls": 2, "xlsx": 4}  # of memory; a full .xls sheet takes a fifth of it, MAX_SHEET_CELLS nearly all
_TRIAL_SECONDS = 120


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns what the workbook library raises into errors of ours."""
    try:
        yield
    except PasswordError:
        raise CorruptInput(f"{path} is protected with a password; save it without the password") from None
    except BaseException as error:
        # A panic of the library is not an Exception, and its type has no public name.
        if isinstance(error, CalamineError | ValueError) or type(error).__name__ == "PanicException":
            raise _damaged(path, error) from None
        raise


def _damaged(path: Path, reason: object) -> CorruptInput:
    said = " ".join(str(reason).split())[:200]
    return CorruptInput(f"{path} is a damaged workbook ({said}); open it in Excel and save it again")


def _refuse_what_kills(path: Path, format_: str) -> None:
    """The library allocates what a workbook declares, and ends the process where that fails: try in another one.

    A cell reference is enough, in a sheet that declares no size or a wrong one.
    """
    try:
        status = subprocess.run(
            [sys.executable, "-c", _TRIAL, str(path), str(_TRIAL_GIB[format_] * 1024**3)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TRIAL_SECONDS,
        ).returncode
    except subprocess.TimeoutExpired:
        raise _damaged(path, f"not read in {_TRIAL_SECONDS} seconds") from None
    if status >= 0:  # not a signal; what raises an exception is told better by reading it here
        return
    if format_ == "xls":
        raise _damaged(path, "its tables declare impossible sizes")
    raise UnsupportedInput(
        f"{path} takes more than {_TRIAL_GIB[format_]} GiB of memory to read, as when a cell lies far from the "
        "table or the file is damaged: copy the table into a new workbook, or save it as CSV"
    )


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
        raise _damaged(path, error) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place in the file that cannot be
            raise
        raise _damaged(path, error) from None


def _cells_up_to(column: str, row: int) -> int:
    width = 0
    for letter in column:
        width = 26 * width + ord(letter) - ord("A") + 1
    return width * row


@dataclass(frozen=True)
class _Table:
    """A sheet with its header; `skipped` rows stand above the first row of data."""

    sheet: CalamineSheet
    header: Header
    skipped: int


def _top(sheet: CalamineSheet) -> tuple[list[list[str]], list[int]]:
    """The first rows that are not blank, and their numbers from 1."""
    rows, numbers = [], []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = cell_texts(cells)
        if any(texts):
            rows.append(texts)
            numbers.append(number)
            if len(rows) == HEADER_ROWS:
                break
    return rows, numbers


def _worksheets(workbook: CalamineWorkbook) -> list[str]:
    """The names of the sheets that hold cells, visible ones first."""
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    return [sheet.name for sheet in sorted(sheets, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)]


def sheet_names(path: Path) -> list[str]:
    """The names of the sheets that hold cells, visible ones first; of a workbook that `open_workbook` has opened."""
    with _readable(path), CalamineWorkbook.from_path(path) as workbook:
        return _worksheets(workbook)


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


def _load_table(path: Path, sheet: str | None, text_column: str | None) -> _Table:
    """The first sheet (or the one asked for) that holds the text column.

    Raises:
        SheetNotFound, TextColumnNotFound, UnsupportedInput, CorruptInput, NoRows
    """
    with _readable(path), CalamineWorkbook.from_path(path) as workbook:
        names = _worksheets(workbook)
        if sheet is not None:
            names = [_find_sheet(path, names, sheet)]
        first_filled: tuple[str, list[list[str]]] | None = None
        for name in names:
            content = workbook.get_sheet_by_name(name)
            rows, numbers = _top(content)
            header = find_header(rows, text_column)
            if header is not None:
                return _Table(content, header, numbers[header.position])
            if rows and first_filled is None:
                first_filled = name, rows
    if first_filled is None:
        where = "in any sheet" if sheet is None else f"in sheet '{names[0]}'"
        raise NoRows(f"{path} has no rows {where}; a header and at least one comment are needed")
    name, rows = first_filled
    raise text_column_not_found(f"{path}, sheet '{name}'", rows, text_column)


def open_workbook(path: Path, kind: FileType, options: ReadOptions, reserved: Collection[str]) -> Source:
    """Find the table of comments in a workbook.

    Raises:
        SheetNotFound, TextColumnNotFound, UnsupportedInput, CorruptInput, NoRows
    """
    if kind.format == "xlsx":
        _refuse_vast_sheets(path)
    _refuse_what_kills(path, kind.format)
    table = _load_table(path, options.sheet, options.text_column)
    refuse_too_many_columns(str(path), len(table.header.cells))
    columns, renamed = name_columns(table.header.cells, reserved)
    info = SourceInfo(
        name=path.name,
        path=path,
        format=kind.format,
        compression=None,
        bytes=kind.size,
        encoding=None,
        delimiter=None,
        sheet=table.sheet.name,
        header_line=table.skipped,
        columns=columns,
        renamed_columns=renamed,
        text_column=columns[table.header.text],
        detected=tuple(name for name in ("text_column", "sheet") if getattr(options, name) is None),
    )
    return WorkbookSource(info, table)


def _load_sheet(path: Path, name: str) -> CalamineSheet:
    with _readable(path), CalamineWorkbook.from_path(path) as workbook:
        return workbook.get_sheet_by_name(name)


class WorkbookSource(Source):
    """One sheet of an Excel workbook. The sheet is in memory from the opening until its rows have been read."""

    def __init__(self, info: SourceInfo, table: _Table) -> None:
        assert info.path is not None
        self._path = info.path
        self._sheet: CalamineSheet | None = table.sheet
        self._skipped = table.skipped
        rows = (table.sheet.end[0] + 1 if table.sheet.end else 0) - table.skipped
        if rows <= 0:
            raise no_rows(f"{info.path}, sheet '{info.sheet}',")
        sample = [
            cell_texts(row) for row in islice(table.sheet.iter_rows(), table.skipped, table.skipped + _SAMPLE_ROWS)
        ]
        size = sum(len(cell.encode("utf-8")) + 1 for row in sample for cell in row)
        super().__init__(info, rows, max(size / max(len(sample), 1), 1.0))

    def release(self) -> None:
        self._sheet = None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        assert self.info.sheet is not None
        sheet = self._sheet or _load_sheet(self._path, self.info.sheet)
        schema = string_schema(self.info.columns)
        rows = islice(sheet.iter_rows(), self._skipped, None)
        blank = [""] * len(self.info.columns)
        blank_run = 0
        while cells := list(islice(rows, _BATCH_ROWS)):
            filled = []
            for row in cells:
                if row == blank:
                    blank_run += 1
                else:
                    self.quality.blank_lines += blank_run
                    blank_run = 0
                    filled.append(row)
            if filled:
                self.quality.rows += len(filled)
                yield _record_batch(filled, schema)
        self._digest = file_digest(self._path)
        self.release()


def _record_batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [string_array(cell_texts(column)) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
