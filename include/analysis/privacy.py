"""Masks personal data wherever an example of a comment is shown outside the annotated file.

What is masked: e-mail addresses, phone numbers, card numbers, document numbers, the number of a client or claim, and
other numbers of six digits and more, which may be such a number. What stays: amounts of money (round thousands, or with
a currency beside them, or round hundreds after a word of price), dates, speeds, and whatever else has fewer digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.text import normal_form

_NOT_MONEY_BEFORE = r"(?<!gs )(?<!gs\.)(?<!gs\. )(?<!₲)(?<!₲ )(?<!\$)(?<!\$ )"
_NOT_MONEY_AFTER = r"(?!\s*(?:gs\b|gs\.|guaran[ií]|gua\b|₲|pyg\b|mil\b|mill[oó]n|d[oó]lar|usd\b|us\$|pesos\b|reales\b))"
_PRICE = r"(?:cobr|pag|cuest|cost|preci|tarif|cuota|monto|debit|abon|plan)[^\W\d]*"
_AMOUNT = rf"(?P<amount>\b{_PRICE}(?:\s+[^\W\d]+){{0,2}}\s+(?:\d{{1,2}}\.\d{{3}}\.\d00|\d{{4,5}}00)(?![\w.,]?\d))"

EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(
    r"(?<![\w.,])\(?(?:\+?595[\s.)-]{0,2}|0)9\d{2}\)?[\s.-]{0,2}\d(?:[\s.-]?\d){5}(?!\w)"
    r"|(?<![\w.,])9[6-9]\d[\s-]\d{3}[\s-]\d{3}(?!\w)"
    r"|(?<![\w.,])\(?(?:\+?595|0)[\s.-]?\(?[2-8]\d{1,2}\)?[\s.-]?\d{3}[\s.-]?\d{3,4}(?!\w)"
)
CARD = re.compile(r"(?<![\w.,])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{5})(?!\w)")
DOCUMENT = re.compile(
    rf"(?i){_AMOUNT}"
    r"|\b(c\.?\s?i\.?|c[ée]dula|ruc|documento|doc\.?|dni)(\s*(?:n[roº°.]*|:)?\s*)\d[\d.\s-]{3,12}\d"
    r"|(?<![\w.,])\d{5,8}-\d(?!\w)"
    rf"|(?<![\w.,]){_NOT_MONEY_BEFORE}\d{{1,2}}\.\d{{3}}\.(?!000)\d{{3}}(?![\w.]){_NOT_MONEY_AFTER}"
)
_ROUND_OR_DATE = r"(?!\d{3,5}000(?!\d)|20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d))"
LONG_NUMBER = re.compile(rf"(?i){_AMOUNT}|(?<!\w){_NOT_MONEY_BEFORE}{_ROUND_OR_DATE}\d{{6,}}(?!\w){_NOT_MONEY_AFTER}")

CLIENT_NUMBER = re.compile(
    r"(?i)\b((?:cliente|cuenta|contrato|reclamo|ticket|nro\.?|n[°º]|n[uú]mero|num\.?)(?:\s+(?:nro\.?|n[°º]))?[\s:]{1,3})"
    rf"(?!(?:19|20)\d\d(?!\d))\d{{4,}}(?![\w.,]?\d)(?!\s*(?:mega|mb|giga)){_NOT_MONEY_AFTER}"
)

MASKS = ("[correo]", "[tarjeta]", "[teléfono]", "[documento]", "[número]")
Replacement: TypeAlias = str | Callable[[re.Match[str]], str]
Patterns: TypeAlias = Sequence[tuple[re.Pattern[str], Replacement]]


def _but_amounts(word: str) -> Replacement:
    return lambda found: found["amount"] or word


PATTERNS: Patterns = (
    *zip((EMAIL, CARD, PHONE), MASKS, strict=False),
    *((pattern, _but_amounts(word)) for pattern, word in zip((DOCUMENT, LONG_NUMBER), MASKS[3:], strict=True)),
    (CLIENT_NUMBER, rf"\1{MASKS[-1]}"),
)
OF_CELLS = PATTERNS[:4]
"""What is masked in columns beside that of the comments: there a long number may be any code, and is left."""

PERSONAL_COLUMNS = {
    "[correo]": ("correo", "email", "mail"),
    "[tarjeta]": ("tarjeta", "card"),
    "[teléfono]": ("telefono", "tel", "celular", "cel", "movil", "phone", "mobile"),
    "[documento]": ("documento", "cedula", "ci", "dni", "ruc", "document"),
}
"""A word of its name says that all of a column is personal data."""

_SPACE = r"\s\p{Z}\x1c-\x1f\x{85}"
_MAY_HOLD_SOME = rf"@|\p{{Nd}}[\p{{Nd}}.(){_SPACE}-]{{2,}}\p{{Nd}}"
"""What a text has at least when something in it is masked; much cheaper to look for than the patterns themselves."""


def mask(text: str, patterns: Patterns = PATTERNS) -> str:
    """Replace e-mail addresses, phone, card and document numbers by a word that says what stood there."""
    for pattern, replacement in patterns:
        text = pattern.sub(replacement, text)
    return text


def mask_texts(texts: pa.StringArray, patterns: Patterns = PATTERNS) -> pa.StringArray:
    """`mask` for a column."""
    candidates = pc.fill_null(pc.match_substring_regex(texts, _MAY_HOLD_SOME), False)
    if not pc.any(candidates).as_py():
        return texts
    masked = pa.array([mask(text, patterns) for text in texts.filter(candidates).to_pylist()], pa.string())
    return pc.replace_with_mask(texts, candidates, masked)


def mask_columns(table: pa.Table, columns: Iterable[str], text_column: str) -> pa.Table:
    """A table with the personal data in these columns masked, all of it in columns that are named after it."""
    for name in columns:
        position, word = table.schema.get_field_index(name), _personal(name)
        cells = table.column(position).combine_chunks()
        if name == text_column:
            cells = mask_texts(cells)
        elif word:
            filled = pc.not_equal(pc.utf8_trim_whitespace(cells), "")
            cells = pc.if_else(filled, pa.scalar(word), cells)
        else:
            cells = mask_texts(cells, OF_CELLS)
        table = table.set_column(position, table.schema.field(position), cells)
    return table


def _personal(column: str) -> str | None:
    words = set(normal_form(column).split())
    return next((word for word, names in PERSONAL_COLUMNS.items() if words & set(names)), None)


def example(text: str, length: int = 300) -> str:
    """A comment as an example: masked, on one line, cut to `length` characters."""
    shown = " ".join(mask(text).split())
    return shown if len(shown) <= length else shown[: length - 1].rstrip() + "…"
