"""The time of day in a column of dates, for the cells of a workbook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_TIME = r"(?:^|[T\s,])(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?(?:[.,]\d+)?\s*(?P<half>[AaPp]\.?\s?[Mm])?"


def parse_times(texts: pa.StringArray) -> npt.NDArray[np.int64]:
    """Seconds after midnight in each text; -1 where it says no time."""
    if not pc.any(pc.match_substring(texts, ":")).as_py():
        return np.full(len(texts), -1)
    parts = pc.extract_regex(texts, _TIME)
    hours, minutes, seconds = (_whole(parts.field(i)) for i in range(3))
    half = pc.utf8_lower(pc.utf8_slice_codeunits(pc.fill_null(parts.field(3), ""), 0, 1))
    afternoon, morning = (pc.equal(half, letter).to_numpy(zero_copy_only=False) for letter in "pa")
    hours = np.where(afternoon & (hours < 12), hours + 12, np.where(morning & (hours == 12), 0, hours))
    valid = np.asarray(pc.fill_null(pc.is_valid(parts), False)) & (hours < 24) & (minutes < 60) & (seconds < 60)
    return np.where(valid, hours * 3600 + minutes * 60 + seconds, -1)


def _whole(texts: pa.StringArray) -> npt.NDArray[np.int64]:
    filled = pc.if_else(pc.equal(pc.fill_null(texts, ""), ""), "0", texts)
    found: npt.NDArray[np.int64] = filled.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found
