import gzip
import os
import zipfile
from pathlib import Path

import pytest

from include.analysis.errors import (
    CorruptInput,
    InputNotFound,
    InputUnreadable,
    NoRows,
    TextColumnNotFound,
    UnsupportedInput,
    UserError,
)
from include.analysis.reading import ReadOptions, check_input, filetype, open_source, opening

from .helpers import HEADER, workbook, write

CSV = (HEADER + "1,2,hola\n").encode()
XLS = (Path(__file__).parent / "data" / "comments.xls").read_bytes()


def zipped(path: Path, *names: str) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return path.read_bytes()


def refusal(path: Path, kind: type[UserError]) -> str:
    with pytest.raises(kind) as caught:
        open_source(path)
    assert type(caught.value) is kind
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def test_missing_folder_and_device(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nada.csv", InputNotFound)
    assert "does not exist" in refusal(write(tmp_path, "f", b"") / "nada.csv", InputNotFound)
    assert "is a folder" in refusal(tmp_path, InputNotFound)
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a regular file" in refusal(tmp_path / "pipe.csv", InputNotFound)
    with pytest.raises(InputNotFound):
        open_source(Path("a\0b.csv"))


@pytest.mark.parametrize("name", ["a\nb.csv", "a\udcf1.csv"])
def test_names_that_cannot_be_shown(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedInput, match=r"a\?b?\.csv: its name holds characters that cannot be shown"):
        open_source(write(tmp_path, name, CSV))


def test_no_permission(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", CSV)
    path.chmod(0)
    if os.geteuid():
        assert "give the user" in refusal(path, InputUnreadable)
        return
    os.seteuid(65534)  # root may read everything
    try:
        assert "cannot be read (Permission denied)" in refusal(path, InputUnreadable)
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.xlsx", "a.xls"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    assert "is empty (0 bytes)" in refusal(write(tmp_path, name, b""), NoRows)


@pytest.mark.parametrize("name", ["a.pdf", "a.ods", "a", "a.gz", "a.xlsx.gz", "a.csv.zip"])
def test_types_that_are_not_read(tmp_path: Path, name: str) -> None:
    assert "the types that are read are .csv, .xlsx" in refusal(write(tmp_path, name, CSV), UnsupportedInput)


def test_content_that_is_not_what_the_name_says(tmp_path: Path) -> None:
    xlsx = zipped(tmp_path / "zip", "xl/workbook.xml")
    gz = gzip.compress(CSV)
    cases = [
        ("a.csv", xlsx, "is an Excel workbook, not text; rename it to 'a.xlsx'"),
        ("a.txt", XLS, "is an Excel 97-2003 workbook; rename it to 'a.xls'"),
        ("a.csv", gz, "is gzip-compressed inside; name it after its content"),
        ("a.csv", b"%PDF-1.7", "is a PDF"),
        ("a.csv", b"\n <!DOCTYPE html><table>", "is a web page or XML"),
        ("a.csv", zipped(tmp_path / "zip", "xl/workbook.bin"), ".xlsb"),
        ("a.csv", zipped(tmp_path / "zip", "content.xml"), "OpenDocument"),
        ("a.csv", zipped(tmp_path / "zip", "export.csv"), "ZIP archive; extract"),
        ("a.csv", xlsx[:40], "is a damaged ZIP file"),
        ("a.csv.gz", CSV, "is not compressed, whatever its name says; rename it to 'a.csv'"),
        ("a.csv.gz", xlsx, "is an Excel workbook"),
        ("a.csv.gz", gzip.compress(gz), "is gzip-compressed inside"),
        ("a.xlsx", CSV, "is a text file, not a workbook; rename it to 'a.csv'"),
        ("a.xls", "\ufeff".encode("utf-16-le") + CSV, "is a text file"),
        ("a.xls", b"<html><table>", "is a web page or XML"),
        ("a.xlsx", XLS, "rename it to 'a.xls'"),
        ("a.xls", xlsx, "rename it to 'a.xlsx'"),
        ("a.xlsx", zipped(tmp_path / "zip", "word/document.xml"), "ZIP archive"),
    ]
    for name, content, words in cases:
        assert words in refusal(write(tmp_path, name, content), UnsupportedInput), (name, words)


def test_damaged_and_protected_workbooks(tmp_path: Path) -> None:
    protected = XLS[:512] + "EncryptedPackage\0".encode("utf-16-le") + XLS[512:]
    assert "protected with a password" in refusal(write(tmp_path, "a.xlsx", protected), CorruptInput)
    assert "protected with a password" in refusal(write(tmp_path, "a.xls", protected), CorruptInput)
    assert "not a valid .xlsx workbook" in refusal(write(tmp_path, "b.xlsx", bytes(range(256))), CorruptInput)
    assert "ZIP directory" in refusal(write(tmp_path, "c.xlsx", b"PK\x03\x04" + b"x" * 99), CorruptInput)
    assert "is a damaged workbook" in refusal(write(tmp_path, "d.xls", XLS[:700]), CorruptInput)
    hollow = zipped(tmp_path / "zip", "xl/workbook.xml")
    assert "is a damaged workbook" in refusal(write(tmp_path, "e.xlsx", hollow), CorruptInput)


def test_workbooks_that_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(260):
                sheet.write(bytes(1024 * 1024))
    assert "times its size" in refusal(path, UnsupportedInput)
    monkeypatch.setattr(filetype, "MAX_WORKBOOK_BYTES", 200 * 1024**2)
    assert "unpacks to 0.3 GiB" in refusal(path, UnsupportedInput)


def test_check_input(tmp_path: Path) -> None:
    check_input(write(tmp_path, "a.csv", b"Comentario\nbien\n"))
    with pytest.raises(InputNotFound):
        check_input(tmp_path / "b.csv")
    with pytest.raises(TextColumnNotFound):
        check_input(write(tmp_path, "c.csv", b"Nota\n1\n"))
    with pytest.raises(NoRows):
        check_input(write(tmp_path, "d.csv", b"Comentario\n"))
    with pytest.raises(TextColumnNotFound):
        check_input(tmp_path / "a.csv", ReadOptions(text_column="Texto"))


def test_large_workbooks_are_not_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", Datos=[["Nota"], [1]])
    with pytest.raises(TextColumnNotFound):
        check_input(path)
    monkeypatch.setattr(opening, "QUICKLY_OPENED_BYTES", path.stat().st_size - 1)
    check_input(path)
