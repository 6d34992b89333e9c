"""Stars: groups in a graph around the nodes of most neighbours.

Aslam, Pelekhov and Rus, "The star clustering algorithm" (2004): the node of most neighbours and these are a group, then
what is left. So every node of a group is a neighbour of its centre, no chain of small steps leads away from it, and the
groups follow from the graph alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from include.analysis.arrays import Flags, Integers, different, unpaired

Numbers = npt.NDArray[np.int32]


def stars(near: Integers) -> tuple[Integers, Integers]:
    """The nodes of the graph of these pairs (see `arrays.paired`) that are no centres, ascending; and their centres."""
    nodes = different(np.concatenate(unpaired(near)))
    if not len(nodes):
        return nodes, nodes
    left, right = (np.searchsorted(nodes, ends).astype(np.int32) for ends in unpaired(near))
    count = len(nodes)
    numbers = np.arange(count, dtype=np.int32)
    of_rank = np.lexsort((numbers, -np.bincount(left, minlength=count) - np.bincount(right, minlength=count)))
    rank = np.empty_like(numbers)
    rank[of_rank] = numbers
    is_centre = _centres(left, right, rank)
    first = np.where(is_centre, rank, np.int32(count))
    for some, others in _both_ways(left, right):
        by_centre = is_centre[others]
        np.minimum.at(first, some[by_centre], rank[others[by_centre]])
    centre_of = of_rank[first]
    members = np.flatnonzero(centre_of != numbers)
    return nodes[members], nodes[centre_of[members]]


def _centres(left: Numbers, right: Numbers, rank: Numbers) -> Flags:
    """Which nodes a walk through all of them, in the order of their ranks, finds to be neighbours of no centre.

    All that come before every undecided neighbour are found at once.
    """
    undecided = np.ones(len(rank), bool)
    is_centre = np.zeros(len(rank), bool)
    while undecided.any():
        before = np.full(len(rank), len(rank), np.int32)
        for some, others in _both_ways(left, right):
            np.minimum.at(before, some, rank[others])
        new = undecided & (rank < before)
        is_centre |= new
        undecided &= ~new
        for some, others in _both_ways(left, right):
            undecided[others[new[some]]] = False
        kept = undecided[left] & undecided[right]
        left, right = left[kept], right[kept]
    return is_centre


def _both_ways(left: Numbers, right: Numbers) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    return (left, right), (right, left)
