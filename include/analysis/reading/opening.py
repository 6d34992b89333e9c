"""Opens one export, whatever it is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from include.analysis.reading.delimited import open_delimited
from include.analysis.reading.filetype import identify
from include.analysis.reading.source import ReadOptions, Source
from include.analysis.reading.workbook import open_workbook

TEXT_FORMATS = ("csv", "tsv")
DETECT_ALL = ReadOptions()

QUICKLY_OPENED_BYTES = 8 * 1024 * 1024
"""To open a workbook is to read it whole; up to this size that takes a second or two."""


def open_source(
    path: Path,
    options: ReadOptions = DETECT_ALL,
    reserved: Collection[str] = frozenset(),
) -> Source:
    """Recognise an export of comments, by its name, its content and a sample of its start.

    Columns of the input that are called like one of `reserved` are renamed.

    Raises:
        InputNotFound, InputUnreadable, UnsupportedInput, CorruptInput: the file cannot be used at all
        NoRows: it has 0 bytes, or nothing below its header
        SettingError, EncodingMismatch, SheetNotFound, TextColumnNotFound: an option, given or missing, does not fit it
    """
    kind = identify(path)
    if kind.format in TEXT_FORMATS:
        return open_delimited(path, kind, options, reserved)
    return open_workbook(path, kind, options, reserved)


def check_input(path: Path, options: ReadOptions = DETECT_ALL) -> None:
    """Raise what `open_source` and the first row would raise, in a second or two.

    Of a larger workbook only the path, the permissions and the container are checked: its content is when it is read.
    Raises what `open_source` raises.
    """
    kind = identify(path)
    if kind.format in TEXT_FORMATS or path.stat().st_size <= QUICKLY_OPENED_BYTES:
        next(open_source(path, options).chunks(1))
