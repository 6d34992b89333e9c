"""Builds everything that people read, from the results in a run folder; the analyses are not done again."""

from __future__ import annotations

from pathlib import Path

from include.analysis.files import complete_file
from include.analysis.memory import release_unused
from include.analysis.report.book.workbook import write_workbook
from include.analysis.report.content import Content
from include.analysis.report.figures import figures_of, theme_names
from include.analysis.report.language import Language
from include.analysis.report.options import ReportOptions
from include.analysis.report.page import render
from include.analysis.report.stored import StoredRun
from include.analysis.report.survey import survey
from include.analysis.report.trends import read_trends
from include.analysis.report.unique import UniqueFiles


def build(folder: Path, options: ReportOptions | None = None) -> list[Path]:
    """Write the report, the workbook and the deduplicated file into the folder of a run; returns what was written.

    Each file is there whole or not at all, and the same results always give the same bytes.

    Raises UserError when the folder does not hold the results of a run.
    """
    options = options or ReportOptions()
    run = StoredRun.load(folder, options.mask_personal_data)
    found = survey(run)
    language = Language.load(options.language)
    names = theme_names(run, found.tally, language)
    figures = figures_of(run, found.tally, names)
    content = Content(run, figures, found.examples, read_trends(options.trends), options, language)
    page, workbook = folder / "report.html", folder / "report.xlsx"
    with complete_file(page) as temporary:
        temporary.write_text(render(content), encoding="utf-8")
    release_unused()
    with complete_file(workbook) as temporary:
        write_workbook(temporary, content, found.sheet)
    release_unused()
    return [page, workbook, *UniqueFiles(run, options.keep).write()]
