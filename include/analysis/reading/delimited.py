"""CSV and TSV files, gzip-compressed or not, streamed in bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa

from include.analysis.errors import SettingError
from include.analysis.reading.encoding import TextDecoder, detect_encoding, given_encoding
from include.analysis.reading.filetype import FileType, refuse_what_is_not_text
from include.analysis.reading.header import name_columns
from include.analysis.reading.layout import Layout, Preamble, choose_layout, preamble_of, row_bytes
from include.analysis.reading.plain import PlainRecords, read_records
from include.analysis.reading.records import RecordParser, RecordReader, Records, after
from include.analysis.reading.source import (
    ReadOptions,
    Source,
    SourceInfo,
    SourceQuality,
    no_rows,
    record_batch,
    string_schema,
)
from include.analysis.reading.stored import BLOCK_BYTES, RawFile, Sample, read_sample, unpacked

_DELIMITERS = {"csv": (",", ";", "\t", "|"), "tsv": ("\t", ",", ";", "|")}
_DELIMITER_WORDS = {"\\t": "\t", "tab": "\t"}


def _given_delimiter(name: str | None) -> str | None:
    if name is None:
        return None
    delimiter = _DELIMITER_WORDS.get(name.lower(), name)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        shown = "".join(c if c.isprintable() else "?" for c in name[:20])
        raise SettingError(
            f"delimiter '{shown}' is not one character; use one of , ; | or 'tab', or leave it out to have it detected"
        )
    return delimiter


def open_delimited(path: Path, kind: FileType, options: ReadOptions, reserved: Collection[str]) -> Source:
    """Detect what a text file is like from its start.

    Raises:
        SettingError, EncodingMismatch, TextColumnNotFound, UnsupportedInput, CorruptInput, NoRows
    """
    delimiter = _given_delimiter(options.delimiter)
    sample = read_sample(path, kind)
    if kind.compression:
        refuse_what_is_not_text(path, sample.content)
    encoding = _choose_encoding(options, sample)
    decoder = TextDecoder(str(path), encoding, options.encoding is not None, SourceQuality())
    text = decoder.decode(sample.content, final=sample.whole)
    delimiters = _DELIMITERS[kind.format] if delimiter is None else (delimiter,)
    layout = choose_layout(str(path), text, sample.whole, delimiters, options.text_column)
    assert layout.header is not None
    if sample.whole and not layout.data_rows:
        raise no_rows(str(path))
    columns, renamed = name_columns(layout.header.cells, reserved)
    info = SourceInfo(
        name=path.name,
        path=path,
        format=kind.format,
        compression=kind.compression,
        bytes=kind.size,
        encoding=encoding,
        delimiter=layout.delimiter,
        sheet=None,
        header_line=layout.records.lines[layout.header_record],
        columns=columns,
        renamed_columns=renamed,
        text_column=columns[layout.header.text],
        detected=tuple(name for name in ("text_column", "encoding", "delimiter") if getattr(options, name) is None),
    )
    preamble = preamble_of(layout)
    estimated = _estimate(layout, preamble, sample, encoding)
    return DelimitedSource(info, estimated, row_bytes(layout, preamble, "utf-8"), layout.header.text, preamble)


def _choose_encoding(options: ReadOptions, sample: Sample) -> str:
    if options.encoding is not None:
        return given_encoding(options.encoding, sample.content)
    return detect_encoding(sample.content, sample.whole)


def _estimate(layout: Layout, preamble: Preamble, sample: Sample, encoding: str) -> int:
    """The number of rows in the file: all are in the sample, or as many as fit in its size."""
    if sample.whole:
        return layout.data_rows
    codec = encoding.removesuffix("-sig")
    before = len(layout.text[: preamble.characters].encode(codec, "replace"))
    return max(round((sample.total_bytes - before) / row_bytes(layout, preamble, codec)), 1)


class DelimitedSource(Source):
    """A CSV or TSV file."""

    def __init__(
        self, info: SourceInfo, estimated_rows: int, bytes_per_row: float, text: int, preamble: Preamble
    ) -> None:
        super().__init__(info, estimated_rows, bytes_per_row)
        assert info.path is not None and info.encoding is not None and info.delimiter is not None
        self._path, self._encoding, self._delimiter = info.path, info.encoding, info.delimiter
        self._text = text
        self._width = len(info.columns)
        self._preamble = preamble

    def _batches(self) -> Iterator[pa.RecordBatch]:
        schema = string_schema(self.info.columns)
        strict = "encoding" not in self.info.detected
        decoder = TextDecoder(str(self._path), self._encoding, strict, self.quality)
        parser = RecordParser(self._delimiter, self._width, line=self._preamble.lines + 1)
        with self._path.open("rb", buffering=0) as file:
            raw = RawFile(file)
            with unpacked(self._path, self.info.compression, raw) as read:
                texts = after(decoder.texts(iter(lambda: read(BLOCK_BYTES), b"")), self._preamble.characters)
                for found in read_records(texts, RecordReader(parser, str(self._path)), self._width):
                    if isinstance(found, PlainRecords):
                        batch = pa.RecordBatch.from_arrays(found.columns, schema=schema)
                    elif rows := self._straighten(found):
                        batch = record_batch(rows, schema)
                    else:
                        continue
                    self.quality.rows += batch.num_rows
                    yield batch
        self._digest = raw.digest.hexdigest()

    def _straighten(self, records: Records) -> list[list[str]]:
        """The rows of data, each as wide as the header."""
        rows, width = records.rows, self._width
        if not records.unclosed and list(map(len, rows)).count(width) == len(rows):
            return rows
        unclosed = frozenset(records.unclosed)
        straight: list[list[str]] = []
        for position, row in enumerate(rows):
            if not row:
                self.quality.blank_lines += 1
            elif len(row) == width and position not in unclosed:
                straight.append(row)
            else:
                number = self.quality.rows + len(straight) + 1
                straight.append(self._mend(row, records.lines[position], number, position in unclosed))
        return straight

    def _mend(self, row: list[str], line: int, number: int, unclosed: bool) -> list[str]:
        mended, action = fit(row, self._width, self._text, self._delimiter)
        if unclosed:
            self.quality.unclosed_quotes += 1
            action = "; ".join(filter(None, ("a quote is never closed: read as a character", action)))
        if action:
            self.quality.add_ragged(line, number, len(row), self._width, action)
        return mended


def fit(row: list[str], width: int, text: int, delimiter: str) -> tuple[list[str], str]:
    """A row with as many cells as the header, and what was done to it (nothing worth telling: an empty string)."""
    surplus = len(row) - width
    if surplus < 0:
        return row + [""] * -surplus, "filled up with empty cells"
    if surplus == 0 or (width > 1 and not any(row[width:])):
        return row[:width], ""
    joined = delimiter.join(row[text : text + surplus + 1])
    return [*row[:text], joined, *row[text + surplus + 1 :]], "surplus cells taken as part of the comment"
