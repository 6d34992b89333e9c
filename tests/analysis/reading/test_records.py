import csv
import io
from pathlib import Path

import pytest

from include.analysis.reading.records import RecordParser, RecordReader

from .helpers import actions, read, texts_of, write

UNCLOSED = "a quote is never closed: read as a character"


def parse(text: str, piece: int, width: int | None = None) -> tuple[list[list[str]], list[int]]:
    pieces = [text[start : start + piece] for start in range(0, len(text), piece)]
    rows, lines = [], []
    reader = RecordReader(RecordParser(",", width), "text")
    for found in [*map(reader.read, pieces), reader.finish()]:
        rows += found.rows
        lines += found.lines
    return rows, lines


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_pieces_do_not_matter(piece: int, end: str) -> None:
    text = end.join(["a,b", "1,x", '2,"dos', 'lineas"', "", '"""q""",', "3,fin"])
    rows, lines = parse(text, piece)
    assert rows == list(csv.reader(io.StringIO(text, newline="")))
    assert lines == [1, 2, 3, 5, 6, 7]


def test_a_quote_open_to_the_end_of_the_file(tmp_path: Path) -> None:
    source, rows = read(write(tmp_path, "a.csv", 'Nota,Comentario\n1,bien\n2,"muy mal\n\n3,regular'))
    assert rows == [("1", "bien"), ("2", '"muy mal'), ("3", "regular")]
    assert actions(source) == [(3, 2, 2, UNCLOSED)]
    assert source.quality.blank_lines == 1


def test_an_unclosed_quote_in_a_comment_with_commas(tmp_path: Path) -> None:
    content = 'Nota,Comentario\n1,bien\n2,"muy mal, lento\n3,regular\n4,"normal"\n5,x'
    source, rows = read(write(tmp_path, "a.csv", content))
    assert rows == [("1", "bien"), ("2", '"muy mal, lento'), ("3", "regular"), ("4", "normal"), ("5", "x")]
    assert actions(source) == [(3, 2, 3, f"{UNCLOSED}; surplus cells taken as part of the comment")]
    assert source.quality.unclosed_quotes == 1


def test_a_quote_that_swallows_hundreds_of_lines(tmp_path: Path) -> None:
    lines = [f"{n},comentario {n}\n" for n in range(20_000)]
    lines[10] = '10,"sin cierre\n'
    lines[15_000] = '15000,"otro\n'
    lines[15_700] = '15700,dijo "hola"\n'
    source, rows = read(write(tmp_path, "a.csv", "Nota,Comentario\n" + "".join(lines)))
    assert len(rows) == 20_000
    assert [row[1] for row in rows if '"' in row[1]] == ['"sin cierre', '"otro', 'dijo "hola"']
    assert actions(source) == [(12, 11, 2, UNCLOSED), (15_002, 15_001, 2, UNCLOSED)]


def test_a_quote_that_swallows_a_million_characters(tmp_path: Path) -> None:
    lines = [f"{n},{'x' * 9_000}\n" for n in range(300)]
    lines[20] = '20,"sin cierre\n'
    source, rows = read(write(tmp_path, "a.csv", "Nota,Comentario\n" + "".join(lines)))
    assert len(rows) == 300
    assert rows[20] == ("20", '"sin cierre')
    assert source.quality.unclosed_quotes == 1


def test_a_quote_that_swallows_the_rows_up_to_the_next_quoted_cell(tmp_path: Path) -> None:
    content = 'Nota,Comentario,Canal\n1,"mal,web\n2,bien,app\n3,"uno, dos",web\n4,"tres\ncuatro",app\n'
    source, rows = read(write(tmp_path, "a.csv", content))
    assert rows == [
        ("1", '"mal', "web"),
        ("2", "bien", "app"),
        ("3", "uno, dos", "web"),
        ("4", "tres\ncuatro", "app"),
    ]
    assert actions(source) == [(2, 1, 3, UNCLOSED)]


def test_cells_before_the_unclosed_quote_keep_their_quoting(tmp_path: Path) -> None:
    content = 'Nota,Canal,Comentario\n"1, o 2","web","no ""anda""\n"3","app","bien"\n'
    _, rows = read(write(tmp_path, "a.csv", content))
    assert rows == [("1, o 2", "web", '"no ""anda""'), ("3", "app", "bien")]


def test_comments_of_many_lines_are_left_alone(tmp_path: Path) -> None:
    comment = "\n".join(f"linea {n}, con coma" for n in range(400))
    assert texts_of(write(tmp_path, "a.csv", f'Nota,Comentario\n1,"{comment}"\n2,fin\n')) == [comment, "fin"]


def test_stray_quotes_everywhere_do_not_take_forever(tmp_path: Path) -> None:
    content = "Nota,Comentario\n" + "".join(f'{n},"mal\n' for n in range(50_000))
    source, rows = read(write(tmp_path, "a.csv", content))
    assert len(rows) == source.quality.unclosed_quotes == 50_000
    assert {row[1] for row in rows} == {'"mal'}
