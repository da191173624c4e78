"""Rows of scores as tables: text cells, the head first."""

import math
from collections.abc import Sequence

from napari_morphogen.helping.messages import Row
from napari_morphogen.helping.verdict import means

HEAD = ["learnt from", "seed", "AP@0.5", "AP@0.7", "real", "synthetic", "scored"]


def table_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Return a table of all rows.

    Parameters
    ----------
    rows : sequence of Row
        Of any number of seeds.
    """
    return [HEAD] + [
        [
            row.arm,
            str(row.seed),
            f"{row.ap50:.3f}",
            f"{row.ap70:.3f}",
            str(row.real),
            str(row.synthetic),
            str(row.scored),
        ]
        for row in rows
    ]


def summary_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Return a table of means with their spread over the seeds, a row for each arm.

    Parameters
    ----------
    rows : sequence of Row
        Of any number of seeds.

    Examples
    --------
    >>> summary_rows([Row("real", 0, 0.5, 0.25, 5, 0, 9)])[1]
    ['real', '0.500', '0.250', '1']
    """
    table = [["learnt from", "AP@0.5", "AP@0.7", "seeds"]]
    for arm in dict.fromkeys(row.arm for row in rows):
        one, first, two, second = means(rows, arm)
        seeds = sum(row.arm == arm for row in rows)
        table.append([arm, _around(one, first), _around(two, second), str(seeds)])
    return table


def _around(mean: float, spread: float) -> str:
    return f"{mean:.3f}" if math.isnan(spread) else f"{mean:.3f} ± {spread:.3f}"
