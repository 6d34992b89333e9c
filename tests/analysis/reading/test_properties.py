import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.analysis.errors import UserError
from include.analysis.reading import ReadOptions, open_source

from .helpers import rows_of

QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"]
QUOTING = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0\ufeff")
SINGLE_BYTE = st.characters(codec="cp1252", exclude_characters="\0")


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    """A table with a recognised header, and an encoding that it can be written in."""
    encoding = draw(st.sampled_from(ENCODINGS))
    if encoding == "latin-1":
        characters = st.characters(codec="latin-1", exclude_characters="\0")
    else:
        characters = SINGLE_BYTE if encoding == "cp1252" else CHARACTERS
    cells = st.text(characters | st.sampled_from('",;\t|\n\r '), max_size=12)
    names = [f"Columna {number}" for number in range(draw(st.integers(0, 4)))]
    names.insert(draw(st.integers(0, len(names))), draw(st.sampled_from(["Comentario Final", "OPINIÓN", "texto"])))
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), min_size=1, max_size=8))
    return [names, *rows], encoding


@QUICK
@given(tables(), st.sampled_from(",;\t|"), st.sampled_from(QUOTING), st.booleans())
def test_what_csv_writer_writes_is_read_back(
    tmp_path: Path, table: tuple[list[list[str]], str], delimiter: str, quoting: int, compress: bool
) -> None:
    rows, encoding = table
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(rows)
    content = text.getvalue().encode(encoding)
    path = tmp_path / ("a.csv.gz" if compress else "a.csv")
    path.write_bytes(gzip.compress(content) if compress else content)
    source = open_source(path, ReadOptions(encoding=encoding, delimiter=delimiter))
    assert source.info.columns == tuple(rows[0])
    assert rows_of(source) == [tuple(row) for row in rows[1:]]
    assert source.quality.ragged_rows == source.quality.blank_lines == source.quality.repaired_characters == 0


PLAIN = st.text(st.sampled_from("abcñéÁ 😡\"',;\t|.\n"), max_size=12)


@QUICK
@given(
    st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=1, max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_encoding_and_delimiter_are_detected(
    tmp_path: Path, rows: list[tuple[str, str, str]], delimiter: str, encoding: str
) -> None:
    if encoding == "cp1252":
        rows = [tuple(cell.replace("😡", "") for cell in row) for row in rows]  # type: ignore[misc]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["Nota", "Comentario Final", "Canal"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    source = open_source(path)
    assert source.info.delimiter == delimiter
    assert rows_of(source, 3) == rows


@QUICK
@given(
    st.binary(max_size=400),
    st.sampled_from(["", "Comentario\n", "Nota;Comentario\r\n1;x\r\n", '"Comentario\n"', "\ufeffTexto,b\n"]),
    st.sampled_from(["a.csv", "a.tsv", "a.csv.gz", "a.xlsx", "a.xls"]),
    st.sampled_from([None, "utf-8", "utf-16", "cp1252", "ascii", "utf-7", "gb18030"]),
)
def test_arbitrary_bytes_are_read_or_refused(
    tmp_path: Path, content: bytes, start: str, name: str, encoding: str | None
) -> None:
    content = start.encode() + content
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    try:
        rows_of(open_source(path, ReadOptions(encoding=encoding)))
    except UserError as error:
        assert str(error)
        assert "\n" not in str(error)


@settings(QUICK, max_examples=25)
@given(st.integers(0, 5_631), st.binary(min_size=1, max_size=40))
def test_damaged_xls_is_read_or_refused(tmp_path: Path, place: int, damage: bytes) -> None:
    content = bytearray((Path(__file__).parent / "data" / "comments.xls").read_bytes())
    content[place : place + len(damage)] = damage
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    try:
        rows_of(open_source(path))
    except UserError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 0.99])
def test_half_an_upload(tmp_path: Path, cut: float) -> None:
    content = gzip.compress(b"Comentario\n" + b"".join(b"%d\n" % (n * n) for n in range(10_000)))
    path = tmp_path / "a.csv.gz"
    path.write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(UserError, match="damaged"):
        rows_of(open_source(path))
