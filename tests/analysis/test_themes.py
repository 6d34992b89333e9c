"""Themes of comments: what a careful reader would tag, merge-able counts, and what is said about each theme."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.analysis import Partial, Rows
from include.analysis.themes import ThemeAnalyzer, ThemesAnalysis, ThemesReduction, thousandths
from tests.analysis.splits import CUTS, check_any_split, columns_of, rows_of

ANALYZER = ThemeAnalyzer()
ANALYSIS = ThemesAnalysis()

IDS = [
    "speed",
    "reliability",
    "wifi_equipment",
    "price",
    "billing",
    "customer_service",
    "technical_support",
    "installation",
    "coverage",
    "contract_plans",
    "competition",
    "digital_channels",
    "entertainment",
]

COMMENTS = [
    ("El internet va lentísimo a la noche", "speed"),
    ("Pague por 300 megas, quiero esa velocidad", "speed"),
    ("mucho lag y el ping por las nubes", "speed"),
    ("mucha belocidad, todo ok", "speed"),
    ("Se corta a cada rato", "reliability"),
    ("SE CAE TODOS LOS DIAS!!!", "reliability"),
    ("ayer quedamos sin internet toda la tarde", "reliability"),
    ("Ndaipóri internet che barrio pe", "reliability"),
    ("cada vez que llueve nos quedamos sin señal", "reliability"),
    ("El router se calienta", "wifi_equipment"),
    ("no llega el wi-fi a la pieza del fondo", "wifi_equipment"),
    ("necesito un repetidor, la señal es débil arriba", "wifi_equipment"),
    ("hace un año cambiaron el modém", "wifi_equipment"),
    ("Es demasiado caro", "price"),
    ("deberían bajar los precios", "price"),
    ("hepyeterei", "price"),
    ("Me cobraron dos veces la factura", "billing"),
    ("Ya cancelé la factura y sigue la deuda", "billing"),
    ("vivo en Fernando de la Mora", ""),
    ("La atensión es buena", "customer_service"),
    ("El call center tiene mucha espera", "customer_service"),
    ("nadie contesta el teléfono", "customer_service"),
    ("respondieron muy rápido", "customer_service"),
    ("no me quejo", ""),
    ("el técnico vino el mismo día", "technical_support"),
    ("sigo esperando que arreglen la avería", "technical_support"),
    ("la cuadrilla no apareció", "technical_support"),
    ("La instalación quedó prolija", "installation"),
    ("dejaron cables sueltos en el patio", "installation"),
    ("anda bien desde que instalaron", ""),
    ("¿Cuándo llega la fibra a Areguá?", "coverage"),
    ("amplíen la cobertura en el interior del país", "coverage"),
    ("quiero dar de baja", "contract_plans"),
    ("la permanencia de un año no me gusta", "contract_plans"),
    ("hay promos nuevas?", "contract_plans"),
    ("Tigo es mejor", "competition"),
    ("me voy a cambiar de compañía", "competition"),
    ("claro que sí, todo claro", ""),
    ("vengo de Claro", "competition"),
    ("vos sabés cómo es", ""),
    ("La app no abre", "digital_channels"),
    ("el bot del wasap no entiende", "digital_channels"),
    ("quiero ver Netflix y el fútbol", "entertainment"),
    ("Mis hijos juegan en la play", "entertainment"),
    ("el decodificador no anda", "entertainment"),
    ("la app no funciona", "digital_channels"),
    ("no funciona", "reliability"),
    ("el intenet tiene mala coneccion", "reliability"),
    ("mucha lentitud en la conección", "speed"),
    ("la facutra", "billing"),
    ("mbegue la internet", "speed"),
    ("los canales de atención", "customer_service"),
    ("Hola equipo, gracias", ""),
    ("Excelente servicio 👍", ""),
    ("", ""),
    (None, ""),
    ("🤬🤬🤬", ""),
]


@pytest.mark.parametrize(("comment", "expected"), COMMENTS)
def test_themes_a_reader_would_tag(comment: str | None, expected: str) -> None:
    assert set(ANALYZER.analyze([comment])[0]) == set(expected.split())


def test_ids_are_those_of_the_contract_in_order() -> None:
    assert list(ANALYZER.ids) == IDS


def test_themes_of_a_comment_come_in_taxonomy_order() -> None:
    assert ANALYZER.analyze(["Netflix y la factura, el router, todo lento"]) == [
        ("speed", "wifi_equipment", "billing", "entertainment")
    ]


def test_takes_lists_series_and_arrow_with_missing_values() -> None:
    texts = ["el router", None, "la factura del router"]
    expected = [("wifi_equipment",), (), ("wifi_equipment", "billing")]
    assert ANALYZER.analyze(texts) == expected
    assert ANALYZER.analyze(pd.Series(["el router", float("nan"), texts[2]], dtype=object)) == expected
    assert ANALYZER.analyze(pa.chunked_array([texts[:1], texts[1:]])) == expected
    assert ANALYZER.analyze([]) == []


def test_extract_themes_counts_comments_most_mentioned_first() -> None:
    texts = ["factura factura cobro", "la boleta", "el precio", "lento", None]
    assert list(ANALYZER.extract_themes(texts).items()) == [("billing", 2), ("speed", 1), ("price", 1)]


def summary(texts: list[str | None]) -> dict:
    return ANALYSIS.summarise(ANALYSIS.analyse(rows_of(texts)).partial)


def test_summary() -> None:
    assert summary(["el router", "la factura del router", "hola", None, "  "]) == {
        "total_themes": 2,
        "top_themes": [
            {"theme": "wifi_equipment", "name": "Wifi y equipos", "mentions": 2, "percentage": 66.67},
            {"theme": "billing", "name": "Facturación y cobros", "mentions": 1, "percentage": 33.33},
        ],
        "total_theme_mentions": 3,
        "average_themes_per_comment": 1.0,
        "analysed_comments": 3,
        "comments_without_theme": 1,
    }


@pytest.mark.parametrize(
    "partial", [{}, ANALYSIS.analyse(rows_of([])).partial, ANALYSIS.analyse(rows_of([None])).partial]
)
def test_summary_of_nothing(partial: Partial) -> None:
    assert ANALYSIS.summarise(partial) == {
        "total_themes": 0,
        "top_themes": [],
        "total_theme_mentions": 0,
        "average_themes_per_comment": 0.0,
        "analysed_comments": 0,
        "comments_without_theme": 0,
    }


def test_answers_have_one_row_a_comment() -> None:
    part = ANALYSIS.analyse(rows_of(["el router y la factura", None, "hola", "lento"]))
    assert part.answers.schema == ANALYSIS.schema
    assert part.answers["themes"].to_pylist() == ["wifi_equipment;billing", "", "", "speed"]


@settings(max_examples=60, deadline=None)
@given(columns_of([text for text, _ in COMMENTS]), CUTS, st.randoms(use_true_random=False))
def test_no_split_and_no_order_changes_the_answer(texts: list[str | None], cuts: list[int], random: Any) -> None:
    check_any_split(ANALYSIS, texts, cuts, random)


def scored(texts: list[str | None], notas: list[str | None], start: int = 1) -> Rows:
    return Rows(start, pa.array(texts, pa.string()), pa.table({"Nota": pa.array(notas, pa.string())}))


def test_average_nota_of_all_comments_and_of_each_theme() -> None:
    rows = scored(["el router", "la factura del router", "hola", None, "lento"], ["8", "3,5", "10", "0", "no sabe"])
    section = ANALYSIS.summarise(ANALYSIS.analyse(rows).partial)
    assert section["average_nota"] == 7.17  # of the comments with text and a number
    assert {t["theme"]: t.get("average_nota") for t in section["top_themes"]} == {
        "wifi_equipment": 5.75,
        "billing": 3.5,
        "speed": None,
    }


def test_numbers_are_read_as_people_write_them() -> None:
    texts = pa.array(["9", " 8.5 ", "8,5", "-1", "", None, "diez", "1e3", "1234567"], pa.string())
    numbers, given = thousandths(texts)
    assert given.tolist() == [True, True, True, True, False, False, False, False, False]
    assert numbers[given].tolist() == [9000, 8500, 8500, -1000]


REPEATED = [
    "El router nuevo anda bárbaro",
    "El router nuevo se reinicia",
    "Cambiaron el router nuevo",
    "La factura llegó tarde",
    "La factura llegó tarde otra vez, llamen al 0981 123 456",
    "Otra vez la factura llegó tarde",
    "Vivo frente a la plaza",
    "Trabajo frente a la plaza mayor",
    "Nos vemos frente a la plaza",
    "Excelente",
    None,
]
FEELINGS = ["joy", "anger", "neutral", "anger", "anger", None, "neutral", "neutral", "neutral", "joy", "neutral"]


def observed(slices: list[tuple[int, int]], order: list[int]) -> dict[str, Any]:
    """The section of these comments, seen in slices, with partials that were merged in this order."""
    partials = [ANALYSIS.analyse(rows_of(REPEATED[a:b], a + 1)).partial for a, b in slices]
    reduction = ThemesReduction(ANALYSIS, ANALYSIS.merge_all(partials[i] for i in order))
    for a, b in slices:
        rows = rows_of(REPEATED[a:b], a + 1)
        answers = {
            "themes": ANALYSIS.analyse(rows).answers,
            "emotions": pa.table({"emotion": pa.array(FEELINGS[a:b], pa.string())}),
        }
        reduction.observe(rows, answers)
    return reduction.section({})


def test_phrases_examples_and_emotions_of_each_theme_and_candidates_for_a_new_one() -> None:
    section = observed([(0, len(REPEATED))], [0])
    themes = {theme["theme"]: theme for theme in section["top_themes"]}
    assert {"phrase": "router nuevo", "comments": 3} in themes["wifi_equipment"]["phrases"]
    assert {"phrase": "factura llegó tarde", "comments": 3} in themes["billing"]["phrases"]
    assert themes["wifi_equipment"]["emotions"] == {"anger": 1, "joy": 1, "neutral": 1}
    assert themes["billing"]["emotions"] == {"anger": 2, "joy": 0, "neutral": 0}
    assert themes["billing"]["examples"][0] == "La factura llegó tarde"
    assert "0981" not in json.dumps(section)
    assert {"phrase": "plaza", "comments": 3} in section["candidate_phrases"]
    assert section["candidate_examples"]
    assert section["phrases_counted_in"] == 10


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(REPEATED)), max_size=4), st.randoms(use_true_random=False))
def test_no_split_changes_phrases_examples_and_cross_table(cuts: list[int], random: Any) -> None:
    slices = list(pairwise([0, *sorted(cuts), len(REPEATED)]))
    order = list(range(len(slices)))
    random.shuffle(order)
    assert observed(slices, order) == observed([(0, len(REPEATED))], [0])


def test_without_the_emotions_there_is_no_cross_table() -> None:
    rows = rows_of(REPEATED)
    reduction = ThemesReduction(ANALYSIS, ANALYSIS.analyse(rows).partial)
    reduction.observe(rows, {"themes": ANALYSIS.analyse(rows).answers})
    assert all("emotions" not in theme for theme in reduction.section({})["top_themes"])


def test_a_row_without_an_answer_is_not_observed() -> None:
    reduction = ThemesReduction(ANALYSIS, ANALYSIS.analyse(rows_of(["router"])).partial)
    reduction.observe(rows_of(["router"]), {"themes": pa.table({"themes": pa.nulls(1, pa.string())})})
    assert reduction.section({})["phrases_counted_in"] == 0
