import gzip
import hashlib
import json
from pathlib import Path

import pytest

from include.analysis.errors import CorruptInput, NoRows, SettingError, TextColumnNotFound, UnsupportedInput
from include.analysis.reading import ReadOptions, open_source

from .helpers import HEADER, actions, read, rows_of, texts_of, write


def test_plain_csv(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", HEADER + '2024-01-01,007,"Hola, ""che"""\n2024-01-02,,\n')
    source, rows = read(path)
    assert rows == [("2024-01-01", "007", 'Hola, "che"'), ("2024-01-02", "", "")]
    assert source.info.text_column == "Comentario Final"
    assert (source.info.format, source.info.compression, source.info.delimiter) == ("csv", None, ",")
    assert source.info.header_line == 1
    assert source.info.detected == ("text_column", "encoding", "delimiter")
    assert source.estimated_rows == 2
    assert source.bytes_per_row == pytest.approx((path.stat().st_size - len(HEADER)) / 2)
    assert source.content_digest == hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    json.dumps(source.info.to_dict())
    json.dumps(source.quality.to_dict())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.TXT"])
def test_delimiters_are_detected(tmp_path: Path, delimiter: str, name: str) -> None:
    lines = [["Fecha", "Comentario del Cliente", "Nota"], ["1/2", "uno y dos", "3.5"], ["2/2", "tres", "4.5"]]
    source, rows = read(write(tmp_path, name, "\r\n".join(delimiter.join(line) for line in lines)))
    assert source.info.delimiter == delimiter
    assert rows == [("1/2", "uno y dos", "3.5"), ("2/2", "tres", "4.5")]


@pytest.mark.parametrize(("given", "meant"), [("\\t", "\t"), ("tab", "\t"), ("TAB", "\t"), ("#", "#"), (";", ";")])
def test_a_given_delimiter(tmp_path: Path, given: str, meant: str) -> None:
    source, rows = read(write(tmp_path, "a.csv", f"Nota{meant}Comentario\n1{meant}hola\n"), delimiter=given)
    assert (source.info.delimiter, rows) == (meant, [("1", "hola")])
    assert "delimiter" not in source.info.detected


@pytest.mark.parametrize("given", ["", ",,", '"', "\n", "comma"])
def test_a_delimiter_that_cannot_be_one(tmp_path: Path, given: str) -> None:
    with pytest.raises(SettingError, match=r"is not one character; use one of"):
        open_source(write(tmp_path, "a.csv", HEADER + "1,2,3\n"), ReadOptions(delimiter=given))


def test_a_single_column_keeps_its_commas_and_semicolons(tmp_path: Path) -> None:
    content = "Comentarios\nHola, che\nUno; dos; tres\n\nlento, muy lento,,\n"
    source, rows = read(write(tmp_path, "a.txt", content))
    assert rows == [("Hola, che",), ("Uno; dos; tres",), ("lento, muy lento,,",)]
    assert source.quality.blank_lines == 1


def test_quotes_and_line_ends_as_csv_reader_has_them(tmp_path: Path) -> None:
    content = (
        'Nota,Comentario\r\n1,"una\r\ndos\ntres"\r\n2,mide 5" de ancho\r\n3,"" \r\n4,\u2028separa\x0bdores\x85\r\n'
    )
    assert texts_of(write(tmp_path, "a.csv", content)) == [
        "una\r\ndos\ntres",
        'mide 5" de ancho',
        " ",
        "\u2028separa\x0bdores\x85",
    ]


def test_old_macintosh_line_ends(tmp_path: Path) -> None:
    rows = "".join(f"{n},comentario {n}\r" for n in range(20_000))
    path = write(tmp_path, "a.csv", "Nota,Comentario\r" + rows)
    assert texts_of(path) == [f"comentario {n}" for n in range(20_000)]


def test_titles_above_the_header_are_skipped(tmp_path: Path) -> None:
    content = "Comentarios de clientes\n\nPeriodo,2024\n" + HEADER + "\n2024-01-01,9,bien\n"
    source, rows = read(write(tmp_path, "a.csv", content))
    assert rows == [("2024-01-01", "9", "bien")]
    assert source.info.header_line == 4
    assert source.quality.blank_lines == 1


def test_ragged_rows_are_mended_and_reported(tmp_path: Path) -> None:
    content = (
        "Nota,Comentario,Canal\n"  # line 1
        "1,bien,web\n"
        "2\n"  # too few
        "3,hola, que tal, todo mal,app\n"  # too many
        "4,bien,web,,\n"  # trailing delimiters
        "\n"
        '5,"dos\nlineas",web\n'
        "6,a,b,c\n"  # line 9
    )
    source, rows = read(write(tmp_path, "a.csv", content))
    assert rows == [
        ("1", "bien", "web"),
        ("2", "", ""),
        ("3", "hola, que tal, todo mal", "app"),
        ("4", "bien", "web"),
        ("5", "dos\nlineas", "web"),
        ("6", "a,b", "c"),
    ]
    assert actions(source) == [
        (3, 2, 1, "filled up with empty cells"),
        (4, 3, 5, "surplus cells taken as part of the comment"),
        (9, 6, 4, "surplus cells taken as part of the comment"),
    ]
    assert source.quality.ragged_rows == 3
    assert source.quality.ragged[0]["expected"] == 3
    assert source.quality.blank_lines == 1


def test_only_the_first_hundred_ragged_rows_are_listed(tmp_path: Path) -> None:
    source, rows = read(write(tmp_path, "a.csv", HEADER + "1,2\n" * 250))
    assert len(rows) == source.quality.ragged_rows == 250
    assert len(source.quality.ragged) == 100


def test_line_numbers_and_counts_hold_far_into_the_file(tmp_path: Path) -> None:
    lines = [f'{n},5,"comentario\nde {n}"\n' for n in range(30_000)]
    lines[25_000] = "25000\n"
    source, rows = read(write(tmp_path, "a.csv", HEADER + "".join(lines)))
    assert len(rows) == 30_000
    assert actions(source) == [(1 + 2 * 25_000 + 1, 25_001, 1, "filled up with empty cells")]


def test_chunks_have_the_rows_asked_for(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", HEADER + "".join(f"{n},1,x\n" for n in range(25_000))))
    assert [table.num_rows for table in source.chunks(10_000)] == [10_000, 10_000, 5_000]
    again = rows_of(source, 999)
    assert [row[0] for row in again] == [str(n) for n in range(25_000)]
    assert source.quality.rows == 25_000
    with pytest.raises(ValueError, match="at least 1"):
        next(source.chunks(0))


def test_large_comments_make_smaller_chunks(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", HEADER + f"1,2,{'x' * 900_000}\n" * 80)
    sizes = [table.num_rows for table in open_source(path).chunks()]
    assert sum(sizes) == 80
    assert len(sizes) > 1


@pytest.mark.parametrize("size", [5_100, 900_000])
def test_long_comments(tmp_path: Path, size: int) -> None:
    long = ("línea, larga\n" * (size // 13))[:size]
    if long.count("\n") > 400:
        long = long.replace("\n", " ")
    path = write(tmp_path, "a.csv", HEADER + f'1,2,"{long}"\n3,4,fin\n')
    source, rows = read(path)
    assert rows == [("1", "2", long), ("3", "4", "fin")]
    assert source.quality.ragged_rows == 0


def test_the_first_comment_may_be_longer_than_the_sample(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "Comentario\n" + "x" * 3_000_000 + "\nfin\n")
    source, rows = read(path)
    assert [len(row[0]) for row in rows] == [3_000_000, 3]
    assert source.estimated_rows >= 1


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_rows_are_estimated_from_a_sample(tmp_path: Path, name: str) -> None:
    content = (HEADER + "".join(f"2024-01-{n % 28},{n % 11},comentario número {n}\n" for n in range(60_000))).encode()
    path = write(tmp_path, name, gzip.compress(content) if name.endswith("gz") else content)
    source = open_source(path)
    assert source.estimated_rows == pytest.approx(60_000, rel=0.05)
    assert source.bytes_per_row == pytest.approx((len(content) - len(HEADER)) / 60_000, rel=0.05)
    assert len(rows_of(source)) == 60_000


def test_gzip(tmp_path: Path) -> None:
    content = gzip.compress((HEADER + "1,2,uno\n").encode()) + gzip.compress(b"3,4,dos\n")
    path = write(tmp_path, "Export.CSV.GZ", content)
    source, rows = read(path)
    assert rows == [("1", "2", "uno"), ("3", "4", "dos")]
    assert (source.info.format, source.info.compression) == ("csv", "gzip")
    assert source.content_digest == hashlib.blake2b(content, digest_size=16).hexdigest()


def test_gzip_cut_short_in_the_sample_and_after_it(tmp_path: Path) -> None:
    with pytest.raises(CorruptInput, match=r"a\.csv\.gz is damaged: its gzip data are cut short"):
        open_source(write(tmp_path, "a.csv.gz", gzip.compress((HEADER + "1,2,x\n" * 99).encode())[:-9]))
    content = (HEADER + "".join(f"{n},2,{n * n}\n" for n in range(150_000))).encode()
    source = open_source(write(tmp_path, "b.csv.gz", gzip.compress(content)[:-9]))
    with pytest.raises(CorruptInput, match=r"b\.csv\.gz is damaged"):
        rows_of(source)


@pytest.mark.parametrize("content", [HEADER, HEADER.rstrip(), HEADER + "\n\n", "\n \n\n".replace(" ", "")])
def test_no_rows(tmp_path: Path, content: str) -> None:
    with pytest.raises(NoRows, match=r"a\.csv has a header and no rows"):
        open_source(write(tmp_path, "a.csv", content))


def test_no_rows_in_a_file_larger_than_the_sample(tmp_path: Path) -> None:
    source = open_source(write(tmp_path, "a.csv", HEADER + "\n" * 1_200_000))
    with pytest.raises(NoRows, match="no rows"):
        list(source.chunks())


def test_too_many_columns(tmp_path: Path) -> None:
    header = ",".join(f"columna {n}" for n in range(100_000))
    with pytest.raises(UnsupportedInput, match="has 100,000 columns; at most 16,384 are read"):
        open_source(write(tmp_path, "a.csv", header.replace("columna 0", "Comentario", 1) + "\n1,2\n"))
    with pytest.raises(UnsupportedInput, match="has 100,000 columns"):
        open_source(write(tmp_path, "b.csv", header + "\n1,2\n"))


def test_a_file_without_line_ends(tmp_path: Path) -> None:
    with pytest.raises(CorruptInput, match="is longer than"):
        open_source(write(tmp_path, "a.csv", b"x" * 18_000_000))
    source = open_source(write(tmp_path, "b.csv", b"Comentario\nhola\n" + b"x" * 34_000_000))
    with pytest.raises(CorruptInput, match=r"b\.csv: line 3 is longer than 16,777,216 characters"):
        list(source.chunks())


def test_renamed_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "row,,Nota,Nota,Comentario,,emotion\n1,2,3,4,5,6,7\n")
    source = open_source(path, reserved={"row", "emotion", "Comentario"})
    assert source.info.columns == (
        "row (original)",
        "column_2",
        "Nota",
        "Nota_2",
        "Comentario (original)",
        "column_6",
        "emotion (original)",
    )
    assert source.info.text_column == "Comentario (original)"
    assert source.info.renamed_columns == {
        "row": "row (original)",
        "": "column_2",
        "Nota": "Nota_2",
        "Comentario": "Comentario (original)",
        " [6]": "column_6",
        "emotion": "emotion (original)",
    }
    assert rows_of(source) == [("1", "2", "3", "4", "5", "6", "7")]


def test_text_column_not_found_lists_the_columns(tmp_path: Path) -> None:
    long = "x" * 300
    path = write(tmp_path, "a.csv", f"Fecha,NPS,{long}\n1,2,Sin comentarios\n")
    with pytest.raises(TextColumnNotFound) as caught:
        open_source(path)
    message = str(caught.value)
    assert "no column is known to be the comments" in message
    assert "--text-column NAME" in message
    assert "'Fecha', 'NPS', 'xxx" in message
    assert len(message) < 300 + len(str(path))
    with pytest.raises(TextColumnNotFound, match=r"there is no column 'Detalle'; the columns are 'Fecha', 'NPS'"):
        open_source(path, ReadOptions(text_column="Detalle"))
