import datetime as dt
import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.dates import DAY_FIRST, MONTH_FIRST, DayOrder, day_order, parse_days, read_dates
from include.analysis.sheets.cells import cell_text

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
TIMES = st.times(timezones=st.none() | st.just(dt.UTC) | st.just(dt.timezone(dt.timedelta(hours=-3))))
SPACES = st.text(" \t\u00a0\u202f\u200e", max_size=2)
BEHIND = [
    "", " 14:05", " 14:05:00", "  2:05", ", 14:05", " 2:05 p. m.", " 2:05:00 p.\u00a0m. GMT-3", " 14:05 hs", "T14:05Z",
]  # fmt: skip
ROOM = 10  # what a busy machine may take longer


def days(*texts: str | None, month_first: bool = False) -> list[dt.date | None]:
    found: list[dt.date | None] = parse_days(pa.array(texts, pa.string()), month_first).to_pylist()
    return found


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-31",
        "2025-01-31 14:05:00",
        "2025-01-31T14:05:00-03:00",
        "2025-01-31T23:59:59.999Z",
        "2025/1/31",
        "31/01/2025",
        "31/01/2025 14:05",
        "31-01-2025",
        "31.01.2025",
        "31.1.25",
        "31/1/25 14.05",
        "  31/01/2025\t",
        "\u200e31/01/2025\u00a014:05",
        "2025/01/31 2:05:00 p. m. GMT-3",
        cell_text(dt.datetime(2025, 1, 31, 14, 5, 0, 123_000)),
        cell_text(dt.datetime(2025, 1, 31)),
        cell_text(dt.date(2025, 1, 31)),
    ],
)
def test_formats(text: str) -> None:
    assert days(text) == [dt.date(2025, 1, 31)]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "hoy", "31", "45688", "20250131", "14:05:00", "31/02/2025", "29/02/2023", "2025-02-30",
        "2025-13-01", "00/01/2025", "01/00/2025", "0025-01-31", "31/01/0025", "31/01/025", "31/01/20255",
        "31/01/2100", "31/01/1899",
        "31/01-2025", "2025-01/31", "31/01/2025 se cortó", "31/01/2025x", "el 31/01/2025", "31/01", "31/01/2025/",
        "2025-01-31T", "2025-01-31 14", "31/01/2025\n01/02/2025", "\0" "31/01/2025", "٣١/٠١/٢٠٢٥", "99/99/99",
    ],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert days(text) == [None]
    assert days(text, month_first=True) == [None]


def test_ambiguous_dates_have_the_day_first() -> None:
    assert days("1/2/25", "03/04/2025", None) == [dt.date(2025, 2, 1), dt.date(2025, 4, 3), None]
    assert days("1/2/25", "03/04/2025", month_first=True) == [dt.date(2025, 1, 2), dt.date(2025, 3, 4)]
    assert days("2025-03-04", month_first=True) == [dt.date(2025, 3, 4)]


@given(DAYS, TIMES, SPACES, SPACES, st.sampled_from("-/."), st.sampled_from(BEHIND))
def test_every_format_is_read_back(
    day: dt.date, moment: dt.time, before: str, after: str, mark: str, behind: str
) -> None:
    y, m, d = day.year, day.month, day.day
    year_first = [
        day.isoformat(),
        f"{y}{mark}{m:02d}{mark}{d:02d}{behind}",
        f"{y}{mark}{m}{mark}{d}{behind}",
        dt.datetime.combine(day, moment).isoformat(),
        str(dt.datetime.combine(day, moment)),
        cell_text(dt.datetime.combine(day, dt.time(moment.hour))),
    ]
    short = [(f"{a:02d}{mark}{b:02d}{mark}{y}{behind}", f"{a}{mark}{b}{mark}{y}{behind}") for a, b in ((d, m), (m, d))]
    for month_first in (False, True):
        texts = [before + text + after for text in (*year_first, *short[month_first])]
        assert days(*texts, month_first=month_first) == [day] * len(texts)
    if y >= 2000:
        assert days(f"{d}{mark}{m}{mark}{y % 100:02d}{behind}") == [day]


@given(st.lists(st.none() | st.text() | st.text("0123456789/-.: T", max_size=20)), st.booleans())
def test_any_text_is_a_date_or_none(texts: list[str | None], month_first: bool) -> None:
    surrogates = [text and text.encode("utf-8", "replace").decode() for text in texts]
    found = days(*surrogates, month_first=month_first)
    assert len(found) == len(texts)
    assert all(day is None or 1900 <= day.year <= 2099 for day in found)
    assert found == [day for text in surrogates for day in days(text, month_first=month_first)]


def test_chunks_and_types() -> None:
    texts = ["31/01/2025", None, "x", "2025-02-01"]
    wanted = [dt.date(2025, 1, 31), None, None, dt.date(2025, 2, 1)]
    chunked = pa.chunked_array([texts[:1], texts[1:]], pa.string())
    for column in (
        chunked,
        pa.array(["z", *texts])[1:],
        pa.array(texts, pa.large_string()),
        pa.array(texts).dictionary_encode(),
    ):
        found = parse_days(column)
        assert found.type == pa.date32()
        assert found.to_pylist() == wanted
    assert parse_days(pa.chunked_array([], pa.string())).to_pylist() == []
    assert parse_days(pa.nulls(2)).to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        ([], DAY_FIRST),
        (["1/2/25", "3/4/25"], DAY_FIRST),
        (["2025-12-31", "x", None], DAY_FIRST),
        (["1/2/25", "12/31/2025"], MONTH_FIRST),
        (["12/31/2025", "31/12/2025"], DAY_FIRST),
        (["12/31/2025", "31/02/2025", "99/99/99"], MONTH_FIRST),  # dates in neither order say nothing
        (["31/12/2025"], DAY_FIRST),
    ],
)
def test_the_order_is_what_the_column_proves(texts: list[str | None], order: str) -> None:
    assert day_order(pa.array(texts, pa.string())) == order


@given(st.lists(st.sampled_from(["1/2/25", "12/31/2025", "31/12/2025", "x", "2025-01-01"])), st.integers(0, 9))
def test_evidence_adds_up(texts: list[str], cut: int) -> None:
    column = pa.array(texts, pa.string())
    order = DayOrder()
    for piece in (column[:cut], column[cut:]):
        order.add(read_dates(piece))
    assert order.name == day_order(column)
    assert order.month_first == ("12/31/2025" in texts and "31/12/2025" not in texts)


@pytest.mark.parametrize("form", ["{:%Y-%m-%d %H:%M:%S}", "{:%d/%m/%Y}"])
def test_a_million_rows_take_about_a_second(form: str) -> None:
    start = dt.datetime(2023, 1, 1)
    texts = pa.array([form.format(start + dt.timedelta(seconds=n * 317)) for n in range(100_000)])
    began = time.process_time()
    assert parse_days(texts).null_count == 0
    assert time.process_time() - began < 0.1 * ROOM
