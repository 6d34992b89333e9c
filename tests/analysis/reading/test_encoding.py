import codecs
from pathlib import Path

import pytest

from include.analysis.errors import EncodingMismatch, SettingError
from include.analysis.reading import ReadOptions, open_source

from .helpers import read, rows_of, texts_of, write

SPANISH = "Atención pésima: ¿qué pasó con el señor de Ñemby? ¡Vergüenza!"
CONTENT = f"Nota,Comentario\n1,{SPANISH}\n2,normal\n"


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "utf-32-le"),
        ("cp1252", b"", "cp1252"),
        ("latin-1", b"", "cp1252"),
    ],
)
def test_detection(tmp_path: Path, encoding: str, mark: bytes, name: str) -> None:
    source, rows = read(write(tmp_path, "a.csv", mark + CONTENT.encode(encoding)))
    assert source.info.encoding == name
    assert source.info.columns == ("Nota", "Comentario")
    assert rows == [("1", SPANISH), ("2", "normal")]
    assert source.quality.repaired_characters == source.quality.removed_nul == 0


@pytest.mark.parametrize("given", ["utf-16", "UTF16", "utf-16-le"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF16_LE])
def test_utf16_when_given(tmp_path: Path, given: str, mark: bytes) -> None:
    path = write(tmp_path, "a.csv", mark + CONTENT.encode("utf-16-le"))
    assert texts_of(path, encoding=given) == [SPANISH, "normal"]


def test_a_given_encoding(tmp_path: Path) -> None:
    source, rows = read(write(tmp_path, "a.csv", CONTENT, "mac_roman"), encoding="mac_roman")
    assert rows[0] == ("1", SPANISH)
    assert source.info.encoding == "mac-roman"
    assert "encoding" not in source.info.detected
    marked = write(tmp_path, "b.csv", codecs.BOM_UTF8 + CONTENT.encode())
    assert read(marked, encoding="utf8")[0].info.columns == ("Nota", "Comentario")


def test_bytes_that_are_not_utf8_are_read_as_cp1252(tmp_path: Path) -> None:
    good = "".join(f"{n},atención número {n}\n" for n in range(80_000)).encode()
    bad = b"a,se\xf1al\nb,\x93comillas\x94 \x81\n"
    path = write(tmp_path, "a.csv", b"Nota,Comentario\n" + good + bad + good)
    source, rows = read(path)
    assert source.info.encoding == "utf-8"
    assert len(rows) == 160_002
    assert rows[80_000:80_002] == [("a", "señal"), ("b", "“comillas” \x81")]
    assert rows[-1] == ("79999", "atención número 79999")
    assert source.quality.repaired_characters == 4
    assert source.quality.repaired_lines == [80_002, 80_003]


def test_a_few_bad_bytes_in_the_sample_do_not_turn_utf8_into_cp1252(tmp_path: Path) -> None:
    source, rows = read(write(tmp_path, "a.csv", CONTENT.encode() + b"3,se\xf1al\n"))
    assert (source.info.encoding, rows[0][1], rows[2][1]) == ("utf-8", SPANISH, "señal")
    assert (source.quality.repaired_characters, source.quality.repaired_lines) == (1, [4])


def test_a_character_cut_off_at_the_end_is_not_lost(tmp_path: Path) -> None:
    source, rows = read(write(tmp_path, "a.csv", CONTENT.encode() + "3,ok ñ".encode()[:-1]))
    assert rows[2] == ("3", "ok Ã")
    assert source.quality.repaired_characters == 1


def test_half_a_surrogate_pair_does_not_stop_utf16(tmp_path: Path) -> None:
    content = codecs.BOM_UTF16_LE + "Nota,Comentario\n1,x".encode("utf-16-le") + b"\x3d\xd8"
    content += "y\n2,z\n".encode("utf-16-le")
    source, rows = read(write(tmp_path, "a.csv", content))
    assert rows == [("1", "x=Øy"), ("2", "z")]
    assert source.quality.repaired_lines == [2]


def test_nul_characters_are_removed_and_counted(tmp_path: Path) -> None:
    source, rows = read(write(tmp_path, "a.csv", 'Nota,Comentario\n1,\0"a\0,b"\n2,c\0\0\n'))
    assert rows == [("1", "a,b"), ("2", "c")]
    assert source.quality.removed_nul == 4


@pytest.mark.parametrize("filler", [0, 200_000])
def test_a_given_encoding_that_does_not_decode(tmp_path: Path, filler: int) -> None:
    path = write(tmp_path, "a.csv", b"Nota,Comentario\n" + b"1,normal\n" * filler + "2,señal mala\n".encode("cp1252"))
    with pytest.raises(EncodingMismatch) as caught:
        rows_of(open_source(path, ReadOptions(encoding="utf-8")))
    message = str(caught.value)
    assert f"a.csv is not utf-8: near line {filler + 2:,}" in message
    assert "it looks like cp1252" in message
    assert "leave the encoding out" in message


@pytest.mark.parametrize("name", ["", "utf-9", "hex", "rot13", "base64", "idna", "undefined", "a\0b", "latin 77\n"])
def test_unknown_encodings(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=r"^encoding '.*' is not known; use utf-8"):
        open_source(write(tmp_path, "a.csv", CONTENT), ReadOptions(encoding=name))
