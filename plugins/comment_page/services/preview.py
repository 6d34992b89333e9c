"""How an export will be read, before anything is started."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from comment_page.models import Preview, PreviewQuery
from comment_page.services.places import input_file, relative_name
from include.analysis.bounds import DEFAULT_MEMORY_MB
from include.analysis.errors import UserError
from include.analysis.settings import load_settings

if TYPE_CHECKING:
    import pyarrow as pa

    from include.analysis.reading import Source

ROWS = 8
LONGEST_CELL = 300
AT_ONCE = threading.BoundedSemaphore(2)
"""A workbook is read whole to be opened."""


class TooLargeToPreview(UserError):
    """The export can be analysed, but not be looked into."""


def preview(query: PreviewQuery) -> Preview:
    """The first rows of an export, what was detected, and how it would be cut.

    Raises UserError.
    """
    from include.analysis.reading import ReadOptions, open_source

    path = input_file(query.file)
    refuse_large_workbook(path)
    options = ReadOptions(query.text_column, query.sheet, query.encoding, query.delimiter)
    with AT_ONCE:
        source = open_source(path, options)
        rows = next(source.chunks(ROWS))
        source.release()
    return _told(path, source, rows, query)


def _told(path: Path, source: Source, rows: pa.Table, query: PreviewQuery) -> Preview:
    from include.analysis.configuration import available_cores
    from include.analysis.planning import plan_batches
    from include.analysis.privacy import mask_columns

    settings, info = load_settings(), source.info
    analyses = query.analyses or list(settings.analyses)
    plan = plan_batches(
        source.estimated_rows,
        source.bytes_per_row,
        query.max_memory_mb or DEFAULT_MEMORY_MB,
        query.n_workers or available_cores(),
        analyses=len(analyses),
        requested=query.batch_size,
    )
    shown = mask_columns(rows, rows.schema.names, info.text_column)
    cells = [[str(cell or "")[:LONGEST_CELL] for cell in row.values()] for row in shown.to_pylist()]
    return Preview(
        file=relative_name(path, settings),
        format=info.format,
        encoding=info.encoding,
        delimiter=info.delimiter,
        sheet=info.sheet,
        sheets=sheets_of(path, info.format),
        header_line=info.header_line,
        columns=list(info.columns),
        text_column=info.text_column,
        detected=list(info.detected),
        rows=cells,
        estimated_rows=source.estimated_rows,
        batch_size=plan.batch_size,
        planned_batches=math.ceil(source.estimated_rows / plan.batch_size),
        batch_size_reason=plan.reason,
    )


def refuse_large_workbook(path: Path) -> None:
    """Raise TooLargeToPreview for a workbook that would take long, and the server's memory."""
    from include.analysis.reading.filetype import identify
    from include.analysis.reading.opening import QUICKLY_OPENED_BYTES, TEXT_FORMATS

    if identify(path).format not in TEXT_FORMATS and path.stat().st_size > QUICKLY_OPENED_BYTES:
        raise TooLargeToPreview(f"{path.name} is too large to be looked into here; it can be analysed all the same")


def sheets_of(path: Path, format_: str) -> list[str]:
    """The names of the sheets of a workbook."""
    from include.analysis.reading.workbook import sheet_names

    return sheet_names(path, format_) if format_ in {"xlsx", "xls"} else []
