"""Sections that the report does not know (of custom analyses, or new ones of known analyses), as facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.analysis.privacy import example
from include.analysis.report.language import Language

ROWS_AT_MOST = 20
COLUMNS_AT_MOST = 8
_SEVERAL = 6  # so many short values of a list are shown in one cell


@dataclass(frozen=True)
class Block:
    """A table with a title: `head` may be empty. Numbers are still numbers; everything else is text to be shown."""

    title: str
    head: list[str]
    rows: list[list[Any]]
    more: int = 0


@dataclass(frozen=True)
class Shown:
    """A section as facts (name and value) and tables."""

    facts: list[tuple[str, Any]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.facts or self.blocks)


def show(section: Mapping[str, Any], language: Language, names: Mapping[str, str]) -> Shown:
    """A section of `results.json`; `names` are what to call keys and values that have a name of their own."""
    maker = _Maker(language, names)
    shown = Shown()
    for key, value in section.items():
        if isinstance(value, dict) and value:
            shown.blocks.append(maker.of_mapping(key, value))
        elif isinstance(value, list) and value:
            shown.blocks.append(maker.of_list(key, value))
        elif not isinstance(value, dict | list):
            shown.facts.append((maker.name(key), maker.cell(value)))
    return shown


@dataclass(frozen=True)
class _Maker:
    language: Language
    names: Mapping[str, str]

    def name(self, key: object) -> str:
        text = str(key)
        return self.names.get(text) or example(text.replace("_", " ")[:1].upper() + text.replace("_", " ")[1:], 80)

    def cell(self, value: Any) -> Any:
        """A number as it is, anything else as a text."""
        if value is None:
            return self.language("unit.none")
        if isinstance(value, bool):
            return self.language.yes(value)
        if isinstance(value, int | float):
            return value
        if isinstance(value, dict):
            return "; ".join(f"{self.name(key)}: {self._text(inner)}" for key, inner in list(value.items())[:_SEVERAL])
        if isinstance(value, list):
            more = ", …" if len(value) > _SEVERAL else ""
            return ", ".join(self._text(inner) for inner in value[:_SEVERAL]) + more
        return self.names.get(str(value)) or self.language.example(example(str(value)))

    def _text(self, value: Any) -> str:
        cell = self.cell(value)
        if isinstance(cell, int | float):
            return self.language.number(cell, 0 if isinstance(cell, int) or cell.is_integer() else 2)
        return str(cell)

    def of_mapping(self, key: str, value: Mapping[str, Any]) -> Block:
        rows: Sequence[Any] = list(value.values())
        if all(isinstance(row, dict) and row for row in rows):
            columns = self._columns(rows)
            head = [self.language("generic.name"), *map(self.name, columns)]
            cells = [[self.name(name), *self._row(row, columns)] for name, row in value.items()]
        else:
            head = [self.language("generic.name"), self.language("generic.value")]
            cells = [[self.name(name), self.cell(row)] for name, row in value.items()]
        return self._block(key, head, cells)

    def of_list(self, key: str, value: Sequence[Any]) -> Block:
        if all(isinstance(row, dict) and row for row in value):
            columns = self._columns(value)
            return self._block(key, list(map(self.name, columns)), [self._row(row, columns) for row in value])
        return self._block(key, [], [[self.cell(row)] for row in value])

    @staticmethod
    def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
        return list(dict.fromkeys(key for row in rows for key in row))[:COLUMNS_AT_MOST]

    def _row(self, row: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
        return [self.cell(row.get(column)) for column in columns]

    def _block(self, key: str, head: list[str], rows: list[list[Any]]) -> Block:
        return Block(self.name(key), head, rows[:ROWS_AT_MOST], max(0, len(rows) - ROWS_AT_MOST))
