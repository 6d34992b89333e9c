"""The columns of an export that the report understands: date, score and NPS group."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.analysis.arrays import Integers
from include.analysis.errors import DateColumnNotFound
from include.analysis.reading.header import find_date_column
from include.analysis.strings import distinct
from include.analysis.text import normal_form, normal_forms

NPS_GROUPS = ("detractor", "passive", "promoter")
HUNDREDTHS = 100
NO_SCORE = np.iinfo(np.int64).min
_SCORE = r"^\s*-?\d{1,3}([.,]\d{1,6})?\s*$"


@dataclass(frozen=True)
class InputColumns:
    """Names of the columns; None for what an export does not have."""

    text: str
    date: str | None = None
    score: str | None = None
    nps: str | None = None

    @property
    def present(self) -> list[str]:
        return [name for name in (self.text, self.date, self.score, self.nps) if name is not None]


@functools.cache
def _known() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "data" / "columns.toml").read_text(encoding="utf-8"))


def recognise(names: Sequence[str], text_column: str, date_column: str | None = None) -> InputColumns:
    """Find the columns by their names; the column of the comments is none of them. That of the date may be known."""
    left = {name: normal_form(name) for name in names if name != text_column}
    score, nps = (_find(left, _known()[kind]) for kind in ("score", "nps"))
    return InputColumns(text_column, date_column or _date(list(left)), score, None if nps == score else nps)


def _date(names: list[str]) -> str | None:
    try:
        return find_date_column(tuple(names), None)
    except DateColumnNotFound:
        return None


def _find(names: dict[str, str], known: dict[str, Any]) -> str | None:
    for wanted in map(normal_form, known["names"]):
        for name, form in names.items():
            if form == wanted:
                return name
    words = {normal_form(word) for word in known["words"]}
    return next((name for name, form in names.items() if words & set(form.split())), None)


def scores(texts: pa.StringArray) -> Integers:
    """The scores in a column in hundredths, `NO_SCORE` where a cell holds none. Both 8.5 and 8,5 are read."""
    different, which = distinct(texts)
    readable = pc.match_substring_regex(different, _SCORE)
    numbers = pc.replace_substring(pc.utf8_trim_whitespace(different), ",", ".")
    values = pc.if_else(readable, numbers, pa.scalar(None, pa.string())).cast(pa.float64())
    rounded = np.rint(values.to_numpy(zero_copy_only=False) * HUNDREDTHS)
    found: Integers = np.where(np.isnan(rounded), NO_SCORE, np.nan_to_num(rounded).astype(np.int64))[which]
    return found


def nps_groups(texts: pa.StringArray) -> Integers:
    """The position in `NPS_GROUPS` of each cell, -1 where it says none. Numbers from 0 to 10 are grouped as usual."""
    different, which = distinct(texts)
    by_word = {normal_form(word): i for i, group in enumerate(NPS_GROUPS) for word in _known()["nps"][group]}
    forms = normal_forms(different).to_pylist()
    words = np.array([by_word.get(form, -1) for form in forms], np.int64)
    groups: Integers = np.where(words >= 0, words, group_of_score(scores(different)))[which]
    return groups


def group_of_score(hundredths: Integers) -> Integers:
    """The NPS group of scores from 0 to 10: detractors to 6, promoters from 9 on; -1 for what is not such a score."""
    groups = (hundredths >= 7 * HUNDREDTHS).astype(np.int64) + (hundredths >= 9 * HUNDREDTHS)
    return np.where((hundredths >= 0) & (hundredths <= 10 * HUNDREDTHS), groups, -1)
