"""How far two segmentations lie apart, along their boundaries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_morphogen.evaluate.detection import share
from napari_morphogen.evaluate.overlap import label_images
from napari_morphogen.params import InputError

PERCENTILE = 95
SLACK = 1 + 1e-9  # three pixels of 0.1 are more than 0.3 in binary numbers


@dataclass(frozen=True)
class BoundaryScores:
    """Distances between the boundaries of labels and truth.

    Attributes
    ----------
    tolerance : float
        Up to this distance a boundary pixel is right, in units of the spacing.
    precision, recall : float
        Share of the boundary pixels of the labels, and of the truth, that are.
    f : float
        Harmonic mean of both.
    hausdorff : float
        The greatest distance from a boundary pixel of either to the other.
    hausdorff95 : float
        The greater of both 95th percentiles of the distances.
    assd : float
        Mean of the distances of all boundary pixels of both.
    sparse : bool
        Only the distances from the truth were counted; `precision` and `f` are
        NaN.
    """

    tolerance: float
    precision: float
    recall: float
    f: float
    hausdorff: float
    hausdorff95: float
    assd: float
    sparse: bool = False

    def as_dict(self) -> dict[str, float]:
        """Return every figure by its name; see `MEANINGS`."""
        return {
            "sparse": int(self.sparse),
            "tolerance": self.tolerance,
            "boundary_precision": self.precision,
            "boundary_recall": self.recall,
            "boundary_f": self.f,
            "hausdorff": self.hausdorff,
            "hausdorff95": self.hausdorff95,
            "assd": self.assd,
        }


def boundary_scores(
    labels: ArrayLike,
    truth: ArrayLike,
    *,
    tolerance: float = 2.0,
    spacing: Sequence[float] = (),
    lines: bool = False,
    sparse: bool = False,
) -> BoundaryScores:
    """Compare the boundaries of two label images.

    Parameters
    ----------
    labels, truth : ndarray of int
        Label images of one shape and any number of axes.
    tolerance : float
        Up to which distance a boundary pixel is right, in units of `spacing`.
    spacing : sequence of float
        Pixel size per axis; empty means 1 everywhere.
    lines : bool
        `labels` hold thin lines, such as the edges of ``canny``: every pixel
        that is not 0 is a boundary.
    sparse : bool
        Only some objects of the truth are painted: count distances from the
        truth alone.

    Returns
    -------
    scores : BoundaryScores

    Raises
    ------
    InputError
        When the shapes differ, the numbers are not whole, or the tolerance or
        the spacing is no length.

    Notes
    -----
    For boundaries see `boundaries`. Distances between the centres of their
    pixels are found with a k-d tree. The F measure [1]_ has no one-to-one
    assignment of pixels; distances are those of [2]_, pooled over both
    directions for the mean. Two images without boundaries agree: F is 1 and all
    distances are 0. If only one has none, F is 0 and distances are infinite.

    References
    ----------
    .. [1] D. R. Martin, C. C. Fowlkes and J. Malik, IEEE Trans. Pattern Anal.
       Mach. Intell. 26, 530-549 (2004), DOI 10.1109/TPAMI.2004.1273918
    .. [2] A. A. Taha and A. Hanbury, BMC Med. Imaging 15, 29 (2015),
       DOI 10.1186/s12880-015-0068-x

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.zeros((9, 9), int)
    >>> truth[2:7, 2:7] = 1
    >>> boundary_scores(np.roll(truth, 1, axis=1), truth, tolerance=1).f
    1.0
    """
    ours, theirs = label_images(labels, truth)
    sizes = np.array(tuple(spacing) or (1.0,) * ours.ndim, np.float64)
    if sizes.shape != (ours.ndim,) or not np.all((sizes > 0) & np.isfinite(sizes)):
        raise InputError(
            f"Expected `spacing` to hold {ours.ndim} positive sizes, but got "
            f"{tuple(spacing)}."
        )
    if not 0 <= tolerance < math.inf:
        raise InputError(f"Expected `tolerance` of at least 0, but got {tolerance}.")
    there = ours != 0 if lines else boundaries(ours)
    away, home = _distances(there, boundaries(theirs), sizes)
    return _scores(away, home, float(tolerance), sparse)


def boundaries(labels: ArrayLike) -> NDArray[np.bool_]:
    """Return the pixels of objects that have a face in common with other numbers.

    Parameters
    ----------
    labels : ndarray of int
        0 is background, which has no boundary pixels of its own. The edge of
        the image is no boundary.

    Returns
    -------
    mask : ndarray of bool, shape of `labels`

    Examples
    --------
    >>> boundaries([[0, 1, 1, 1, 2, 2]]).astype(int)
    array([[0, 1, 0, 1, 1, 0]])
    """
    found = np.asarray(labels)
    mask = np.zeros(found.shape, bool)
    for axis in range(found.ndim):
        before = (slice(None),) * axis + (slice(None, -1),)
        after = (slice(None),) * axis + (slice(1, None),)
        differs = found[before] != found[after]
        mask[before] |= differs
        mask[after] |= differs
    return np.asarray(mask & (found != 0))


def _distances(
    ours: NDArray[np.bool_], truth: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the distance of every pixel of each mask to the other mask."""
    return _to(ours, truth, spacing), _to(truth, ours, spacing)


def _to(
    mask: NDArray[np.bool_], goal: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> NDArray[np.float64]:
    found = np.zeros(np.count_nonzero(mask))
    if not goal.any():
        return found + math.inf
    apart = ~goal[mask]  # pixels of both are at 0
    if apart.any():
        from scipy.spatial import cKDTree

        tree = cKDTree(np.argwhere(goal) * spacing, balanced_tree=False)
        found[apart] = tree.query(np.argwhere(mask & ~goal) * spacing)[0]
    return found


def _scores(
    away: NDArray[Any], home: NDArray[Any], tolerance: float, sparse: bool
) -> BoundaryScores:
    """Return the scores of the distances from the labels and from the truth."""
    limit = tolerance * SLACK
    precision = share(int(np.sum(away <= limit)), away.size, home.size)
    recall = share(int(np.sum(home <= limit)), home.size, away.size)
    f = share(2 * precision * recall, precision + recall, 1)
    counted = [home] if sparse else [away, home]
    everything = np.concatenate(counted)
    none = math.inf if away.size + home.size > 0 else 0.0
    return BoundaryScores(
        tolerance=tolerance,
        precision=math.nan if sparse else precision,
        recall=recall,
        f=math.nan if sparse else f,
        hausdorff=float(everything.max()) if everything.size else none,
        hausdorff95=max(_percentile(part, none) for part in counted),
        assd=float(everything.mean()) if everything.size else none,
        sparse=sparse,
    )


def _percentile(distances: NDArray[Any], none: float) -> float:
    if not distances.size:
        return none
    if np.isinf(distances).any():  # all of them: there is no other boundary
        return math.inf
    return float(np.percentile(distances, PERCENTILE))
