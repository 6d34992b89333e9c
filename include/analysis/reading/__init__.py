"""Reads an export of comments, whatever its format, encoding and layout, as Arrow tables of strings.

source = open_source(Path("comentarios.csv"))
for table in source.chunks():
    texts = table.column(source.info.text_column)
source.quality.to_dict()    # what had to be mended on the way

Several files that are one input are opened by `open_sources`, and one day of an export of years by `open_day`.
"""

from __future__ import annotations

from include.analysis.reading.by_day import open_day
from include.analysis.reading.combined import open_sources
from include.analysis.reading.frame import dataframe_source
from include.analysis.reading.opening import check_input, open_source
from include.analysis.reading.source import CHUNK_ROWS, ReadOptions, Source, SourceInfo, SourceQuality
from include.analysis.reading.stored import file_states

__all__ = [
    "CHUNK_ROWS",
    "ReadOptions",
    "Source",
    "SourceInfo",
    "SourceQuality",
    "check_input",
    "dataframe_source",
    "file_states",
    "open_day",
    "open_source",
    "open_sources",
]
