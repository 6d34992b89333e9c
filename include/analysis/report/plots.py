"""Plots as inline SVG. Widths are percentages and heights pixels: a plot fits any screen, its words keep their size.

Colours come from the style sheet by class (`c-anger`), which knows dark mode and print. Nothing here needs JavaScript
or an inline style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

LINES_TOP, LINES_HEIGHT = 14, 170
VOLUME_TOP, VOLUME_HEIGHT = 204, 44
AXIS_HEIGHT = 24
COLUMNS_HEIGHT = 150
SPARK_HEIGHT = 30
TICKS = 8
_LABELLED_SEGMENT = 0.13  # of the width; a narrower one has no room for its percentage
_LEAST_SPREAD = 0.4
_GRIDS = (0.05, 0.1, 0.2, 0.25, 0.5)


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar: its colour, its share of the whole, what it says inside and when pointed at."""

    colour: str
    share: float
    label: str
    title: str


@dataclass(frozen=True)
class Line:
    """A line of a plot over time: its colour, its name, its values (None: there is none)."""

    colour: str
    name: str
    values: Sequence[float | None]


def bar(share: float, colour: str, mark: float | None = None) -> Markup:
    """One horizontal bar that fills a share of the width; `mark` is where a line is drawn across it."""
    line = _tag("line", {"class": "mark", "x1": _pc(mark), "x2": _pc(mark), "y1": 0, "y2": "100%"}) if mark else ""
    width = max(share, 0.004) if share else 0
    return _svg("bar", f"{_rect(colour, 0, width)}{line}")


def stacked(segments: Iterable[Segment]) -> Markup:
    """One horizontal bar cut into segments."""
    drawn, start = [], 0.0
    for segment in segments:
        if segment.share <= 0:
            continue
        title = f"<title>{escape(segment.title)}</title>"
        drawn.append(_rect(segment.colour, start, segment.share, title))
        if segment.share >= _LABELLED_SEGMENT:
            place = {"class": f"on {segment.colour}-on", "x": _pc(start + segment.share / 2), "y": "50%"}
            drawn.append(_tag("text", place, str(escape(segment.label))))
        start += segment.share
    return _svg("stack", "".join(drawn))


def columns(bars: Sequence[tuple[str, str, float, str]], alt: str) -> Markup:
    """Vertical columns: for each its label, its colour, its height (of 1 at most) and what stands on top of it."""
    slot = 1 / len(bars)
    drawn = []
    for i, (label, colour, height, top) in enumerate(bars):
        middle = _pc((i + 0.5) * slot)
        pixels = round(height * (COLUMNS_HEIGHT - 18), 1)
        base = COLUMNS_HEIGHT
        rect = {"class": colour, "x": _pc((i + 0.12) * slot), "width": _pc(slot * 0.76), "y": base - pixels}
        drawn.append(_tag("rect", {**rect, "height": pixels, "rx": 2}))
        drawn.append(_tag("text", {"class": "value", "x": middle, "y": base - pixels - 5}, str(escape(top))))
        drawn.append(_tag("text", {"class": "tick", "x": middle, "y": base + 16}, str(escape(label))))
    drawn.append(_tag("line", {"class": "base", "x1": 0, "x2": "100%", "y1": COLUMNS_HEIGHT, "y2": COLUMNS_HEIGHT}))
    return _svg("columns", "".join(drawn), alt, COLUMNS_HEIGHT + AXIS_HEIGHT)


@dataclass(frozen=True)
class OverTime:
    """Lines over periods, and below them how much there is in each period."""

    lines: Sequence[Line]
    volumes: Sequence[float]
    ticks: Sequence[str]
    names: Sequence[str]  # of the periods, as they are pointed at
    format: Callable[[float], str]
    volume_format: Callable[[float], str]
    volume_name: str

    @property
    def top(self) -> float:
        """What the highest gridline stands for."""
        highest = max((v for line in self.lines for v in line.values if v is not None), default=0.0)
        step = self.step(highest)
        return step * max(1, -(-highest // step))

    @staticmethod
    def step(highest: float) -> float:
        return next((grid for grid in _GRIDS if highest / grid <= 5), _GRIDS[-1])

    def draw(self, alt: str) -> tuple[Markup, Markup]:
        """The axis and the plot."""
        step, top = self.step(self.top), self.top
        grid = [(step * i, self._y(step * i)) for i in range(round(top / step) + 1)]
        axis = [_tag("text", {"x": "100%", "y": y + 4, "class": "axis"}, self.format(v)) for v, y in grid]
        volume = self.volume_format(max(self.volumes))
        axis.append(_tag("text", {"x": "100%", "y": VOLUME_TOP + 9, "class": "axis"}, volume))
        lines = [_tag("line", {"class": "grid", "x1": 0, "x2": "100%", "y1": y, "y2": y}) for _, y in grid]
        drawn = "".join([*lines, *map(self._polyline, self.lines), *self._points(), *self._volumes(), *self._ticks()])
        height = VOLUME_TOP + VOLUME_HEIGHT + AXIS_HEIGHT
        return _svg("y-axis", "".join(axis), None, height), _svg("lines", drawn, alt, height)

    def _y(self, value: float) -> float:
        return round(LINES_TOP + LINES_HEIGHT * (1 - value / self.top), 1)

    def _x(self, i: int) -> float:
        return (i + 0.5) / len(self.ticks)

    def _polyline(self, line: Line) -> str:
        points = [(self._x(i), self._y(v)) for i, v in enumerate(line.values) if v is not None]
        return _stretched(points, line.colour, LINES_TOP + LINES_HEIGHT)

    def _points(self) -> list[str]:
        drawn = []
        for line in self.lines:
            for i, value in enumerate(line.values):
                if value is not None:
                    title = f"<title>{escape(f'{line.name}, {self.names[i]}: {self.format(value)}')}</title>"
                    place = {"class": line.colour, "cx": _pc(self._x(i)), "cy": self._y(value), "r": 2.5}
                    drawn.append(_tag("circle", place, title))
        return drawn

    def _volumes(self) -> list[str]:
        most, slot = max(self.volumes), 1 / len(self.ticks)
        drawn = []
        for i, volume in enumerate(self.volumes):
            height = round(VOLUME_HEIGHT * volume / most, 1) if most else 0
            title = f"<title>{escape(f'{self.volume_name}, {self.names[i]}: {self.volume_format(volume)}')}</title>"
            place = {"class": "volume", "x": _pc((i + 0.15) * slot), "width": _pc(slot * 0.7)}
            drawn.append(_tag("rect", {**place, "y": VOLUME_TOP + VOLUME_HEIGHT - height, "height": height}, title))
        return drawn

    def _ticks(self) -> list[str]:
        drawn = []
        y = VOLUME_TOP + VOLUME_HEIGHT + 17
        for order, i in enumerate(spread(len(self.ticks), TICKS)):
            at_the_end = len(self.ticks) > TICKS and i == len(self.ticks) - 1
            anchor, x = ("end", 1.0) if at_the_end else ("middle", self._x(i))
            wide = " wide" if order % 2 else ""
            place = {"class": f"tick {anchor}{wide}", "x": _pc(x), "y": y}
            drawn.append(_tag("text", place, str(escape(self.ticks[i]))))
        return drawn


def sparkline(values: Sequence[float | None], colour: str, alt: str) -> Markup:
    """A small line without axes; its last value has a point."""
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    # What hardly changes looks flat: the height is at least a good part of the values themselves.
    room = max(max(known) - min(known), _LEAST_SPREAD * max(map(abs, known))) or 1.0
    low = (max(known) + min(known) - room) / 2

    def x(i: int) -> float:
        return 0.01 + 0.98 * i / max(1, len(values) - 1)

    def y(value: float) -> float:
        return round(SPARK_HEIGHT - 3 - (SPARK_HEIGHT - 6) * (value - low) / room, 1)

    points = [(x(i), y(value)) for i, value in enumerate(values) if value is not None]
    last = _tag("circle", {"class": colour, "cx": _pc(points[-1][0]), "cy": points[-1][1], "r": 2.5})
    return _svg("spark", _stretched(points, colour, SPARK_HEIGHT) + last, alt, SPARK_HEIGHT)


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` of `count` positions, evenly apart from the first on."""
    return list(range(0, count, -(-count // wanted)))


def _stretched(points: Sequence[tuple[float, float]], colour: str, height: float) -> str:
    """A line as wide as there is room; its points are a share of the width and pixels."""
    path = " ".join(f"{1000 * x:.1f},{y:.1f}" for x, y in points)
    box = {"viewBox": f"0 0 1000 {height}", "preserveAspectRatio": "none", "width": "100%", "height": height}
    return _tag("svg", box, _tag("polyline", {"class": f"line {colour}-line", "points": path}))


def _svg(kind: str, inner: str, alt: str | None = None, height: float | None = None) -> Markup:
    said = f'role="img" aria-label="{escape(alt)}"' if alt else 'aria-hidden="true"'
    size = f' height="{height}"' if height else ""
    return Markup(f'<svg class="{kind}" width="100%"{size} {said}>{inner}</svg>')  # noqa: S704


def _rect(colour: str, start: float, width: float, inner: str = "") -> str:
    place = {"class": colour, "x": _pc(start), "width": _pc(width), "height": "100%"}
    return _tag("rect", place, inner)


def _tag(name: str, attributes: Mapping[str, object], inner: str = "") -> str:
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def _pc(share: float | None) -> str:
    return f"{100 * (share or 0):.3f}".rstrip("0").rstrip(".") + "%"
