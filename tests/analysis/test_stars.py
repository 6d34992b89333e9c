"""Stars in a graph of pairs."""

from __future__ import annotations

import random

import numpy as np

from include.analysis.stars import stars


def test_stars_take_the_form_with_most_near_ones_first_and_the_first_of_equals() -> None:
    pairs = np.array([(0 << 32) | 1, (1 << 32) | 2, (2 << 32) | 3, (4 << 32) | 5])
    members, centres = stars(pairs)
    assert (members.tolist(), centres.tolist()) == ([0, 2, 5], [1, 1, 4])


def test_stars_are_those_of_a_walk_one_by_one() -> None:
    chance = random.Random(4)
    for _ in range(50):
        count = chance.randrange(1, 30)
        edges = {tuple(sorted(chance.sample(range(count), 2))) for _ in range(chance.randrange(count * 2)) if count > 1}
        near = np.array(sorted((a << 32) | b for a, b in edges), np.int64)
        found = dict(zip(*(numbers.tolist() for numbers in stars(near)), strict=True))
        assert [found.get(i, i) for i in range(count)] == _walk(edges, count)


def _walk(edges: set[tuple[int, ...]], count: int) -> list[int]:
    friends = {i: {a + b - i for a, b in edges if i in (a, b)} for i in range(count)}
    rank = sorted(range(count), key=lambda i: (-len(friends[i]), i))
    chosen: list[int] = []
    for i in rank:
        if not friends[i] & set(chosen):
            chosen.append(i)
    return [i if i in chosen else next(c for c in chosen if c in friends[i]) for i in range(count)]
