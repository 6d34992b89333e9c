"""What is told has risen or fallen, and chance alone is hardly ever told."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analysis.change_text import sentence
from include.analysis.errors import SettingError
from include.analysis.periods import DAY, MONTH, WEEK, Measure, Series, end_of, number_of, start_of
from include.analysis.significance import (
    SMALLEST_P,
    Change,
    Rules,
    changes,
    compare,
    discoveries,
    two_sided_p,
)

FIRST = {DAY: number_of(DAY, datetime.date(2024, 1, 1)), WEEK: 105_600, MONTH: 24_288}
ALL = Rules(minimal_change=0)
Array = npt.NDArray[Any]


def series_of(
    counts: Sequence[Sequence[int]] | Array,
    of: Any = 1000,
    period: str = DAY,
    numbers: Sequence[int] | None = None,
    days: Sequence[int] | None = None,
    over: Sequence[bool] | None = None,
    versions: Any = 0,
    kind: str = "themes",
) -> Series:
    """Counts by period (rows) and measure, of so many comments."""
    table = np.array(counts, np.int64)
    size = len(table)
    ones = np.ones_like(table)
    return Series(
        period=period,
        measures=tuple(Measure(kind, f"t{column:02}") for column in range(table.shape[1])),
        numbers=FIRST[period] + np.array(range(size) if numbers is None else numbers, np.int64),
        days=np.array([1] * size if days is None else days, np.int64),
        over=np.array([True] * size if over is None else over, bool),
        counts=table,
        of=ones * np.array(of, np.int64),
        versions=ones * np.array(versions, np.int64),
    )


# Exact values


def density(t: Array, degrees: int) -> Array:
    constant = math.gamma((degrees + 1) / 2) / math.gamma(degrees / 2) / math.sqrt(degrees * math.pi)
    found: Array = constant * (1 + t**2 / degrees) ** (-(degrees + 1) / 2)
    return found


def integrated_p(t: float, degrees: int) -> float:
    """Both tails of Student's t by Simpson's rule, on the scale u = atan(t) where they are finite."""
    angles = np.linspace(math.atan(abs(t)), math.pi / 2 - 1e-9, 20_001)
    heights = density(np.tan(angles), degrees) / np.cos(angles) ** 2
    width = angles[1] - angles[0]
    return float(2 * width / 3 * (heights[0] + heights[-1] + 4 * heights[1:-1:2].sum() + 2 * heights[2:-1:2].sum()))


def p_of(t: float, degrees: int) -> float:
    return float(two_sided_p(np.array([t]), np.array([degrees]))[0])


@pytest.mark.parametrize(
    ("t", "degrees"),  # from printed tables of Student's t: the two-sided 5 % and 1 % points
    [(12.706, 1), (4.303, 2), (3.182, 3), (2.776, 4), (2.571, 5), (2.365, 7), (2.052, 27), (1.980, 120)],
)
def test_p_is_that_of_the_tables(t: float, degrees: int) -> None:
    assert p_of(t, degrees) == pytest.approx(0.05, abs=5e-5)
    assert p_of(-t, degrees) == p_of(t, degrees)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 6, 7, 27, 28])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 2.5, 5.0, 12.0])
def test_p_is_that_of_numeric_integration(t: float, degrees: int) -> None:
    assert p_of(t, degrees) == pytest.approx(integrated_p(t, degrees), abs=1e-8)


def test_p_has_bounds() -> None:
    assert p_of(0, 27) == 1
    assert p_of(1e6, 27) == SMALLEST_P


def by_hand(baseline: Sequence[tuple[int, int]], x: int, n: int) -> dict[str, float]:
    """The test of one measure as the module describes it, in plain arithmetic."""
    big_x, big_n, k = sum(c for c, _ in baseline), sum(m for _, m in baseline), len(baseline)
    before, share, together = big_x / big_n, x / n, (x + big_x) / (n + big_n)
    chi_square = sum(
        (c - m * before) ** 2 / (m * before) + (c - m * before) ** 2 / (m * (1 - before)) for c, m in baseline
    )
    dispersion = max(1.0, chi_square / (k - 1))
    score = (share - before) / math.sqrt(dispersion * together * (1 - together) * (1 / n + 1 / big_n))
    angle = 2 * math.asin(math.sqrt(share)) - 2 * math.asin(math.sqrt(before))
    arcsine = angle / math.sqrt(dispersion * (1 / n + 1 / big_n))
    t = min(score, arcsine, key=abs)
    return {"dispersion": dispersion, "t": t, "p": integrated_p(t, k - 1), "share": share, "before": before}


@given(
    baseline=st.lists(st.tuples(st.integers(1, 199), st.integers(200, 2000)), min_size=7, max_size=12),
    last=st.tuples(st.integers(10, 200), st.integers(200, 2000)),
)
def test_a_comparison_is_what_arithmetic_by_hand_gives(baseline: list[tuple[int, int]], last: tuple[int, int]) -> None:
    counts, of = zip(*baseline, last, strict=True)
    found, hand = compare(series_of(np.array([counts]).T, np.array([of]).T), ALL), by_hand(baseline, *last)
    assert found.tested[-1, 0]
    assert found.share[-1, 0] == hand["share"]
    assert found.baseline_share[-1, 0] == pytest.approx(hand["before"], rel=1e-12)
    assert found.dispersion[-1, 0] == pytest.approx(hand["dispersion"], rel=1e-8)
    assert found.t[-1, 0] == pytest.approx(hand["t"], rel=1e-8, abs=1e-12)
    assert found.p[-1, 0] == pytest.approx(hand["p"], abs=1e-8)


def test_without_overdispersion_the_score_is_the_root_of_chi_square() -> None:
    """Pearson's chi-square of the 2 x 2 table, its dispersion being 1 as the baseline's shares are all the same."""
    found = compare(series_of([[80]] * 28 + [[60]]), ALL)
    table = np.array([[60, 940], [80 * 28, 920 * 28]])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    assert found.dispersion[-1, 0] == 1
    assert found.t[-1, 0] == pytest.approx(-math.sqrt(((table - expected) ** 2 / expected).sum()))


def benjamini_hochberg(p: Sequence[float], rate: float) -> set[int]:
    """The step-up procedure as it is told in words."""
    order = sorted(range(len(p)), key=lambda index: p[index])
    passing = [rank for rank, index in enumerate(order, 1) if p[index] <= rate * rank / len(p)]
    return set(order[: max(passing, default=0)])


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from([0.001, 0.004, 0.009, 0.02, 0.5, 1.0]), st.booleans()), min_size=6, max_size=6
        ),
        max_size=4,
    )
)
def test_discoveries_are_those_of_the_step_up_procedure(rows: list[list[tuple[float, bool]]]) -> None:
    p = np.array([[one for one, _ in row] for row in rows]).reshape(-1, 6)
    tested = np.array([[flag for _, flag in row] for row in rows], bool).reshape(-1, 6)
    told = discoveries(p, tested, 0.01)
    for row in range(len(rows)):
        places = np.flatnonzero(tested[row])
        chosen = benjamini_hochberg(p[row, places].tolist(), 0.01)
        ties = {int(place) for place in places if p[row, place] in {p[row, places[one]] for one in chosen}}
        assert set(np.flatnonzero(told[row]).tolist()) == ties


# What is found, and what is not


def simulated(
    seed: int, periods: int, comments: int, unrest: float, weekdays: float, shares: Array, period: str = DAY
) -> Series:
    """Stationary counts: each share's logit varies by `unrest` (standard deviation) and with the day of the week."""
    random = np.random.default_rng(seed)
    rhythm = weekdays * np.array([1, 0.5, 0, 0, -0.5, -1.5, 0.5])[np.arange(periods) % 7][:, None]
    logits = np.log(shares / (1 - shares)) + unrest * random.normal(size=(periods, len(shares))) + rhythm
    of = random.poisson(comments, (periods, 1)).repeat(len(shares), axis=1)
    return series_of(random.binomial(of, 1 / (1 + np.exp(-logits))), of, period)


SHARES = np.geomspace(0.002, 0.4, 20)


def days_with_a_change(series: Series, rules: Rules) -> float:
    """The share of the periods that tell any change at all."""
    return len({change.start for change in changes(series, rules)}) / len(series.numbers)


@pytest.mark.parametrize(
    ("comments", "unrest", "weekdays", "most"),  # what is measured stands behind each
    [
        (1000, 0.0, 0.0, 0.002),  # 0.0005: nothing but chance
        (1000, 0.15, 0.0, 0.01),  # 0.006
        (1000, 0.15, 0.15, 0.01),  # 0.005; a binomial test tells something on 0.535 of these days
        (1000, 0.0, 0.3, 0.002),  # 0.0
        (100, 0.3, 0.3, 0.01),  # 0.006
        (20_000, 0.15, 0.15, 0.01),  # 0.007
    ],
)
def test_stationary_days_raise_few_false_alarms(comments: int, unrest: float, weekdays: float, most: float) -> None:
    """Of 2,000 days with 20 measures each; even with differences of any size told."""
    series = simulated(11, 2000, comments, unrest, weekdays, SHARES)
    alarms = days_with_a_change(series, ALL)
    print(f"{comments} comments, unrest {unrest}, weekdays {weekdays}: {alarms:.2%} of days with a false alarm")
    assert alarms <= most


@pytest.mark.parametrize("period", [WEEK, MONTH])
def test_stationary_weeks_and_months_raise_few_false_alarms(period: str) -> None:
    """Measured: 0.0075 and 0.005. With the normal distribution in place of Student's t it is 0.13 and 0.2."""
    alarms = days_with_a_change(simulated(12, 2000, 7000, 0.2, 0, SHARES, period), ALL)
    print(f"{period}: {alarms:.2%} of periods with a false alarm")
    assert alarms <= 0.01


def found_share(seed: int, before: float, after: float, unrest: float, comments: int = 1000, tries: int = 200) -> float:
    """How often the step of one measure from one share to another is told on the very day, among 19 that stay."""
    found = 0
    for index in range(tries):
        series = simulated(seed + index, 29, comments, unrest, unrest, np.append(before, SHARES[1:]))
        random = np.random.default_rng(seed + index)
        logit = math.log(after / (1 - after)) + unrest * random.normal()
        series.counts[-1, 0] = random.binomial(series.of[-1, 0], 1 / (1 + math.exp(-logit)))
        found += any(one.measure == "t00" and one.start == series.start(28) for one in changes(series))
    return found / tries


def test_a_real_rise_is_found() -> None:
    """8 % to 14 % of 1,000 comments: measured 0.96, and 0.54 where days vary by 10 % and with the day of the week."""
    calm, lively = found_share(1, 0.08, 0.14, 0), found_share(1, 0.08, 0.14, 0.1)
    print(f"8 % to 14 % of 1,000 comments is told in {calm:.0%} of the cases, {lively:.0%} when days vary")
    assert calm >= 0.9
    assert lively >= 0.45
    assert found_share(1, 0.14, 0.08, 0) >= 0.85


def test_something_new_is_found() -> None:
    """From nearly never to 3 % of 1,000 comments, though fewer than 5 were to be expected."""
    series = series_of([[0, 100]] * 28 + [[30, 100]])
    [change] = changes(series)
    assert (change.measure, change.count, change.baseline_count, change.direction) == ("t00", 30, 0, "rose")


def poisson_tail(count: int, mean: float) -> float:
    """The chance of that many or more."""
    return 1 - sum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(count))


@pytest.mark.parametrize("mean", [0.3, 1.0, 2.0, 4.0, 6.0, 12.0, 30.0])
def test_small_counts_are_not_called_rarer_than_they_are(mean: float) -> None:
    """Where the baseline is so long that its share is known, p is about the Poisson tail or above."""
    of = np.array([[100_000_000]] * 28 + [[100_000]])
    for count in range(10, 60):
        if count > mean:
            series = series_of([[round(1000 * mean)]] * 28 + [[count]], of)
            p = compare(series, ALL).p[-1, 0] / 2
            assert p >= 0.5 * poisson_tail(count, mean) or p < 1e-9


# When nothing is compared


def told(series: Series, rules: Rules | None = None) -> list[tuple[str, int]]:
    """The measures that are told, and where in the series."""
    starts = [series.start(index) for index in range(len(series.numbers))]
    return [(change.measure, starts.index(change.start)) for change in changes(series, rules)]


RISE = [[80]] * 28 + [[200]]


def test_a_day_needs_seven_days_before_it() -> None:
    assert told(series_of(RISE)) == [("t00", 28)]
    assert told(series_of(RISE[-8:])) == [("t00", 7)]
    assert told(series_of(RISE[-7:])) == []


def test_the_baseline_is_the_days_of_the_calendar_before() -> None:
    for gap, expected in ((0, 1), (21, 1), (22, 0)):
        numbers = [*range(7), 7 + gap]
        assert len(told(series_of(RISE[-8:], numbers=numbers))) == expected
    [change] = changes(series_of([[500]] * 3 + RISE))
    assert (change.baseline_periods, change.baseline_span, change.baseline_share) == (28, 28, 0.08)
    [change] = changes(series_of(RISE, numbers=[*range(14), *range(16, 30), 32]))
    assert (change.baseline_periods, change.baseline_span) == (24, 28)


@pytest.mark.parametrize(("period", "span", "least"), [(WEEK, 8, 4), (MONTH, 6, 3)])
def test_weeks_and_months_have_baselines_of_their_own(period: str, span: int, least: int) -> None:
    big = [[8000]] * 12 + [[30_000]]
    days = [7] * 13
    [change] = changes(series_of(big, 100_000, period, days=days))
    assert (change.baseline_periods, change.baseline_span, change.period) == (span, span, period)
    lower = Rules(false_discovery_rate=0.05)
    assert told(series_of(big[-least - 1 :], 100_000, period), lower) == [("t00", least)]
    assert told(series_of(big[-least:], 100_000, period), lower) == []


def test_a_week_that_is_not_over_or_lacks_days_is_not_compared() -> None:
    big = [[8000]] * 12 + [[30_000]]
    full = [7] * 12
    assert told(series_of(big, 100_000, WEEK, days=[*full, 7], over=[True] * 12 + [False])) == []
    assert told(series_of(big, 100_000, WEEK, days=[*full, 6])) == [("t00", 12)]
    assert told(series_of(big, 100_000, WEEK, days=[*full, 5])) == []
    assert told(series_of(big, 100_000, WEEK, days=[5] * 12 + [5])) == [("t00", 12)]
    [change] = changes(series_of(big, 100_000, WEEK, days=[7] * 9 + [5, 3, 6, 7]))
    assert change.baseline_periods == 6


def test_other_versions_of_an_analysis_are_not_compared_with() -> None:
    versions = np.array([[0]] * 20 + [[1]] * 9)
    assert told(series_of(RISE, versions=versions)) == [("t00", 28)]
    [change] = changes(series_of(RISE, versions=versions))
    assert change.baseline_periods == 8
    assert told(series_of(RISE, versions=np.array([[0]] * 22 + [[1]] * 7))) == []
    assert told(series_of(RISE, versions=-1)) == []


def test_days_without_answers_are_no_baseline() -> None:
    of = np.array([[1000]] * 5 + [[0]] * 20 + [[1000]] * 4)
    counts = np.array(RISE) * (of > 0)
    [change] = changes(series_of(counts, of))
    assert (change.baseline_periods, change.baseline_of) == (8, 8000)
    assert told(series_of(counts[:-1], of[:-1])) == []
    of[-1] = counts[-1] = 0
    assert told(series_of(counts, of)) == []


def test_few_comments_are_not_compared() -> None:
    assert told(series_of([[1]] * 28 + [[4]], 4), ALL) == []
    assert not compare(series_of([[4]] * 28 + [[0]], 1000), ALL).tested[-1, 0]
    assert compare(series_of([[6]] * 28 + [[0]], 1000), ALL).tested[-1, 0]
    assert not compare(series_of([[0]] * 28 + [[9]], 1000), ALL).tested[-1, 0]
    assert compare(series_of([[0]] * 28 + [[10]], 1000), ALL).tested[-1, 0]


def test_small_differences_are_not_told() -> None:
    counts = [[100_000]] * 28 + [[109_000]]
    assert told(series_of(counts, 1_000_000)) == []
    assert told(series_of(counts, 1_000_000), Rules(minimal_change=0.008)) == [("t00", 28)]


@pytest.mark.parametrize(("kind", "expected"), [("emotions", 1), ("duplicates", 1), ("repeats", 0), ("comments", 0)])
def test_repeats_are_not_compared(kind: str, expected: int) -> None:
    assert len(told(series_of(RISE, kind=kind))) == expected


def test_a_rise_from_or_to_all_or_nothing() -> None:
    series = series_of([[0, 1000]] * 28 + [[1000, 0]])
    assert [(one.measure, one.direction, one.share, one.baseline_share) for one in changes(series)] == [
        ("t00", "rose", 1.0, 0.0),
        ("t01", "fell", 0.0, 1.0),
    ]
    assert told(series_of([[0, 1000]] * 29)) == []


def test_what_comes_later_changes_nothing() -> None:
    series = simulated(3, 120, 1000, 0.3, 0.3, SHARES)
    rules = Rules(minimal_change=0, false_discovery_rate=0.3)
    whole = changes(series, rules)
    assert len(whole) > 5
    half = series_of(series.counts[:60], series.of[:60])
    assert changes(half, rules) == [change for change in whole if change.start < series.start(60)]
    assert changes(series_of(np.zeros((0, 3)), 0)) == []


def test_calendar() -> None:
    for period, first, last in (
        (DAY, "2024-02-29", "2024-02-29"),
        (WEEK, "2024-02-26", "2024-03-03"),
        (MONTH, "2024-02-01", "2024-02-29"),
    ):
        number = number_of(period, datetime.date(2024, 2, 29))
        assert (str(start_of(period, number)), str(end_of(period, number))) == (first, last)
        assert number_of(period, end_of(period, number) + datetime.timedelta(1)) == number + 1
    assert start_of(WEEK, number_of(WEEK, datetime.date(2021, 1, 1))).isocalendar()[:2] == (2020, 53)


# In words


def change_of(**values: Any) -> Change:
    given: dict[str, Any] = {
        "period": DAY, "start": datetime.date(2025, 3, 4), "kind": "themes", "measure": "price", "direction": "rose",
        "share": 0.14, "count": 1400, "of": 10_000, "baseline_share": 0.0849, "baseline_count": 1, "baseline_of": 2,
        "baseline_periods": 28, "baseline_span": 28, "dispersion": 1.23456, "t": 7.65432, "p": 1.23456e-7,
    }  # fmt: skip
    return Change(**(given | values))


def test_a_change_in_one_sentence() -> None:
    assert sentence(change_of()) == (
        "El 04/03/2025 subió el tema «Precio»: 14,0 % de los comentarios (1.400 de 10.000), contra 8,5 % en los 28 días"
        " anteriores."
    )
    assert sentence(change_of(), "en") == (
        "On 4 March 2025 the theme “Price” rose: 14.0% of the comments (1,400 of 10,000), against 8.5% in the 28 days"
        " before."
    )
    fell = change_of(
        kind="emotions", measure="anger", direction="fell", period=WEEK, baseline_span=8, baseline_periods=5
    )
    assert sentence(fell).startswith("En la semana del 04/03/2025 bajó la emoción «enojo»: ")
    assert sentence(fell).endswith(" en 5 de las 8 semanas anteriores.")
    assert sentence(fell, "en").startswith("In the week of 4 March 2025 the emotion “anger” fell: ")
    assert sentence(fell, "en").endswith(" in 5 of the 8 weeks before.")
    month = change_of(kind="duplicates", measure="duplicates", period=MONTH, baseline_span=6, baseline_periods=6)
    assert sentence(month).startswith("En marzo de 2025 subió la parte de comentarios duplicados: 14,0 %")
    assert sentence(month, "en").startswith("In March 2025 the share of duplicate comments rose: ")
    assert sentence(month, "en").endswith(" in the 6 months before.")


def test_themes_of_another_taxonomy_and_other_languages() -> None:
    named = change_of(measure="pago_movil")
    assert "«pago movil»" in sentence(named)
    assert "«Pagos»" in sentence(named, theme_names={"pago_movil": "Pagos"})
    with pytest.raises(SettingError, match="there is no language 'gn'; there are: es, en"):
        sentence(named, "gn")


def test_a_change_as_data() -> None:
    assert change_of().to_dict() == {
        "period": "day", "start": "2025-03-04", "kind": "themes", "measure": "price", "direction": "rose",
        "share": 0.14, "count": 1400, "of": 10_000, "baseline_share": 0.0849, "baseline_count": 1, "baseline_of": 2,
        "baseline_periods": 28, "baseline_span": 28, "dispersion": 1.235, "t": 7.654, "p": 1.23e-07,
    }  # fmt: skip
