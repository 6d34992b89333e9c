"""Themes of comments: what a careful reader would tag, merge-able counts, taxonomy files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analysis.analysis import Partial
from include.analysis.errors import LexiconError
from include.analysis.themes import ThemeAnalyzer, ThemesAnalysis, load_taxonomy
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
    ("Pague por 300 megas, quiero esa velocidad", "speed price"),
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
    ("sigo esperando que arreglen la avería", "technical_support reliability"),
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
    ("el decodificador no anda", "reliability entertainment"),
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
    assert ANALYZER.analyze(["Netflix y la factura, el router lento"]) == [
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


THEME = """[[theme]]
id = "a"
name_es = "A"
name_en = "A"
terms = ["perro*", "gato negro"]
exclude = ["perro caliente"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "taxonomy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_taxonomy_of_ones_own(tmp_path: Path) -> None:
    analyzer = ThemeAnalyzer(write(tmp_path, THEME))
    texts = ["los perros", "un perro caliente", "perro caliente y perros", "gato, negro", "gato negro"]
    assert [bool(themes) for themes in analyzer.analyze(texts)] == [True, False, True, False, True]


def test_an_exclude_phrase_touches_its_own_theme_only(tmp_path: Path) -> None:
    other = THEME.replace('"a"', '"b"').split("exclude")[0]
    assert ThemeAnalyzer(write(tmp_path, THEME + other)).analyze(["perro caliente"]) == [("b",)]


def test_more_themes_than_a_machine_word_has_bits(tmp_path: Path) -> None:
    sections = [THEME.replace('"a"', f'"t{i}"').replace("perro*", f"palabra{i}") for i in range(80)]
    analyzer = ThemeAnalyzer(write(tmp_path, "".join(sections)))
    assert analyzer.analyze(["palabra79 palabra0", "palabra64"]) == [("t0", "t79"), ("t64",)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there are no"),
        ("[[theme]\n", "line 1: is not valid TOML"),
        ("x = 1\n" + THEME, 'line 1: unknown entry "x"'),
        (THEME + 'trems = ["x"]\n', 'line 7: unknown key "trems"'),
        (THEME + THEME, 'line 8: there are two themes of id "a"'),
        (THEME.replace('"a"', '"A b"'), "line 2: a theme needs an id"),
        (THEME.replace('name_es = "A"\n', ""), 'theme "a" needs a name_es'),
        (THEME.replace('"gato negro"', "3"), 'line 5: in theme "a", terms must be a list of texts'),
        (THEME.replace('"gato negro"', '\n"gato, negro"'), 'line 6: "gato, negro": .*punctuation'),
        (THEME.replace("caliente", "*"), r'line 6: "perro \*"'),
        (THEME.replace('["perro*", "gato negro"]', "[]"), 'theme "a" has no terms'),
        (THEME + THEME.replace('"a"', '"b"').replace("gato negro", "x*"), 'line 11: "x'),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LexiconError, match=message) as caught:
        ThemesAnalysis(write(tmp_path, text))
    assert "taxonomy.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fingerprint_follows_the_taxonomy(tmp_path: Path) -> None:
    own = ThemesAnalysis(write(tmp_path, THEME)).fingerprint()
    assert own != ANALYSIS.fingerprint() == ThemesAnalysis().fingerprint()
    assert own != ThemesAnalysis(write(tmp_path, THEME + "# a comment\n")).fingerprint()


def test_every_term_of_the_taxonomy_is_written_once_and_matches_its_theme() -> None:
    themes, _ = load_taxonomy()
    for theme in themes:
        assert len(set(theme.terms)) == len(theme.terms)
        found = ANALYZER.analyze([term.replace("*", "") for term in theme.terms])
        missed = [t for t, ids in zip(theme.terms, found, strict=True) if theme.id not in ids]
        assert not [t for t in missed if not any(t.replace("*", "") in e for e in theme.exclude)]
