"""`make evaluate`: print how well the analyses agree with a reader; the exit status is 1 where a goal is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evaluation import emotions, model, near_duplicates, themes


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate everything."""
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument(
        "--differences",
        nargs="+",
        default=[],
        metavar="ROUND",
        help="list the comments of these rounds' dev halves on which analyser and reader differ",
    )
    shown = parser.parse_args(argv).differences
    goals = [*model.evaluate(), *emotions.evaluate(shown), *themes.evaluate(shown), *near_duplicates.evaluate()]
    print(*goals, sep="\n")
    return 0 if all(goal.met for goal in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
