"""Puts the rows of the comments into a workbook that has only the head of their sheet."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa

from include.analysis.report.book.sheet_rows import SheetColumn, rows_xml
from include.analysis.report.stored import StoredRun
from include.analysis.threads import ahead

LEVEL = 1  # of compression: higher ones take several times as long for little
_LEVEL_OF_ENTRY = "compress_level" if sys.version_info >= (3, 13) else "_compresslevel"
EPOCH = (1980, 1, 1, 0, 0, 0)
SHEET_AT_MOST = (1 << 31) - (1 << 20)
"""Bytes of XML: a larger sheet would need a form of ZIP that Excel wants to repair."""


@dataclass(frozen=True)
class RowSource:
    """The rows of the comments sheet: from which run, in which columns, from which row of the sheet on, how many."""

    run: StoredRun
    columns: Sequence[SheetColumn]
    first: int
    rows: int
    month_first: bool

    def pieces(self, styles: Sequence[str]) -> Iterator[pa.Buffer]:
        """The rows as XML, piece by piece, with the styles of the columns; made in threads ahead of their use."""
        columns = [replace(column, style=style) for column, style in zip(self.columns, styles, strict=True)]
        return ahead(lambda piece: rows_xml(piece[1], columns, piece[0], self.month_first), self._numbered())

    def _numbered(self) -> Iterator[tuple[int, pa.Table]]:
        """The tables of the run, as far as they are shown, each with the row of the sheet that it begins at."""
        done = 0
        for table in self.run.tables():
            shown = table.slice(0, self.rows - done)
            if not shown.num_rows:
                return
            yield self.first + done, shown
            done += shown.num_rows


def splice(base: io.BytesIO, path: Path, sheet: str, source: RowSource) -> None:
    """Write a workbook like `base`, with rows in place of the last one of a sheet."""
    with zipfile.ZipFile(base) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, False, LEVEL) as new:
        place = sheet_file(old, sheet)
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            if name != place:
                new.writestr(entry, old.read(name), compresslevel=6)
                continue
            before, styles, after = taken_apart(old.read(name).decode("utf-8"), source)
            setattr(entry, _LEVEL_OF_ENTRY, LEVEL)
            with new.open(entry, "w") as file:
                written = file.write(before.encode())
                for piece in source.pieces(styles):
                    if written + piece.size > SHEET_AT_MOST:
                        raise OverflowError(f"the sheet takes more than the {SHEET_AT_MOST:,} bytes that Excel takes")
                    written += file.write(piece)
                file.write(after.encode())


def sheet_file(book: zipfile.ZipFile, sheet: str) -> str:
    """The file of a sheet within a workbook."""
    names = {
        "s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    }
    sheets = ElementTree.fromstring(book.read("xl/workbook.xml"))  # noqa: S314 - our own file
    relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    found = next(one for one in sheets.iterfind(".//s:sheet", names) if one.get("name") == sheet)
    relation = found.get(f"{{{names['r']}}}id")
    target = next(one.get("Target") for one in relations if one.get("Id") == relation)
    return f"xl/{target}"


def taken_apart(xml: str, source: RowSource) -> tuple[str, list[str], str]:
    """What stands before and after the last row of a sheet, and the styles of the cells of that row."""
    start, end = xml.rindex("<row "), xml.index("</sheetData>")
    styles = re.findall(r'<c r="[A-Z]+\d+" s="(\d+)"/>', xml[start:end])
    last = f"{source.columns[-1].letters}{max(1, source.first + source.rows - 1)}"
    before = re.sub(r'<dimension ref="[^"]*"/>', f'<dimension ref="A1:{last}"/>', xml[:start])
    return before, styles, xml[end:]
