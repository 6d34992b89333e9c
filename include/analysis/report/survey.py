"""One pass over the annotated rows, in which everything is counted that needs one."""

from __future__ import annotations

from dataclasses import dataclass

from include.analysis.dates import DayOrder, read_dates
from include.analysis.report.book.sheet_plan import SheetPlan
from include.analysis.report.examples import ExampleChoice
from include.analysis.report.stored import StoredRun
from include.analysis.report.tally import Tally


@dataclass(frozen=True)
class Survey:
    """What was found in the rows: counts, candidates for examples, and how a sheet of them has to be laid out."""

    tally: Tally
    examples: ExampleChoice
    sheet: SheetPlan


def survey(run: StoredRun) -> Survey:
    """Read all rows once; the column of dates twice, as it tells only as a whole whether months come first."""
    date, order = run.columns.date, DayOrder()
    if date is not None:
        for table in run.tables([date]):
            order.add(read_dates(table[date]))
    month_first = order.month_first
    tally = Tally(run.columns, run.answers, month_first)
    examples, sheet = ExampleChoice(), SheetPlan(run.schema, run.own_columns, run.columns, month_first)
    for table in run.tables():
        facts = tally.add(table)
        examples.add(table, facts, run.columns.text)
        sheet.add(table)
    return Survey(tally, examples, sheet)
