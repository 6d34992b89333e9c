"""What is masked in examples, and what must not be."""

from __future__ import annotations

import pytest

from include.analysis.privacy import example, mask


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
