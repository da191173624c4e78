"""How often the classes of objects are right."""

import math
from collections.abc import Mapping
from typing import NamedTuple

FEWEST = 5  # examples of a class that allow a cross-validation
Z = 1.96  # of a normal distribution: 95 %


class Accuracy(NamedTuple):
    """How many examples got their class from a network that had not seen them.

    Attributes
    ----------
    right, of : mapping of str to int
        By the names of the classes; `right` is empty where too few are given.
    missing : int
        Examples left out because their object is gone.
    """

    right: Mapping[str, int]
    of: Mapping[str, int]
    missing: int = 0

    @property
    def words(self) -> str:
        """All of this as a sentence or two."""
        gone = ""
        if self.missing:
            count = "1 example is" if self.missing == 1 else f"{self.missing} are"
            gone = f" Left out: {count} no longer in the labels."
        if not self.right:
            return (
                f"Accuracy: too few to tell (fewer than {FEWEST} examples of a class)."
                + gone
            )
        right, total = sum(self.right.values()), sum(self.of.values())
        low, high = interval(right, total)
        parts = (f"{name} {n} of {self.of[name]}" for name, n in self.right.items())
        return (
            f"Cross-validated: {right} of {total} examples right "
            f"({right / total:.0%}, 95 % interval {low:.0%} to {high:.0%}): "
            f"{', '.join(parts)}.{gone}"
        )


def interval(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, after Wilson.

    Parameters
    ----------
    right, total : int
        Counts; `total` is at least 1.

    References
    ----------
    .. [1] E. B. Wilson, J. Am. Stat. Assoc. 22, 209-212 (1927),
       DOI 10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = interval(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    share, widened = right / total, 1 + Z**2 / total
    middle = share + Z**2 / (2 * total)
    half = Z * math.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2))
    return max((middle - half) / widened, 0.0), min((middle + half) / widened, 1.0)
