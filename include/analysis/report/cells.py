"""Texts as cells of a workbook: never a formula, nothing that Excel refuses.

A cell that begins like a formula gets an apostrophe before it, as in the CSV (see `output.neutralise`); it is also of
the type text, so that nothing of it is ever run. Line breaks are those of Excel. Other control characters, and what
reads like Excel's own escape for one, are written in that escape (`_x0007_`), which Excel reads back. A text that is
longer than a cell can be ends in an ellipsis.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.output import neutralise
from include.analysis.report.book.sheet_plan import EXCEL_TEXT

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_MAY_BE_REFUSED = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_"
_CONTROL = re.compile("[\x00-\x1f\ufffe\uffff]")
_LONG = EXCEL_TEXT // 2 - 64  # shorter ones fit, whatever their characters take


def cell_texts(texts: pa.StringArray) -> pa.StringArray:
    """A column as cells, before XML: what each cell has to say, with Excel's escapes."""
    cells = neutralise(_with_line_breaks(texts))
    special = pc.or_(
        pc.match_substring_regex(cells, _MAY_BE_REFUSED), pc.greater(pc.binary_length(cells), pa.scalar(_LONG))
    )
    special = pc.fill_null(special, False)
    if not pc.any(special).as_py():
        return cells
    mended = pa.array(map(_mended, cells.filter(special).to_pylist()), pa.string())
    return pc.replace_with_mask(cells, special, mended)


def title_text(text: str) -> str:
    """A text as a title of a chart or of the book, which no escapes are for: without control characters."""
    return _CONTROL.sub(" ", text)


def cell_text(text: str) -> str:
    """One text as a cell that XlsxWriter writes, which escapes control characters itself."""
    neutral: str = neutralise(_with_line_breaks(pa.array([text], pa.string())))[0].as_py()
    return _cut(neutral.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"), EXCEL_TEXT // 8)


def xml_texts(texts: pa.StringArray) -> pa.StringArray:
    """Texts as they stand in XML."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        texts = pc.replace_substring(texts, character, entity)
    return texts


def _mended(text: str) -> str:
    # The limit is that of the text as Excel shows it, so it is cut before it is escaped.
    return _REFUSED.sub(lambda found: f"_x{ord(found[0]):04X}_", _cut(text, EXCEL_TEXT))


def _with_line_breaks(texts: pa.StringArray) -> pa.StringArray:
    if not pc.any(pc.match_substring(texts, "\r")).as_py():
        return texts
    return pc.replace_substring_regex(texts, "\r\n?", "\n")


def _cut(text: str, length: int) -> str:
    """A text that takes at most `length` units of UTF-16, which is how Excel counts."""
    if len(text) <= length // 2:
        return text
    raw = text.encode("utf-16-le")
    if len(raw) <= 2 * length:
        return text
    return raw[: 2 * (length - 1)].decode("utf-16-le", "ignore") + "…"
