"""Which row of a table is its header, which column holds the comments or the dates, and what the columns are called."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from include.analysis.errors import DateColumnNotFound, TextColumnNotFound, UnsupportedInput
from include.analysis.text import normal_form, normal_forms

HEADER_ROWS = 30  # the header is looked for in this many rows from the top, blank ones not counted
MAX_COLUMNS = 16_384  # the limit of Excel

_LONGEST_NAME = 60  # a longer cell is a comment that mentions an alias, not a name that contains one
_LISTED_COLUMNS = 20
_LISTED_CHARACTERS = 40
_TEXT, _DATE = "text", "date"  # the tables of columns.toml

Row = Sequence[str]


@dataclass(frozen=True)
class Header:
    """A header row: its position among the rows searched, its cells and the position of the text column in it.

    `exact` tells that the column's whole name is what was looked for, not just a part of it.
    """

    position: int
    cells: tuple[str, ...]
    text: int
    exact: bool


@dataclass(frozen=True)
class _Vocabulary:
    aliases: tuple[str, ...]
    about: frozenset[str]


@cache
def _vocabulary(kind: str = _TEXT) -> _Vocabulary:
    data = tomllib.loads((Path(__file__).parents[1] / "data" / "columns.toml").read_text("utf-8"))[kind]
    aliases = dict.fromkeys(normal_forms(data["aliases"]).to_pylist())
    return _Vocabulary(tuple(aliases), frozenset(normal_forms(data["about"]).to_pylist()))


def find_header(rows: Sequence[Row], wanted: str | None) -> Header | None:
    """The header among the first rows of a table, or None.

    With `wanted`, the first row that holds a cell of that name. Without, the first row that holds an alias as a whole
    cell; failing that, the first row that is not a title, if exactly one of its cells contains an alias.
    """
    forms = _forms(rows)
    if wanted is not None:
        return _named(rows, forms, wanted)
    first_full = _first_full_row(rows)
    for position, row_forms in enumerate(forms):
        text = _exact_alias(row_forms)
        if text is not None and (position == first_full or not any(map(_is_value, row_forms))):
            return Header(position, tuple(rows[position]), text, exact=True)
    if first_full is not None:
        containing = _containing_alias(forms[first_full])
        if len(containing) == 1:
            return Header(first_full, tuple(rows[first_full]), containing[0], exact=False)
    return None


def _forms(rows: Sequence[Row]) -> list[list[str]]:
    flat = iter(normal_forms([cell for row in rows for cell in row]).to_pylist())
    return [[next(flat) for _ in row] for row in rows]


def _named(rows: Sequence[Row], forms: Sequence[Row], wanted: str) -> Header | None:
    target = normal_form(wanted)
    for position, row in enumerate(rows):
        if wanted.strip() and wanted in row:
            return Header(position, tuple(row), row.index(wanted), exact=True)
        if target and target in forms[position]:
            return Header(position, tuple(row), forms[position].index(target), exact=True)
    return None


def _first_full_row(rows: Sequence[Row]) -> int | None:
    """The first row with at least half as many filled cells as the fullest one: titles have fewer."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    half = max(filled, default=0) / 2
    return next((position for position, count in enumerate(filled) if count and count >= half), None)


def _exact_alias(forms: Row, kind: str = _TEXT) -> int | None:
    return next((forms.index(alias) for alias in _vocabulary(kind).aliases if alias in forms), None)


def _containing_alias(forms: Row, kind: str = _TEXT) -> list[int]:
    return [position for position, form in enumerate(forms) if _contains_alias(form, _vocabulary(kind))]


def _contains_alias(form: str, vocabulary: _Vocabulary) -> bool:
    if len(form) > _LONGEST_NAME or not vocabulary.about.isdisjoint(form.split()):
        return False
    return any(f" {alias} " in f" {form} " for alias in vocabulary.aliases)


def _is_value(form: str) -> bool:
    """A number or a date, which the rows of a table have and its header does not."""
    return form.replace(" ", "").isdigit()


def is_ambiguous(rows: Sequence[Row]) -> bool:
    """Whether several columns could be the comments."""
    position = _first_full_row(rows)
    return position is not None and len(_containing_alias(_forms([rows[position]])[0])) > 1


def text_column_not_found(what: str, rows: Sequence[Row], wanted: str | None) -> TextColumnNotFound:
    """The error for a table without its text column; `what` names the file (and the sheet)."""
    position = _first_full_row(rows)
    cells = rows[position] if position is not None else ()
    listed = _listed(cells)
    if wanted is not None:
        return TextColumnNotFound(f"{what}: there is no column '{_short(wanted)}'; {listed}")
    problem = "several columns could be the comments" if is_ambiguous(rows) else "no column is known to be the comments"
    return TextColumnNotFound(f"{what}: {problem}; name it with text_column (--text-column NAME); {listed}")


def find_date_column(columns: Row, wanted: str | None, what: str = "the input") -> str:
    """The column that tells the day of each row: the `wanted` one, or the one that is recognised by its name.

    That is the column whose whole name is an alias; failing that, the only one whose name contains an alias. `what`
    names the input in the error.

    Raises:
        DateColumnNotFound: there is none, or several could be it.
    """
    forms = normal_forms(columns).to_pylist()
    if wanted is not None:
        header = _named([columns], [forms], wanted)
        if header is None:
            raise DateColumnNotFound(f"{what}: there is no column '{_short(wanted)}' for the date; {_listed(columns)}")
        return columns[header.text]
    position = _exact_alias(forms, _DATE)
    if position is not None:
        return columns[position]
    containing = _containing_alias(forms, _DATE)
    if len(containing) == 1:
        return columns[containing[0]]
    problem = "several columns could be the date" if containing else "no column is known to be the date"
    raise DateColumnNotFound(f"{what}: {problem}; name it with date_column; {_listed(columns)}")


def _listed(cells: Row) -> str:
    names = [f"'{_short(cell)}'" for cell in cells if cell.strip()]
    if not names:
        return "no columns were found"
    more = f" and {len(names) - _LISTED_COLUMNS} more" if len(names) > _LISTED_COLUMNS else ""
    return f"the columns are {', '.join(names[:_LISTED_COLUMNS])}{more}"


def _short(name: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in name[:1000]).split())
    return name if len(name) <= _LISTED_CHARACTERS else name[: _LISTED_CHARACTERS - 1] + "…"


def refuse_too_many_columns(what: str, count: int) -> None:
    """Raise UnsupportedInput for a table wider than any spreadsheet."""
    if count > MAX_COLUMNS:
        raise UnsupportedInput(
            f"{what} has {count:,} columns; at most {MAX_COLUMNS:,} are read: check the delimiter, or export fewer"
        )


def name_columns(cells: Row, reserved: Collection[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Unique, non-blank column names, and the new name of each column that had to be renamed.

    A blank name becomes "column_N" (N counted from 1), a repeated one gets the suffix "_2", "_3"..., one of `reserved`
    gets " (original)". A name that is renamed more than once is told apart in the keys by its position: "name [N]".
    """
    taken = set(cells) | set(reserved)
    given: set[str] = set()
    names: list[str] = []
    renamed: dict[str, str] = {}
    for number, cell in enumerate(cells, start=1):
        name = cell
        if not cell.strip() or cell in given or cell in reserved:
            name = _new_name(cell, number, taken, reserved)
            renamed[cell if cell not in renamed else f"{cell} [{number}]"] = name
        given.add(cell)
        taken.add(name)
        names.append(name)
    return tuple(names), renamed


def _new_name(cell: str, number: int, taken: Collection[str], reserved: Collection[str]) -> str:
    base = cell if cell.strip() else f"column_{number}"
    return free_name(f"{base} (original)" if base in reserved else base, taken)


def free_name(base: str, taken: Collection[str]) -> str:
    """A name like `base` that is not taken: `base` itself, or with "_2", "_3"... behind."""
    name, suffix = base, 1
    while name in taken:
        suffix += 1
        name = f"{base}_{suffix}"
    return name
