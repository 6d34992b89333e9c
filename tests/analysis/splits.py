"""What every analysis must keep to, however the rows are cut and the partials merged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from include.analysis.analysis import Analysis, Rows


def rows_of(texts: Sequence[str | None], start: int = 1) -> Rows:
    """A slice of comments, without other columns."""
    return Rows(start, pa.array(texts, pa.string()), pa.table({}))


def columns_of(texts: Sequence[str]) -> st.SearchStrategy[list[str | None]]:
    """Columns of comments: some of these, blanks, missing ones, anything."""
    one = st.one_of(st.none(), st.just(" "), st.sampled_from(texts), st.text(max_size=20))
    return st.lists(one, max_size=25)


CUTS = st.lists(st.integers(0, 25), max_size=4)


def check_any_split(analysis: Analysis, texts: Sequence[str | None], cuts: Sequence[int], random: Any) -> None:
    """Assert that slices, merged in any order, say the same as the whole."""
    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [analysis.analyse(rows_of(texts[a:b], a + 1)) for a, b in pairwise(bounds)]
    whole = analysis.analyse(rows_of(texts))
    assert pa.concat_tables([part.answers for part in parts]).equals(whole.answers.combine_chunks())
    partials = [part.partial for part in parts]
    random.shuffle(partials)
    merged = analysis.summarise(analysis.merge_all(partials))
    assert json.dumps(merged) == json.dumps(analysis.summarise(whole.partial))
