"""What rows of scores say: differences, how sure they are, and a sentence."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from napari_morphogen.helping.messages import REAL, WATERSHED, Row

ENOUGH = 3  # seeds, before which nothing is said
CONFIDENCE = 0.95
WITH, ONLY = f"{REAL} + ", " only"  # what the names of arms begin and end with


class Difference(NamedTuple):
    """How much better one arm is than another, in AP at an IoU of 0.5.

    Attributes
    ----------
    arm, than : str
        What is compared.
    mean : float
        Over the seeds that both have rows of.
    low, high : float
        Ends of the interval of the mean, by Student's t; infinite for one seed.
    seeds : int
        How many.
    """

    arm: str
    than: str
    mean: float
    low: float
    high: float
    seeds: int

    @property
    def words(self) -> str:
        """What it means."""
        if self.seeds < ENOUGH:
            return f"too few seeds to tell; take {ENOUGH} or more"
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no difference beyond the spread"


def with_synthetic(name: str) -> str:
    """Return the name of the arm that learns from real and synthetic pairs."""
    return f"{WITH}{name}"


def only_synthetic(name: str) -> str:
    """Return the name of the arm that learns from synthetic pairs alone."""
    return f"{name}{ONLY}"


def differences(rows: Sequence[Row]) -> list[Difference]:
    """Return what synthetic pairs change: beside real ones, and without any.

    Parameters
    ----------
    rows : sequence of Row
        Of any number of seeds.

    Returns
    -------
    found : list of Difference
        With real pairs against real pairs alone; synthetic pairs alone against the
        watershed, which needs no training.

    Notes
    -----
    Differences are taken seed by seed, between networks that began and were scored
    alike, which takes the chance of both out of the comparison. The interval is
    Student's [1]_.

    References
    ----------
    .. [1] Student, "The probable error of a mean," Biometrika, vol. 6, pp. 1-25,
       1908. DOI 10.1093/biomet/6.1.1

    Examples
    --------
    >>> rows = [Row("real", seed, 0.5, 0.3, 5, 0, 9) for seed in range(3)]
    >>> rows += [Row("real + cells", s, 0.6 + s / 100, 0, 5, 9, 9) for s in range(3)]
    >>> round(differences(rows)[0].mean, 3), differences(rows)[0].words
    (0.11, 'better')
    """
    arms = list(dict.fromkeys(row.arm for row in rows))
    pairs = [(arm, REAL) for arm in arms if arm.startswith(WITH)]
    pairs += [(arm, WATERSHED) for arm in arms if arm.endswith(ONLY)]
    found = [_difference(arm, than, rows) for arm, than in pairs]
    return [one for one in found if one.seeds]


def verdict(rows: Sequence[Row]) -> str:
    """Return in sentences whether synthetic pairs help.

    Parameters
    ----------
    rows : sequence of Row
        Of any number of seeds.

    Examples
    --------
    >>> verdict([Row("real", 0, 0.5, 0.3, 5, 0, 9)])
    'Nothing to compare yet.'
    """
    sentences = [_sentence(one) for one in differences(rows)]
    return "\n".join(sentences) or "Nothing to compare yet."


def means(rows: Sequence[Row], arm: str) -> tuple[float, float, float, float]:
    """Return the mean of AP at 0.5, its spread over the seeds, and both at 0.7.

    Parameters
    ----------
    rows : sequence of Row
        Of all arms.
    arm : str
        Which one.
    """
    table = np.array([(row.ap50, row.ap70) for row in rows if row.arm == arm])
    spread = table.std(axis=0, ddof=1) if len(table) > 1 else np.full(2, math.nan)
    (one, two), (first, second) = table.mean(axis=0).tolist(), spread.tolist()
    return one, first, two, second


def _difference(arm: str, than: str, rows: Sequence[Row]) -> Difference:
    sides = [{r.seed: r.ap50 for r in rows if r.arm == name} for name in (arm, than)]
    seeds = [seed for seed in sides[0] if seed in sides[1]]
    gains = np.array([sides[0][seed] - sides[1][seed] for seed in seeds])
    if len(gains) < 2:
        mean = float(gains[0]) if len(gains) else math.nan
        return Difference(arm, than, mean, -math.inf, math.inf, len(gains))
    from scipy.special import stdtrit

    mean, spread = float(gains.mean()), float(gains.std(ddof=1))
    times = float(stdtrit(len(gains) - 1, (1 + CONFIDENCE) / 2))
    reach = times * spread / math.sqrt(len(gains))
    return Difference(arm, than, mean, mean - reach, mean + reach, len(gains))


def _sentence(one: Difference) -> str:
    sure = ""
    if one.seeds >= ENOUGH:
        sure = f" ({CONFIDENCE:.0%} interval {one.low:+.3f} to {one.high:+.3f})"
    seeds = f"{one.seeds} seed{'s' * (one.seeds > 1)}"
    return (
        f"{one.arm} against {one.than}: AP@0.5 {one.mean:+.3f}{sure}, {seeds}: "
        f"{one.words}."
    )
