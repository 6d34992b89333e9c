"""What is masked in examples, and what must not be."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.privacy import example, mask, mask_columns, mask_texts
from tests.analysis.made_runs import made_run

NUMBERS = st.text("0123456789 .-()+,@abcGs₲_ñ\u0661\u2028\x1c\x85")
HARMLESS = st.sampled_from(["llamen al ", "mi tel: ", "(", "", "soy Ana, "])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("llamen al 0981 123 456 por favor", "llamen al [teléfono] por favor"),
        ("llamen al 0981-123456", "llamen al [teléfono]"),
        ("mi número +595 981 123456", "mi número [teléfono]"),
        ("al 021 555 1234", "al [teléfono]"),
        ("escriban a ana.perez+x@correo.com.py.", "escriban a [correo]."),
        ("mi tarjeta 4111 1111 1111 1111 vence", "mi tarjeta [tarjeta] vence"),
        ("CI 4.123.456", "[documento]"),
        ("cédula nº 4123456", "[documento]"),
        ("RUC 80012345-6", "[documento]"),
        ("cliente 80012345-6", "cliente [documento]"),
        ("reclamo 123456789", "reclamo [número]"),
        ("soy 4.567.890", "soy [documento]"),
        ("4567890", "[número]"),
        ("pago siempre, CI 4567800", "pago siempre, [documento]"),
        ("pago 4567890 y 199900", "pago [número] y [número]"),
        ("0985 12 34 56 o 021-555-123", "[teléfono] o [teléfono]"),
        ("4111111111111111", "[tarjeta]"),
        ("cliente nro 4493", "cliente nro [número]"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "tengo 300 megas y llegan 40",
        "pago el 5 de cada mes",
        "desde 2023-05-01 a las 19:30",
        "me cobraron 250.000 guaraníes",
        "pago 99.000 por mes",
        "pago 1.250.500 por mes",
        "me cobraron de más 385500",
        "Gs. 1.250.500",
        "Gs 385500",
        "1250500 guaraníes",
        "son 1 234 567 gs",
        "plan de 199900",
        "350000",
        "de 8 a 17, hace 15 días, 600 mbps",
        "01/05/2023 y 20240501",
        "192.168.1.1",
        "llamé al 611 y al *111",
        "reclamé 12 veces en 2024",
        "@personal arreglen",
        "10/10 la atención",
    ],
)
def test_plain_numbers_stay(text: str) -> None:
    assert mask(text) == text


def test_an_example_is_one_short_line() -> None:
    assert example("hola\n  a\ttodos") == "hola a todos"
    assert len(example("a" * 900)) == 300
    assert example("a" * 900).endswith("…")


@given(NUMBERS | st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.lists(NUMBERS | st.text()))
def test_a_column_is_masked_as_its_texts_are(texts: list[str]) -> None:
    assert mask_texts(pa.array(texts, pa.string())).to_pylist() == list(map(mask, texts))


@given(HARMLESS, st.integers(61, 99), st.integers(0, 999_999), st.sampled_from(["0{}{}", "+595 9{} {}", "0{}-{}"]))
def test_no_digit_of_a_mobile_number_is_left(before: str, code: int, number: int, form: str) -> None:
    digits = f"{number:06d}"
    text = before + form.format(f"{code}" if form.startswith("+") else f"9{code}", digits) + ", gracias"
    assert not any(letter.isdigit() for letter in mask(text))


@given(
    HARMLESS, st.integers(500_000, 8_999_999), st.sampled_from(["CI {}", "cédula {}", "C.I. n° {}", "documento: {}"])
)
def test_no_digit_of_a_document_is_left(before: str, number: int, form: str) -> None:
    for written in (str(number), f"{number:,}".replace(",", ".")):
        assert not any(letter.isdigit() for letter in mask(before + form.format(written)))


def test_columns_that_are_named_after_personal_data_are_masked_whole() -> None:
    table = pa.table({
        "Comentario": ["llamen al 0981123456"], "Teléfono": ["1"], "E-mail": [""], "ID Cliente": ["0000938"],
        "Obs": ["a ana@x.com"],
    })  # fmt: skip
    assert mask_columns(table, table.column_names, "Comentario").to_pylist() == [{
        "Comentario": "llamen al [teléfono]", "Teléfono": "[teléfono]", "E-mail": "", "ID Cliente": "0000938",
        "Obs": "a [correo]",
    }]  # fmt: skip


@pytest.mark.parametrize("setting", ["on", "off"])
def test_the_annotated_file_keeps_the_original_unless_a_setting_says_otherwise(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.analysis import pipeline

    monkeypatch.setenv("COMMENT_ANALYSIS_MASK_PERSONAL_DATA", setting)
    run = made_run(tmp_path / "run", ["llamen al 0981123456"] * 2)
    pipeline.report(run)
    for name in ("comments.csv", "comments_unique.csv"):
        assert ("0981123456" in (run.path / name).read_text(encoding="utf-8")) == (setting == "off")
    assert "0981123456" not in (run.path / "report.html").read_text(encoding="utf-8")
    assert "0981123456" not in json.dumps(json.loads(run.results_file.read_text(encoding="utf-8")))
