"""DataFrames, read by the same rules as files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.analysis.reading.header import (
    find_header,
    name_columns,
    refuse_too_many_columns,
    text_column_not_found,
)
from include.analysis.reading.source import ReadOptions, Source, SourceInfo, no_rows, string_schema
from include.analysis.sheets.cells import cell_texts
from include.analysis.strings import string_array

if TYPE_CHECKING:
    import pandas as pd

NAME = "DataFrame"

_BATCH_ROWS = 8192
_SAMPLE_ROWS = 1000


def dataframe_source(
    frame: pd.DataFrame, options: ReadOptions | None = None, reserved: Collection[str] = frozenset()
) -> Source:
    """A DataFrame as a source; its index is left out, and of the options only `text_column` matters.

    Raises:
        TextColumnNotFound, NoRows, UnsupportedInput (too many columns)
    """
    wanted = options.text_column if options is not None else None
    cells = cell_texts(frame.columns)
    refuse_too_many_columns(NAME, len(cells))
    header = find_header([cells], wanted)
    if header is None:
        raise text_column_not_found(NAME, [cells], wanted)
    if not len(frame):
        raise no_rows(NAME)
    columns, renamed = name_columns(header.cells, reserved)
    info = SourceInfo(
        name=NAME,
        path=None,
        format="dataframe",
        compression=None,
        bytes=int(frame.memory_usage(index=False).sum()),
        encoding=None,
        delimiter=None,
        sheet=None,
        header_line=0,
        columns=columns,
        renamed_columns=renamed,
        text_column=columns[header.text],
        detected=("text_column",) if wanted is None else (),
    )
    return FrameSource(info, frame)


class FrameSource(Source):
    """The rows of a DataFrame, which must not change while they are read."""

    def __init__(self, info: SourceInfo, frame: pd.DataFrame) -> None:
        self._frame = frame
        sample = _columns(frame.iloc[:_SAMPLE_ROWS])
        size = sum(len(cell.encode("utf-8", "replace")) + 1 for column in sample for cell in column)
        super().__init__(info, len(frame), max(size / max(len(sample[0]), 1), 1.0))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = string_schema(self.info.columns)
        for start in range(0, len(self._frame), _BATCH_ROWS):
            columns = _columns(self._frame.iloc[start : start + _BATCH_ROWS])
            self.quality.rows += len(columns[0])
            yield pa.RecordBatch.from_arrays([string_array(column) for column in columns], schema=schema)


def _columns(frame: pd.DataFrame) -> list[list[str]]:
    return [_texts(frame.iloc[:, position]) for position in range(frame.shape[1])]


def _texts(series: pd.Series[Any]) -> list[str]:
    cells = series.tolist()
    missing = series.isna()
    if missing.any():
        cells = ["" if gone else cell for cell, gone in zip(cells, missing.tolist(), strict=True)]
    return cell_texts(cells)
