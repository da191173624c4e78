"""Which of the real images a generator can make."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5  # Naeem et al.
PARTS = 64  # principal components that are kept at most

Array = NDArray[np.floating]


def coverage(real: Array, generated: Array, neighbours: int = NEIGHBOURS) -> float:
    """Return the share of real samples with a generated one in their neighbourhood.

    Parameters
    ----------
    real, generated : ndarray of float
        Features, one row per sample.
    neighbours : int
        A neighbourhood reaches to the so many nearest real sample.

    Notes
    -----
    Of real samples against real ones about ``1 - 2 ** -neighbours`` are covered
    when both sets are equally large.

    References
    ----------
    .. [1] M. F. Naeem et al., Reliable fidelity and diversity metrics for
       generative models, ICML (2020), DOI 10.48550/arXiv.2002.09797

    Examples
    --------
    >>> import numpy as np
    >>> real = np.array([[0.0], [1], [10], [11]])
    >>> coverage(real, real[:2] + 0.1, neighbours=1)
    0.5
    """
    from scipy.spatial.distance import cdist  # heavy: the command starts without it

    among = np.sort(cdist(real, real), axis=1)  # the first is the sample itself
    reach = among[:, min(neighbours, len(real) - 1)]
    return float(np.mean(cdist(real, generated).min(axis=1) <= reach))


def principal(real: Array, *others: Array) -> list[Array]:
    """Return features in units of their spread, along the main parts of the real.

    Parameters
    ----------
    real, *others : ndarray of float
        One row per sample.
    """
    mean, spread = real.mean(axis=0), real.std(axis=0)
    # a spread of nothing but rounding would turn it into distance
    spread = np.where(spread > 1e-6 * (np.abs(mean) + 1e-6), spread, 1)
    _, _, parts = np.linalg.svd((real - mean) / spread, full_matrices=False)
    return [(rows - mean) / spread @ parts[:PARTS].T for rows in (real, *others)]
