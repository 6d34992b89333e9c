import pytest

from include.analysis.errors import DateColumnNotFound
from include.analysis.reading.header import find_date_column, find_header, name_columns


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["Nota", "Comentario Final"], "Comentario Final"),
        (["COMENTARIO", "comentario  final:"], "comentario  final:"),
        (["Opinión", "COMENTÁRIO"], "COMENTÁRIO"),
        (["observacion", "x"], "observacion"),
        (["Fecha del comentario", "Tu comentario sobre el servicio"], "Tu comentario sobre el servicio"),
        (["ID comentario", "Comments"], "Comments"),
        (["Texto", "Texto"], "Texto"),
    ],
)
def test_aliases(cells: list[str], found: str) -> None:
    header = find_header([cells], None)
    assert header is not None
    assert cells[header.text] == found


@pytest.mark.parametrize(
    "cells",
    [
        ["Nota", "NPS"],
        ["Comentario de marzo", "Comentario de abril"],
        ["Fecha del comentario", "Nota"],
        ["Contexto"],
        [],
    ],
)
def test_no_text_column(cells: list[str]) -> None:
    assert find_header([cells], None) is None


def test_a_comment_is_not_a_header() -> None:
    rows = [["Fecha", "Nota", "Detalle"], ["2024-01-01", "9", "Sin comentarios"], ["2024-01-02", "3", "Sugerencia"]]
    assert find_header(rows, None) is None


def test_a_title_is_not_a_header() -> None:
    rows = [["Comentarios de clientes", "", ""], ["Periodo", "", ""], ["Fecha", "Nota", "Comentario general"]]
    header = find_header(rows, None)
    assert header is not None
    assert (header.position, header.text, header.exact) == (2, 2, False)


def test_a_name_that_is_given() -> None:
    rows = [["Título", ""], ["Nota", "¿Qué opina?"], ["que opina", "1"]]
    header = find_header(rows, "QUE OPINA")
    assert header is not None
    assert (header.position, header.text) == (1, 1)
    assert find_header(rows, "???") is None
    assert find_header(rows, "") is None
    literal = find_header([["a", "???"]], "???")
    assert literal is not None
    assert literal.text == 1


def test_names_stay_unique() -> None:
    names, renamed = name_columns(["a", "a", "a_2", " ", "column_4", "a", "row", "row"], {"row"})
    assert names == ("a", "a_3", "a_2", "column_4_2", "column_4", "a_4", "row (original)", "row (original)_2")
    assert len(set(names)) == len(names)
    assert renamed == {
        "a": "a_3",
        " ": "column_4_2",
        "a [6]": "a_4",
        "row": "row (original)",
        "row [8]": "row (original)_2",
    }


@pytest.mark.parametrize(
    ("columns", "wanted", "found"),
    [
        (["Nota", "Fecha"], None, "Fecha"),
        (["FECHA ", "Fecha de respuesta"], None, "Fecha de respuesta"),
        (["Fecha de nacimiento", "Fecha encuesta:"], None, "Fecha encuesta:"),
        (["Comentario", "Marca temporal"], None, "Marca temporal"),
        (["created_at", "comment"], None, "created_at"),
        (["Timestamp", "Date"], None, "Date"),
        (["Fecha de atención", "Nota"], None, "Fecha de atención"),
        (["Fecha de atención", "Fecha de vencimiento"], None, "Fecha de atención"),
        (["Fecha", "Alta"], "Alta", "Alta"),
        (["Fecha", "Día de la visita"], "dia de la VISITA", "Día de la visita"),
        (["fecha", "Fecha"], "Fecha", "Fecha"),
    ],
)
def test_the_date_column(columns: list[str], wanted: str | None, found: str) -> None:
    assert find_date_column(columns, wanted) == found


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        (["Nota", "Fecha de nacimiento"], None, "a.csv: no column is known to be the date; name it with date_column; "),
        (["Fecha de visita", "Fecha de cierre"], None, "a.csv: several columns could be the date; name it with date_c"),
        (["Fecha"], "Día", "a.csv: there is no column 'Día' for the date; "),
        (["Fecha"], " ", "a.csv: there is no column '' for the date; "),
    ],
)
def test_no_date_column(columns: list[str], wanted: str | None, message: str) -> None:
    with pytest.raises(DateColumnNotFound) as error:
        find_date_column(columns, wanted, "a.csv")
    assert str(error.value).startswith(message)
    assert str(error.value).endswith("the columns are " + ", ".join(f"'{column}'" for column in columns))
