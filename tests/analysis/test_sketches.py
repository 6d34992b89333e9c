"""MinHash values of texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from include.analysis.sketches import sketches
from tests.analysis.test_similar import BASES

FIRST_SKETCH = [3034278355117516482, 5163974741181845029]


def test_sketches_depend_on_the_text_alone() -> None:
    together = sketches(pa.array(BASES))
    assert np.array_equal(together, np.concatenate([sketches(pa.array([text])) for text in BASES]))
    # Values of this package on every machine: parts that were made elsewhere can be compared.
    assert together[0, :2].tolist() == FIRST_SKETCH
