"""What rose or fell beyond chance: the share of a measure in a day, week or month against the periods before it.

The baseline of a day are the 28 days before it, that of a week the 8 weeks, that of a month the 6 months, as far as the
history has them. For each measure, with x of n comments in the period and X of N in the k baseline periods:

- Shares vary from day to day by more than chance alone (weekdays, campaigns). How much more is estimated from the
  baseline: Pearson's chi-square of its k shares against their common share, divided by k - 1, and at least 1. It
  multiplies the variance of a binomial count (quasi-likelihood: McCullagh & Nelder, Generalized Linear Models, 2nd
  edition 1989, section 4.5).
- The difference of the shares is divided by its standard deviation, in two ways: as the score test does, with the
  share of all n + N comments, and on the arcsine scale, which steadies the variance of a proportion (Freeman & Tukey,
  Annals of Mathematical Statistics 21, 1950, 607-611). Where counts are large both say the same. Where they are small,
  the first is too eager with rises and the second with falls; the one nearer to zero is taken.
- As the dispersion is an estimate, p comes from Student's t with k - 1 degrees of freedom, both sides (McCullagh &
  Nelder, as above).
- All measures of a period are tested together; those told keep the false discovery rate (Benjamini & Hochberg, Journal
  of the Royal Statistical Society B 57, 1995, 289-300) at `Rules.false_discovery_rate`.
- Then what is smaller than worth telling is left out.

Not tested is what has too little to go by: fewer than 5 comments expected in the period (Cochran, Biometrics 10, 1954,
417-451) unless 10 were counted, which is how something new shows; a baseline of fewer than 7 days, 4 weeks or 3 months;
a week or month that is not over, or that has less than three quarters of the days of the fullest it would be compared
with. Periods are compared where the same version of the analysis read them, with the same lexicon or taxonomy: the
others drop out of the baseline.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from include.analysis.arrays import Flags, Integers
from include.analysis.periods import DAY, MONTH, REPEATS, WEEK, WITH_TEXT, WITHOUT_VERSION, Series

Floats = npt.NDArray[np.float64]

UNTESTED = frozenset({WITH_TEXT.kind, REPEATS.kind})
"""How many comments repeat earlier days' depends on how far back the history goes, so it is not a share to compare."""

SMALLEST_P = 1e-15
"""A p below this cannot be told from it: it is one minus a sum of order one."""

ROSE, FELL = "rose", "fell"


class Baseline(NamedTuple):
    """How many periods before one are its baseline, and how many of them there have to be."""

    span: int
    least: int


BASELINES = {DAY: Baseline(28, 7), WEEK: Baseline(8, 4), MONTH: Baseline(6, 3)}


@dataclass(frozen=True)
class Rules:
    """When a difference is told. `minimal_change` is of shares: 0.01 is one percentage point."""

    minimal_change: float = 0.01
    false_discovery_rate: float = 0.01
    expected: float = 5
    counted: int = 10
    coverage: float = 0.75
    baselines: Mapping[str, Baseline] = field(default_factory=lambda: dict(BASELINES))

    def to_dict(self) -> dict[str, Any]:
        """Everything, fit for JSON."""
        baselines = {period: baseline._asdict() for period, baseline in self.baselines.items()}
        return {**{key: value for key, value in vars(self).items() if key != "baselines"}, "baselines": baselines}


@dataclass(frozen=True)
class Change:
    """A measure whose share of the comments rose or fell in a period.

    `count` of `of` comments are `share`; `baseline_` the same for the `baseline_periods` that there are of the
    `baseline_span` periods before. `dispersion` is by how much their shares vary more than by chance; `t` is the
    difference in standard deviations and `p` the chance of one as large.
    """

    period: str
    start: datetime.date
    kind: str
    measure: str
    direction: str
    share: float
    count: int
    of: int
    baseline_share: float
    baseline_count: int
    baseline_of: int
    baseline_periods: int
    baseline_span: int
    dispersion: float
    t: float
    p: float

    def to_dict(self) -> dict[str, Any]:
        """Everything, rounded, fit for JSON."""
        rounded = {
            "share": round(self.share, 6),
            "baseline_share": round(self.baseline_share, 6),
            "dispersion": round(self.dispersion, 3),
            "t": round(self.t, 3),
            "p": float(f"{self.p:.3g}"),
        }
        return {**asdict(self), "start": self.start.isoformat(), **rounded}


@dataclass(frozen=True)
class Comparison:
    """Every measure in every period against its baseline, arrays of shape (periods, measures); see `Change`.

    `p` is 1 where `tested` is false.
    """

    tested: Flags
    share: Floats
    baseline_share: Floats
    baseline_count: Integers
    baseline_of: Integers
    baseline_periods: Integers
    dispersion: Floats
    t: Floats
    p: Floats


@dataclass
class Sums:
    """Of the baseline of every measure in every period: how many periods, sums of counts, of comments and of
    count**2 / comments."""

    periods: Integers
    count: Integers
    of: Integers
    squares: Floats


def changes(series: Series, rules: Rules | None = None) -> list[Change]:
    """What rose or fell, in the order of the periods and in each the greatest difference first."""
    rules = rules or Rules()
    found = compare(series, rules)
    told = discoveries(found.p, found.tested, rules.false_discovery_rate)
    told &= np.abs(found.share - found.baseline_share) >= rules.minimal_change
    changed = [_change(series, found, rules, row, column) for row, column in np.argwhere(told).tolist()]
    return sorted(changed, key=lambda one: (one.start, -abs(one.share - one.baseline_share), one.kind, one.measure))


def _change(series: Series, found: Comparison, rules: Rules, row: int, column: int) -> Change:
    share, baseline_share = float(found.share[row, column]), float(found.baseline_share[row, column])
    return Change(
        period=series.period,
        start=series.start(row),
        kind=series.measures[column].kind,
        measure=series.measures[column].name,
        direction=ROSE if share > baseline_share else FELL,
        share=share,
        count=int(series.counts[row, column]),
        of=int(series.of[row, column]),
        baseline_share=baseline_share,
        baseline_count=int(found.baseline_count[row, column]),
        baseline_of=int(found.baseline_of[row, column]),
        baseline_periods=int(found.baseline_periods[row, column]),
        baseline_span=rules.baselines[series.period].span,
        dispersion=float(found.dispersion[row, column]),
        t=float(found.t[row, column]),
        p=float(found.p[row, column]),
    )


def compare(series: Series, rules: Rules) -> Comparison:
    """Test every measure in every period against its baseline (see the top of this module)."""
    baseline, sums = rules.baselines[series.period], baseline_sums(series, rules)
    x, n, big_x, big_n = (values.astype(float) for values in (series.counts, series.of, sums.count, sums.of))
    share, before, together = _ratio(x, n), _ratio(big_x, big_n), _ratio(x + big_x, n + big_n)
    dispersion = dispersions(sums)
    one = np.ones_like(n)
    spread: Floats = np.sqrt(dispersion * (_ratio(one, n) + _ratio(one, big_n)))
    deviation: Floats = spread * np.sqrt(together * (1 - together))
    angle: Floats = 2 * (np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(before)))
    score, arcsine = _ratio(share - before, deviation), _ratio(angle, spread)
    t = np.where(np.abs(score) < np.abs(arcsine), score, arcsine)
    tested = (n * together >= rules.expected) | (x >= rules.counted)
    tested &= (n > 0) & (sums.periods >= max(2, baseline.least)) & _over(series, rules)[:, None]
    tested &= np.array([measure.kind not in UNTESTED for measure in series.measures], bool)
    p = np.ones_like(t)
    p[tested] = two_sided_p(t[tested], sums.periods[tested] - 1)
    return Comparison(tested, share, before, sums.count, sums.of, sums.periods, dispersion, t, p)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Division, with 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def baseline_sums(series: Series, rules: Rules) -> Sums:
    """The sums over the baseline of every measure in every period."""
    shape = series.counts.shape
    sums = Sums(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape))
    squares = _ratio(series.counts.astype(float) ** 2, series.of.astype(float))
    enough = rules.coverage * _fullest(series, rules)
    for earlier, there in _earlier(series, rules):
        use = (there & (series.days[earlier] >= enough))[:, None] & (series.of[earlier] > 0)
        use &= (series.versions[earlier] == series.versions) & (series.versions != WITHOUT_VERSION)
        sums.periods += use
        sums.count += np.where(use, series.counts[earlier], 0)
        sums.of += np.where(use, series.of[earlier], 0)
        sums.squares += np.where(use, squares[earlier], 0)
    return sums


def _earlier(series: Series, rules: Rules) -> Iterator[tuple[Integers, Flags]]:
    """For each distance within the baseline: the index of the period that far before each one, if there is one."""
    last = max(len(series.numbers) - 1, 0)
    for distance in range(1, rules.baselines[series.period].span + 1):
        found = np.minimum(np.searchsorted(series.numbers, series.numbers - distance), last)
        yield found, series.numbers[found] == series.numbers - distance


def _fullest(series: Series, rules: Rules) -> Integers:
    """The most days that a period or one of its baseline has."""
    fullest = series.days.copy()
    for earlier, there in _earlier(series, rules):
        fullest = np.maximum(fullest, np.where(there, series.days[earlier], 0))
    return fullest


def _over(series: Series, rules: Rules) -> Flags:
    """Which periods are over and have enough of their days."""
    over: Flags = series.over & (series.days >= rules.coverage * _fullest(series, rules))
    return over


def dispersions(sums: Sums) -> Floats:
    """Pearson's chi-square of the baseline's shares by its degrees of freedom, at least 1."""
    count, of = sums.count.astype(float), sums.of.astype(float)
    share = _ratio(count, of)
    chi_square = _ratio(sums.squares - count * share, share * (1 - share))
    degrees: Floats = sums.periods.astype(float) - 1
    return np.maximum(1.0, _ratio(chi_square, degrees))


def two_sided_p(t: Floats, degrees: Integers) -> Floats:
    """The chance that Student's t of as many degrees of freedom (1 or more) is as far from 0 as `t`; 1-d arrays.

    The finite sums of Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. What is below
    SMALLEST_P is given as that.
    """
    within = np.zeros_like(t)
    for n in np.unique(degrees).tolist():
        these = degrees == n
        within[these] = _within(np.arctan(np.abs(t[these]) / math.sqrt(n)), n)
    return np.clip(1 - within, SMALLEST_P, 1.0)


def _within(angle: Floats, n: int) -> Floats:
    """The chance that Student's t of n degrees of freedom is nearer to 0 than sqrt(n) * tan(angle)."""
    odd = n % 2
    term = np.cos(angle) if odd else np.ones_like(angle)
    total = np.zeros_like(angle)
    for i in range(n // 2):
        if i:
            term = term * np.cos(angle) ** 2 * ((2 * i) / (2 * i + 1) if odd else (2 * i - 1) / (2 * i))
        total = total + term
    found: Floats = (angle + np.sin(angle) * total) * 2 / math.pi if odd else np.sin(angle) * total
    return found


def discoveries(p: Floats, tested: Flags, rate: float) -> Flags:
    """Which tests are told so that of those told in a row at most `rate` are expected to be false.

    The step-up procedure of Benjamini & Hochberg in each row: with m tests, the largest i for which the i-th smallest p
    is at most rate * i / m; it and all smaller ones are told.
    """
    held = np.where(tested, p, np.inf)
    ordered = np.sort(held, axis=1)
    ranks = np.arange(1, p.shape[1] + 1)
    below = ordered <= rate * ranks / np.maximum(tested.sum(axis=1), 1)[:, None]
    limit = np.max(np.where(below, ordered, -np.inf), axis=1, initial=-np.inf)
    told: Flags = held <= limit[:, None]
    return told
