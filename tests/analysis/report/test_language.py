"""Every word is there in both languages, and numbers and dates are written as each language does."""

from __future__ import annotations

import string
from datetime import date
from pathlib import Path

import pytest

from include.analysis.report.language import Language
from include.analysis.settings import LANGUAGES
from tests.analysis.report import runs

ES, EN = (Language.load(code) for code in ("es", "en"))
OF_ONE_LANGUAGE = ("engine.", "theme.")  # messages of the engine are English, names of themes Spanish


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    def own(language: Language) -> set[str]:
        return {key for key in language.words if not key.startswith(OF_ONE_LANGUAGE)}

    assert own(ES) == own(EN)
    for key in own(ES):
        assert placeholders(ES(key)) == placeholders(EN(key)), key


def test_numbers_and_dates() -> None:
    assert (ES.number(1234567.891, 1), EN.number(1234567.891, 1)) == ("1.234.567,9", "1,234,567.9")
    assert (ES.percent(0.1234), EN.percent(0.1234)) == ("12,3\N{NO-BREAK SPACE}%", "12.3%")
    assert ES.percent(0.0001) == "<\N{NO-BREAK SPACE}0,1\N{NO-BREAK SPACE}%"
    assert ES.signed(-0.42, 1) == "\N{MINUS SIGN}0,4"
    assert ES.day(date(2025, 3, 1)) == "1 mar 2025"
    assert ES.period("month", date(2025, 3, 1)) == "mar 2025"
    assert (ES.duration(3.21), ES.duration(3700)) == (
        "3,2\N{NO-BREAK SPACE}s",
        "1\N{NO-BREAK SPACE}h 01\N{NO-BREAK SPACE}min",
    )
    assert (ES.list(["a", "b", "c"]), EN.list(["a", "b"])) == ("a, b y c", "a and b")
    assert (ES.count("rows", 1), ES.count("rows", 2000)) == ("1 fila", "2.000 filas")


def test_an_english_report_has_no_spanish_word(tmp_path: Path) -> None:
    export = runs.write(tmp_path / "x.csv", ["Date", "Score", "Comment"], [["2025-03-01", "3", "factura"]])
    page = (runs.reported(tmp_path / "run", export, language="en") / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    for key, text in ES.words.items():
        if len(text) > 12 and "{" not in text and text not in EN.words.values():
            assert text not in page, key


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_word_is_left_out(code: str) -> None:
    assert all(Language.load(code).words.values())
