"""The charts of the summary sheet; their numbers are those of the other sheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.analysis.report.book.tables import Grid
from include.analysis.report.cells import title_text
from include.analysis.report.content import Content
from include.analysis.report.figures import IN_ORDER

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

COLOURS = {
    "anger": "#B83A00",
    "disgust": "#7A1F5C",
    "fear": "#B565C9",
    "sadness": "#004488",
    "neutral": "#8A9199",
    "surprise": "#C28A00",
    "joy": "#0B7A5A",
}
ACCENT = "#2F5F8F"
FIRST_COLUMN, FIRST_ROW = 4, 3
WIDTH, HEIGHT, GAP = 520, 330, 12
LINES_SHOWN = 4
UPRIGHT: dict[str, Any] = {
    "reverse": True,
    "line": {"none": True},
    "major_tick_mark": "none",
    "interval_unit": 1,
    "num_font": {"size": 8},
}


@dataclass(frozen=True)
class SummaryCharts:
    """Charts of what `places` says: by key the name of a sheet and the table that begins at its first cell."""

    book: Workbook
    content: Content
    places: Mapping[str, tuple[str, Grid]]

    def insert(self, sheet: Worksheet) -> None:
        """Put the charts beside the figures, two in a row."""
        for i, chart in enumerate(self.charts()):
            place = {"x_offset": i % 2 * (WIDTH + GAP), "y_offset": i // 2 * (HEIGHT + GAP), "object_position": 3}
            sheet.insert_chart(FIRST_ROW, FIRST_COLUMN, chart, place)

    def charts(self) -> Iterator[Chart]:
        t = self.content.t
        if "emotions" in self.places:
            yield self.emotions()
        if "themes" in self.places:
            yield self.bars("themes", 1, t("section.themes"), "#,##0")
            if self.content.figures.split:
                yield self.stacked()
        if "time" in self.places and self.content.figures.split and len(self.places["time"][1].rows) > 1:
            yield self.lines()
        if "scores" in self.places:
            column = self.places["scores"][1].head[0]
            yield self.columns("scores", 1, t("scores.histogram", column=column))
        if "themes" in self.places and self.content.figures.scores:
            grid = self.places["themes"][1]
            title = t("scores.by_theme", column=self.content.figures.scores.column)
            yield self.bars("themes", len(grid.head) - 1, title, "0.0")

    def _series(self, key: str, column: int, colour: str, **more: Any) -> dict[str, Any]:
        """A column of a table as a series; the first column has its categories."""
        name, grid = self.places[key]
        last = len(grid.rows)
        return {
            "name": [name, 0, column],
            "categories": [name, 1, 0, last, 0],
            "values": [name, 1, column, last, column],
            "fill": {"color": colour},
            "border": {"none": True},
            **more,
        }

    def _finished(self, chart: Chart, title: str, legend: str | None = None) -> Chart:
        chart.set_title(
            {"name": title_text(title), "name_font": {"size": 12, "bold": True, "color": "#1C2127"}, "overlay": False}
        )
        chart.set_legend({"position": legend} if legend else {"none": True})
        chart.set_size({"width": WIDTH, "height": HEIGHT})
        chart.set_chartarea({"border": {"color": "#D9DDE2"}})
        return chart

    def emotions(self) -> Chart:
        t, grid = self.content.t, self.places["emotions"][1]
        chart = self.book.add_chart({"type": "bar"})
        by_name = {t.emotion(emotion): colour for emotion, colour in COLOURS.items()}
        points = [{"fill": {"color": by_name[row[0]]}} for row in grid.rows]
        labels = {"value": True, "num_format": "#,##0"}
        chart.add_series(self._series("emotions", 1, ACCENT, points=points, data_labels=labels, gap=45))
        self._upright(chart)
        return self._finished(chart, t("section.emotions"))

    def bars(self, key: str, column: int, title: str, numbers: str) -> Chart:
        chart = self.book.add_chart({"type": "bar"})
        labels = {"value": True, "num_format": numbers}
        chart.add_series(self._series(key, column, ACCENT, data_labels=labels, gap=45))
        self._upright(chart)
        return self._finished(chart, title)

    @staticmethod
    def _upright(chart: Chart) -> None:
        """The first category on top, no gridlines: each bar has its number."""
        chart.set_y_axis(UPRIGHT)
        chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0})

    def stacked(self) -> Chart:
        t, grid = self.content.t, self.places["themes"][1]
        chart = self.book.add_chart({"type": "bar", "subtype": "percent_stacked"})
        for emotion in IN_ORDER:
            chart.add_series(self._series("themes", grid.head.index(t.emotion(emotion)), COLOURS[emotion], gap=35))
        chart.set_y_axis(UPRIGHT)
        grey = {"visible": True, "line": {"color": "#D9DDE2"}}
        chart.set_x_axis(
            {"num_format": "0%", "major_gridlines": grey, "line": {"none": True}, "label_position": "high"}
        )
        return self._finished(chart, t("section.cross"), "bottom")

    def lines(self) -> Chart:
        t, grid, split = self.content.t, self.places["time"][1], self.content.figures.split
        assert split is not None
        chart = self.book.add_chart({"type": "line"})
        for emotion in sorted(COLOURS, key=lambda e: -split.counts[e])[:LINES_SHOWN]:
            if split.counts[emotion]:
                line = {"color": COLOURS[emotion], "width": 2.25}
                chart.add_series(self._series("time", grid.head.index(t.emotion(emotion)), COLOURS[emotion], line=line))
        grey = {"visible": True, "line": {"color": "#D9DDE2"}}
        chart.set_y_axis({"num_format": "0%", "major_gridlines": grey, "line": {"none": True}, "min": 0})
        formats = {"month": "mmm yyyy", "year": "yyyy"}
        timeline = self.content.figures.timeline
        number_format = formats.get(timeline.unit if timeline else "", t("workbook.date_format"))
        chart.set_x_axis({"date_axis": True, "num_format": number_format, "num_font": {"rotation": -45}})
        return self._finished(chart, t("section.time"), "bottom")

    def columns(self, key: str, column: int, title: str) -> Chart:
        chart = self.book.add_chart({"type": "column"})
        chart.add_series(self._series(key, column, ACCENT, gap=35))
        grey = {"visible": True, "line": {"color": "#D9DDE2"}}
        chart.set_y_axis({"num_format": "#,##0", "major_gridlines": grey, "line": {"none": True}, "min": 0})
        return self._finished(chart, title)
