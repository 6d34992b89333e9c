import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.analysis.errors import UserError
from include.analysis.reading import ReadOptions, Source, delimited, open_source, plain, records
from include.analysis.reading.plain import plain_records
from include.analysis.reading.records import RecordParser
from include.analysis.reading.source import record_batch

from .helpers import actions, read, rows_of, write

TOKENS = ['"', '""', ",", ";", "\n", "\r\n", "\r", "a", "ñ", "😡", " ", "\ufeff", "\u2028", "\x0b"]
TOKEN = st.sampled_from(TOKENS)
CELLS = st.lists(TOKEN, max_size=5).map("".join)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, int]:
    """Text that is mostly what a CSV writer writes, and the number of cells in its records."""
    width = draw(st.integers(1, 4))
    cells = CELLS if draw(st.booleans()) else CELLS.map(lambda cell: cell.replace("\r", ""))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))
    written = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    csv.writer(written, lineterminator=end, quoting=quoting).writerows(rows)
    text = written.getvalue()
    for token in draw(st.lists(TOKEN, max_size=3)):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + token + text[place + draw(st.integers(0, 1)) :]
    return text, width


@settings(max_examples=1000, deadline=None)
@given(texts(), st.sampled_from(",; ña"))
@example(('a,"b"\n"c""d",\r\n,\n', 2), ",")
@example(('"x\r\n\ny"\n""\n"""",""\n', 1), ",")
def test_plain_records_are_those_that_come_first(given: tuple[str, int], delimiter: str) -> None:
    text, width = given
    found = plain_records(text, delimiter, width)
    if found is None:
        return
    rows = [list(row) for row in zip(*(column.to_pylist() for column in found.columns), strict=True)]
    careful = RecordParser(delimiter, width)
    expected = careful.parse(text[: found.characters], final=True)
    assert (rows, found.lines + 1) == (expected.rows, careful.line)
    assert found.rows == len(rows) > 0
    assert not expected.unclosed
    assert all(column.validate(full=True) is None and not column.null_count for column in found.columns)


def everything(source: Source) -> tuple[Any, ...]:
    """What is read, or why it is not."""
    try:
        rows = rows_of(source, 3)
    except UserError as error:
        return type(error), str(error)
    return rows, source.quality.to_dict(), source.content_digest


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts(), st.integers(1, 40), st.integers(1, 4), st.sampled_from(["utf-8", "utf-16", "cp1252"]), st.data())
def test_files_read_the_same_record_by_record(
    tmp_path: Path, given: tuple[str, int], block: int, at_once: int, encoding: str, data: st.DataObject
) -> None:
    text, width = given
    header = ",".join(["Comentario Final", *"bcd"][:width]) + "\n"
    content = (header + text).encode(encoding, "replace")
    for bad in data.draw(st.lists(st.sampled_from([b"\0", b"\xff", b"\xc3", b"\xf0\x9f"]), max_size=1)):
        place = data.draw(st.integers(len(header.encode(encoding)), len(content)))
        content = content[:place] + bad + content[place:]
    path = write(tmp_path, "a.csv", content)
    try:
        source = open_source(path, ReadOptions(delimiter=",", encoding=data.draw(st.sampled_from([None, encoding]))))
    except UserError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "_TEXTS_AT_ONCE", at_once)
        for module in (delimited, plain):
            patch.setattr(module, "BLOCK_BYTES", block)
        for module in (plain, records):
            patch.setattr(module, "MAX_RECORD_LINES", 3)
            patch.setattr(module, "MAX_RECORD_CHARACTERS", 25)
        found = everything(source)
        patch.setattr(plain, "plain_records", lambda *_: None)
        assert found == everything(source)


@pytest.mark.parametrize(
    "second",
    [
        "2\n",  # too few cells
        "2,b,c\n",
        "\n",
        "\r\n",
        '2,b"\n',
        '2,"b"c\n',
        '2,"b" \n',
        '2, "b"\n',
        '2,b""\n',
        "2,b\r3,c\n",
        "2,b\r\r\n",
        '2,"b\rc"\n',
        '2,"' + "\n" * 500 + '"\n',
        "2," + "b" * 1_000_000 + "\n",
        '2,"b\n',
    ],
)
def test_a_record_that_is_not_plain_ends_them(second: str) -> None:
    found = plain_records("1,a\n" + second + "3,c\n", ",", 2)
    assert found is not None
    assert (found.rows, found.lines, found.characters) == (1, 1, 4)
    assert plain_records(second + "3,c\n", ",", 2) is None


@pytest.mark.parametrize(
    "second", ["2,\n", ',""\r\n', '"2","b\r\n\n""c"""\n', '"",""""\n', "\ufeff,\u2028\x85\n", " , \n"]
)
def test_plain_records_of_every_kind(second: str) -> None:
    found = plain_records("1,a\r\n" + second + "3", ",", 2)
    assert found is not None
    expected = next(csv.reader(io.StringIO(second, newline="")))
    assert [column[1].as_py() for column in found.columns] == expected
    assert (found.rows, found.lines, found.characters) == (2, 1 + second.count("\n"), 5 + len(second))


@pytest.mark.parametrize(("text", "delimiter"), [("", ","), ("1,a", ","), ("1§a\n", "§"), ("1,\ud800\n", ",")])
def test_texts_without_plain_records(text: str, delimiter: str) -> None:
    assert plain_records(text, delimiter, 2) is None


def test_plain_records_go_on_after_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f'{n},"comentario\nde {n}"\n' for n in range(50_000)]
    lines[20_000] = "20000\n"
    path = write(tmp_path, "a.csv", "Nota,Comentario\n" + "".join(lines))
    by_record: list[int] = []

    def counted(rows: list[list[str]], schema: pa.Schema) -> pa.RecordBatch:
        by_record.append(len(rows))
        return record_batch(rows, schema)

    monkeypatch.setattr(delimited, "record_batch", counted)
    source, rows = read(path)
    assert [row[0] for row in rows] == [str(n) for n in range(50_000)]
    assert actions(source) == [(2 + 2 * 20_000, 20_001, 1, "filled up with empty cells")]
    assert 0 < sum(by_record) < 30_000
