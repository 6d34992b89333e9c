"""The rows of the comments sheet as XML, made a column at a time.

A library that writes cell by cell takes minutes for a million rows; this takes seconds. The cells stand alone (texts
are inline, not shared), so nothing has to be kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.dates import parse_days
from include.analysis.report.book.sheet_plan import DATE, LONG_TEXT, NUMBER, SCORE, ColumnPlan
from include.analysis.report.cells import cell_texts, xml_texts
from include.analysis.report.columns import NO_SCORE, scores
from include.analysis.report.times import parse_times
from include.analysis.strings import contents, distinct

Piece: TypeAlias = str | pa.StringArray
_SECONDS = 86_400
_EPOCH = 25_569  # 1970-01-01 as a date of a spreadsheet
_FIRST_DAY = 61  # 1900-03-01; before it, spreadsheets do not agree about the calendar
_FEW = 0.5  # so many of the texts of a column may differ for it to be worth writing each of them once


@dataclass(frozen=True)
class SheetColumn:
    """A column of the sheet: its letters, the style of its cells, and what its texts are called there."""

    plan: ColumnPlan
    letters: str
    style: str
    names: Callable[[str], str] | None = None


def column_letters(position: int) -> str:
    """The letters of a column: A, B, ... Z, AA, ..."""
    letters = ""
    while position >= 0:
        position, rest = divmod(position, 26)
        letters = chr(ord("A") + rest) + letters
        position -= 1
    return letters


def rows_xml(table: pa.Table, columns: Sequence[SheetColumn], first: int, month_first: bool = False) -> pa.Buffer:
    """The rows of a table as XML, the first of them in row `first` of the sheet."""
    numbers = pa.array(range(first, first + table.num_rows)).cast(pa.string())
    pieces: list[Piece] = ['<row r="', numbers, '">']
    for column, cells in zip(columns, table.columns, strict=False):
        pieces += _pieces(column, cells.combine_chunks(), numbers, month_first)
    pieces.append("</row>")
    return contents(pc.binary_join_element_wise(*_joined(pieces), ""))


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with neighbouring literals made one."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _pieces(column: SheetColumn, cells: pa.Array, numbers: pa.StringArray, month_first: bool) -> list[Piece]:
    kind = column.plan.kind
    if pa.types.is_string(cells.type):
        filled = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
        if kind == DATE:
            return _either(column, _serials(cells, month_first), filled, numbers)
        if kind == SCORE:
            return _either(column, _score_texts(cells), filled, numbers)
        return _cell(column, filled, numbers, as_text=kind != NUMBER)
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_finite(cells), cells, pa.scalar(None, cells.type))
    if pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type):
        return _cell(column, cells.cast(pa.string()), numbers, as_text=False)
    return _cell(column, _as_texts(cells), numbers, as_text=True)


def _as_texts(cells: pa.Array) -> pa.StringArray:
    return pa.array([None if cell is None else str(cell) for cell in cells.to_pylist()], pa.string())


def _cell(column: SheetColumn, values: pa.StringArray, numbers: pa.StringArray, as_text: bool) -> list[Piece]:
    """The cells of a column: none where there is no value."""
    if values.null_count == len(values):
        return []
    if as_text:
        values = _texts(column, values)
        before, after = '" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
    else:
        before, after = '"><v>', "</v></c>"
    start = f'<c s="{column.style}" r="{column.letters}'
    pieces: list[Piece] = [start, numbers, before, values, after]
    return pieces if not values.null_count else [pc.coalesce(pc.binary_join_element_wise(*pieces, ""), "")]


def _either(column: SheetColumn, values: pa.StringArray, texts: pa.StringArray, numbers: pa.StringArray) -> list[Piece]:
    """Numbers where there are any, and texts where there are not."""
    texts = pc.if_else(values.is_valid(), pa.scalar(None, pa.string()), texts)
    return [
        *_cell(column, values, numbers, as_text=False),
        *_cell(column, texts, numbers, as_text=True),
    ]


def _texts(column: SheetColumn, values: pa.StringArray) -> pa.StringArray:
    if column.plan.kind == LONG_TEXT and not column.names:
        return _written(column, values)
    different, which = distinct(values)
    if len(different) > _FEW * len(values):
        return _written(column, values)
    shown = _written(column, different).take(pa.array(which))
    return pc.if_else(values.is_valid(), shown, pa.scalar(None, pa.string()))


def _written(column: SheetColumn, values: pa.StringArray) -> pa.StringArray:
    if column.names:
        values = pa.array([None if text is None else column.names(text) for text in values.to_pylist()], pa.string())
    return xml_texts(cell_texts(values))


def _serials(texts: pa.StringArray, month_first: bool) -> pa.StringArray:
    """Dates (and their times) as the numbers of a spreadsheet."""
    days = parse_days(texts, month_first).cast(pa.int32()).cast(pa.int64())
    times = parse_times(texts)
    if (times > 0).any():
        moments = pc.add(days.cast(pa.float64()), pa.array(_EPOCH + np.maximum(times, 0) / _SECONDS))
    else:
        moments = pc.add(days, _EPOCH)
    return pc.if_else(pc.greater_equal(moments, _FIRST_DAY), moments, pa.scalar(None, moments.type)).cast(pa.string())


def _score_texts(texts: pa.StringArray) -> pa.StringArray:
    found = scores(texts)
    hundredths = pa.array(found, mask=found == NO_SCORE)
    if (found[found != NO_SCORE] % 100 == 0).all():
        return pc.divide(hundredths, 100).cast(pa.string())
    return pc.divide(hundredths.cast(pa.float64()), 100.0).cast(pa.string())


def naming(names: Mapping[str, str], separator: str | None = None) -> Callable[[str], str]:
    """What puts names in the place of ids, also of several in one cell."""
    if separator is None:
        return lambda text: names.get(text, text)
    return lambda text: f"{separator} ".join(names.get(part, part) for part in text.split(separator))
