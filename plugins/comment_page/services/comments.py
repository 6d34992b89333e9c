"""Pages of the annotated comments, read from comments.parquet one row group at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comment_page.models import Comment
from comment_page.services.results import file_of, told

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SCANS = threading.BoundedSemaphore(2)
"""Files that are looked through at once: each takes the memory of a row group."""
MARKS = r"\p{Mn}"


@dataclass(frozen=True)
class Filter:
    """Which comments are wanted; what is None does not matter. `text` is found whatever its case and accents."""

    emotion: str | None = None
    theme: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class CommentsFile:
    """One version of a comments.parquet; it is another one when the file was written again."""

    path: Path
    modified: int
    text_column: str

    def page(self, wanted: Filter, limit: int, offset: int) -> tuple[list[Comment], int]:
        """So many matching comments after the first ones, and how many match."""
        import pyarrow.parquet as pq

        with SCANS, pq.ParquetFile(self.path) as file:
            counts = matches(self, wanted)
            found: list[Comment] = []
            before = 0
            for group, count in enumerate(counts):
                first = max(offset - before, 0)
                if count > first and len(found) < limit:
                    found += self._rows(file, group, wanted, first, limit - len(found))
                before += count
        return found, before

    def _rows(self, file: pq.ParquetFile, group: int, wanted: Filter, first: int, most: int) -> Iterator[Comment]:
        columns = [name for name in (self.text_column, *answers()) if name in file.schema_arrow.names]
        table = file.read_row_group(group, columns=columns, use_threads=False)
        if wanted != Filter():
            table = table.filter(mask_of(table, wanted, self.text_column))
        return (as_comment(row, self.text_column) for row in table.slice(first, most).to_pylist())


@lru_cache(maxsize=128)
def matches(comments: CommentsFile, wanted: Filter) -> tuple[int, ...]:
    """How many comments match in each row group; counted once for each filter."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(comments.path) as file:
        groups = range(file.num_row_groups)
        if wanted == Filter():
            return tuple(file.metadata.row_group(group).num_rows for group in groups)
        needed = {"emotion": wanted.emotion, "themes": wanted.theme, comments.text_column: wanted.text}
        columns = [name for name, value in needed.items() if value and name in file.schema_arrow.names]
        found = []
        for group in groups:
            table = file.read_row_group(group, columns=columns, use_threads=False)
            found.append(int(pc.sum(mask_of(table, wanted, comments.text_column)).as_py() or 0))
        return tuple(found)


def mask_of(table: pa.Table, wanted: Filter, text_column: str) -> pa.Array:
    """Which rows of a table are wanted. A column that the run has no answers of matches nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    masks = []
    if wanted.emotion:
        masks.append(pc.equal(table["emotion"], wanted.emotion) if "emotion" in table.column_names else None)
    if wanted.theme:
        joined = pc.binary_join_element_wise("", table["themes"], "", ";") if "themes" in table.column_names else None
        masks.append(None if joined is None else pc.match_substring(joined, f";{wanted.theme};"))
    if wanted.text:
        masks.append(pc.match_substring(folded(table[text_column]), folded(pa.array([wanted.text]))[0].as_py()))
    mask = pa.chunked_array([pa.array([True] * table.num_rows, pa.bool_())])
    for one in masks:
        mask = pc.and_(mask, pc.fill_null(one, False)) if one is not None else pc.and_(mask, False)
    return mask


def folded(texts: Any) -> Any:
    """Texts in small letters without accents."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(pc.utf8_normalize(pc.utf8_lower(texts), "NFD"), MARKS, "")


def answers() -> tuple[str, ...]:
    """The columns of the answers that are shown."""
    from include.analysis.emotion_model import EMOTIONS

    return ("row", "emotion", *EMOTIONS, "themes", "duplicate_of", "near_duplicate_of")


def as_comment(row: dict[str, Any], text_column: str) -> Comment:
    """A row for an answer."""
    from include.analysis.emotion_model import EMOTIONS
    from include.analysis.privacy import mask

    return Comment(
        row=row["row"],
        text=mask(row[text_column] or ""),
        emotion=row.get("emotion"),
        scores={name: round(row[name], 4) for name in EMOTIONS if row.get(name) is not None},
        themes=[theme for theme in (row.get("themes") or "").split(";") if theme],
        duplicate_of=row.get("duplicate_of"),
        near_duplicate_of=row.get("near_duplicate_of"),
    )


def page_of(run_id: str, wanted: Filter, limit: int, offset: int) -> tuple[list[Comment], int]:
    """A page of the comments of a run; 404 when it has none."""
    path, results = file_of(run_id, "comments.parquet"), told(run_id)
    text_column = results["input"]["text_column"]
    return CommentsFile(path, path.stat().st_mtime_ns, text_column).page(wanted, limit, offset)
