"""Colours can be told apart by colour-blind readers too, and words stand out from what they are on."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from include.analysis.report.book.charts import COLOURS
from include.analysis.report.page import DATA

Colour = npt.NDArray[np.float64]

STYLE = (DATA / "report.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in STYLE.split("@media")[:2])
MODES = {"light": LIGHT, "dark": {**LIGHT, **DARK}}
EMOTIONS = tuple(COLOURS)

# How dichromats see, in linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
SIGHTS = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)
JUST_TOLD_APART = 2.3  # CIE 1976; plots need several times that


def linear(colour: str) -> Colour:
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    found: Colour = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return found


def lab(colour: Colour) -> Colour:
    ratios = TO_XYZ @ np.clip(colour, 0, 1) / WHITE
    x, y, z = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_emotions_are_told_apart(mode: str, sight: str) -> None:
    seen = {emotion: lab(np.array(SIGHTS[sight]) @ linear(MODES[mode][emotion])) for emotion in EMOTIONS}
    distances = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in combinations(EMOTIONS, 2)}
    assert min(distances.values()) > 5 * JUST_TOLD_APART, min(distances.items(), key=lambda one: one[1])


@pytest.mark.parametrize("mode", MODES)
def test_words_stand_out(mode: str) -> None:
    colours = MODES[mode]
    pairs = [(word, ground) for word in ("ink", "soft", "link") for ground in ("page", "card")]
    pairs += [("warn", "warn-back"), ("grave", "grave-back"), *((emotion, f"{emotion}-on") for emotion in EMOTIONS)]
    found = {(one, other): contrast(colours[one], colours[other]) for one, other in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < 4.5} == {}


def test_the_workbook_has_the_colours_of_the_page() -> None:
    assert {emotion: colour.lower() for emotion, colour in COLOURS.items()} == {e: LIGHT[e] for e in EMOTIONS}
