"""Several files that are one input, as when every branch sends its own export of a day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.analysis.errors import NoRows, SettingError
from include.analysis.reading.filetype import named_type
from include.analysis.reading.header import free_name, refuse_too_many_columns
from include.analysis.reading.opening import DETECT_ALL, open_source
from include.analysis.reading.source import ReadOptions, Source, SourceInfo, SourceQuality, string_schema
from include.analysis.reading.stored import file_digest

_LISTED_FILES = 10

Recognise = Callable[[SourceInfo], SourceInfo]
"""Looks for more than the text column among the columns of a file."""


def open_sources(
    paths: Sequence[Path],
    options: ReadOptions = DETECT_ALL,
    reserved: Collection[str] = frozenset(),
    recognise: Recognise = lambda info: info,
) -> Source:
    """Open exports, of whatever types, as one input: their rows one after another, in the order given.

    The columns are those of all the files, by name, in the order they are first met; where a file lacks one its cells
    are empty. The text column is recognised in each file, and has the name that it has in the first. Files without
    rows are left out, and told in the quality.

    Raises:
        what `open_source` raises of a file; NoRows only when no file has any
        SettingError: a file is given twice
    """
    _refuse_repeated(paths)
    if len(paths) == 1:
        source = open_source(paths[0], options, reserved)
        source.info = recognise(source.info)
        return source
    opened = [_open(path, options, reserved, recognise) for path in paths]
    sources = [one for one in opened if isinstance(one, Source)]
    if not sources:
        raise _no_rows(paths)
    names = _Names(sources[0].info, reserved)
    files = [_File(one, *names.of(one.info)) if isinstance(one, Source) else _File(None, one, {}) for one in opened]
    refuse_too_many_columns(_name(paths), len(names.columns))
    return CombinedSource(_describe(files, names.columns), files)


def _refuse_repeated(paths: Sequence[Path]) -> None:
    if not paths:
        raise ValueError("no file was given")
    known = set()
    for path in paths:
        if path.absolute() in known:
            raise SettingError(f"{path} is given twice, which would count its comments twice; name each file once")
        known.add(path.absolute())


def _open(path: Path, options: ReadOptions, reserved: Collection[str], recognise: Recognise) -> Source | SourceInfo:
    """A file, or what is known of it when it has no rows. Of workbooks that wait for their turn nothing is kept."""
    try:
        source = open_source(path, options, reserved)
    except NoRows:
        return _empty(path)
    source.info = recognise(source.info)
    source.release()
    return source


def _empty(path: Path) -> SourceInfo:
    format_, compression = named_type(path)
    return SourceInfo(
        name=path.name,
        path=path,
        format=format_,
        compression=compression,
        bytes=path.stat().st_size,
        encoding=None,
        delimiter=None,
        sheet=None,
        header_line=0,
        columns=(),
        renamed_columns={},
        text_column="",
        detected=(),
    )


class _Names:
    """What the columns of each file are called in the whole."""

    def __init__(self, first: SourceInfo, reserved: Collection[str]) -> None:
        self._first = first
        self._reserved = frozenset(reserved)
        self.columns: dict[str, None] = {}  # a set that keeps its order

    def of(self, info: SourceInfo) -> tuple[SourceInfo, dict[str, str]]:
        """The description of a file with the names that its columns have in the whole, and the new name of each."""
        names = {column: column for column in info.columns}
        for role in ("text_column", "date_column"):
            own, common = getattr(info, role), getattr(self._first, role)
            if own is not None and own != common:
                self._give(names, own, common)
        self.columns.update(dict.fromkeys(names.values()))
        changed = {old: new for old, new in names.items() if old != new}
        renamed = {old: names.get(new, new) for old, new in info.renamed_columns.items()}
        renamed |= {old: new for old, new in changed.items() if old not in info.renamed_columns.values()}
        described = replace(
            info,
            columns=tuple(names.values()),
            renamed_columns=renamed,
            text_column=names[info.text_column],
            date_column=None if info.date_column is None else names[info.date_column],
        )
        return described, names

    def _give(self, names: dict[str, str], own: str, common: str) -> None:
        """Call the column `own` of a file `common`; another column that is called so makes way."""
        for column, name in names.items():
            if name == common:
                taken = {*names.values(), *self.columns, *self._first.columns, *self._reserved}
                names[column] = free_name(common, taken)
        names[own] = common


@dataclass
class _File:
    """A file of the input: its source (None when it has no rows), what it is, and its columns' names in the whole."""

    source: Source | None
    info: SourceInfo
    names: Mapping[str, str]


def _describe(files: Sequence[_File], columns: Collection[str]) -> SourceInfo:
    """The files as one; what they do not have in common is left open."""
    infos = [file.info for file in files]
    filled = [file.info for file in files if file.source is not None]

    def common(name: str, otherwise: Any = None) -> Any:
        values = {getattr(info, name) for info in filled}
        return values.pop() if len(values) == 1 else otherwise

    return SourceInfo(
        name=_name([info.path for info in infos if info.path is not None]),
        path=None,
        format=common("format", "mixed"),
        compression=common("compression"),
        bytes=sum(info.bytes for info in infos),
        encoding=common("encoding"),
        delimiter=common("delimiter"),
        sheet=common("sheet"),
        header_line=common("header_line", 0),
        columns=tuple(columns),
        renamed_columns={old: new for info in reversed(filled) for old, new in info.renamed_columns.items()},
        text_column=filled[0].text_column,
        detected=tuple(dict.fromkeys(name for info in filled for name in info.detected)),
        files=tuple(infos),
        date_column=filled[0].date_column,
    )


def _name(paths: Sequence[Path]) -> str:
    others = paths[1].name if len(paths) == 2 else f"{len(paths) - 1} more"
    return f"{paths[0].name} and {others}"


def _no_rows(paths: Sequence[Path]) -> NoRows:
    listed = ", ".join(map(str, paths[:_LISTED_FILES]))
    more = f" and {len(paths) - _LISTED_FILES} more" if len(paths) > _LISTED_FILES else ""
    return NoRows(f"there are no rows in any of {listed}{more}; at least one comment is needed")


class CombinedSource(Source):
    """The rows of several files, one file after another."""

    def __init__(self, info: SourceInfo, files: Sequence[_File]) -> None:
        sources = [file.source for file in files if file.source is not None]
        rows = sum(one.estimated_rows for one in sources)
        super().__init__(info, rows, sum(one.bytes_per_row * one.estimated_rows for one in sources) / rows)
        self._files = files
        names = [file.info.name for file in files]
        self._labels = [
            name if names.count(name) == 1 else str(file.info.path) for name, file in zip(names, files, strict=True)
        ]

    def release(self) -> None:
        for file in self._files:
            if file.source is not None:
                file.source.release()

    def _no_rows(self) -> NoRows:
        return _no_rows(self.info.paths)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = string_schema(self.info.columns)
        digest = hashlib.blake2b(digest_size=16)
        for file, label in zip(self._files, self._labels, strict=True):
            if file.source is not None:
                yield from _aligned(file.source, file.names, schema)
                self.quality.add_file(label, file.source.quality)
                digest.update(str(file.source.content_digest).encode())
            else:
                assert file.info.path is not None
                self.quality.add_file(label, SourceQuality())
                digest.update(file_digest(file.info.path).encode())
        self._digest = digest.hexdigest()


def _aligned(source: Source, names: Mapping[str, str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a file with the columns of the whole."""
    try:
        for table in source.chunks():
            own = {names[column]: table.column(column) for column in table.column_names}
            missing = pa.repeat("", table.num_rows)
            columns = [own.get(name, missing) for name in schema.names]
            yield from pa.table(columns, schema=schema).to_batches()
    except NoRows:  # blank lines below the header, which opening cannot know
        return
