"""Masks personal data wherever an example of a comment is shown outside the annotated file."""

from __future__ import annotations

import re

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(
    r"(?<![\w.,])(?:\+?595[\s.-]?|0)9\d{2}[\s.-]?\d{3}[\s.-]?\d{3}(?!\w)|(?<![\w.,])(?:\+?595|0)[\s.-]?\(?[2-8]\d{1,2}\)?[\s.-]?\d{3}[\s.-]?\d{3,4}(?!\w)"
)
CARD = re.compile(r"(?<![\w.,])\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?!\w)")
DOCUMENT = re.compile(
    r"(?i)\b(c\.?\s?i\.?|c[ée]dula|ruc|documento|doc\.?|dni)(\s*(?:n[roº°.]*|:)?\s*)\d[\d.\s-]{3,12}\d|(?<![\w.,])\d{5,8}-\d(?!\w)|(?<![\w.,])\d\.\d{3}\.\d{3}(?![\w.])"
)
LONG_NUMBER = re.compile(r"(?<!\w)\d{6,}(?!\w)")


def mask(text: str) -> str:
    """Replace e-mail addresses, phone, card and document numbers by a word that says what stood there."""
    text = EMAIL.sub("[correo]", text)
    text = CARD.sub("[tarjeta]", text)
    text = PHONE.sub("[teléfono]", text)
    text = DOCUMENT.sub("[documento]", text)
    return LONG_NUMBER.sub("[número]", text)


def example(text: str, length: int = 300) -> str:
    """A comment as an example: masked, on one line, cut to `length` characters."""
    shown = " ".join(mask(text).split())
    return shown if len(shown) <= length else shown[: length - 1].rstrip() + "…"
