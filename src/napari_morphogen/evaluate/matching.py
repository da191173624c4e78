"""Which object of the labels stands for which object of the truth."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.evaluate.overlap import Overlap, Pairs

UNIQUE = 0.5  # above this intersection over union no object has two partners
STATES = ("true positive", "missed", "extra", "split", "merged", "not judged")


def matched(pairs: Pairs, threshold: float) -> NDArray[np.intp]:
    """Return the places in `pairs` of those that count as the same object.

    Parameters
    ----------
    pairs : Pairs
        Those of `Overlap.pairs`.
    threshold : float
        An intersection over union equal to it is enough.

    Returns
    -------
    chosen : ndarray of int
        Every object at most once. As many pairs as there can be, and among
        such choices the one of the greatest sum of intersections over unions.

    Notes
    -----
    Above 0.5 there is nothing to choose. Otherwise the sparse assignment
    problem [1]_ is solved for those objects that have several candidates.

    References
    ----------
    .. [1] R. Jonker and A. Volgenant, Computing 38, 325-340 (1987),
       DOI 10.1007/BF02278710
    """
    chosen = np.flatnonzero(pairs.iou >= threshold)
    if threshold > UNIQUE:
        return chosen
    truth, labels = pairs.truth[chosen], pairs.labels[chosen]
    open_choice = (np.bincount(truth)[truth] > 1) | (np.bincount(labels)[labels] > 1)
    if not open_choice.any():
        return chosen
    rival = chosen[open_choice]
    # the partners of rivals are rivals themselves, so both parts stand alone
    best = _assigned(pairs.truth[rival], pairs.labels[rival], pairs.iou[rival])
    return np.sort(np.concatenate([chosen[~open_choice], rival[best]]))


def states(
    table: Overlap, pairs: Pairs, chosen: NDArray[np.intp], sparse: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what became of every object of the truth and of the labels.

    Parameters
    ----------
    table, pairs
        What the images share.
    chosen : ndarray of int
        Places in `pairs` of the objects that were found.
    sparse : bool
        Whether the truth leaves objects out.

    Returns
    -------
    truth, labels : ndarray of str
        One of `STATES` for every number, in the order of the table.

    Notes
    -----
    A part *of* an object is one that lies in it by more than half. Objects that
    are not true positives are: "split", an object of the truth with two or more
    parts among the labels, and a part of an object that has other parts;
    "merged", an object of the labels with two or more parts in the truth, and
    such a part; "missed" and "extra" otherwise. Where both would fit, "split"
    stands for objects of the truth and "merged" for those of the labels.
    """
    in_label = pairs.pixels * 2 > table.truth_pixels[pairs.truth]
    in_truth = pairs.pixels * 2 > table.label_pixels[pairs.labels]
    truths, labels = table.truth_ids.size, table.label_ids.size
    cut = np.bincount(pairs.truth[in_truth], minlength=truths) > 1
    joint = np.bincount(pairs.labels[in_label], minlength=labels) > 1
    piece = _marked(pairs.labels, in_truth & cut[pairs.truth], labels)
    swallowed = _marked(pairs.truth, in_label & joint[pairs.labels], truths)
    found_truth = _marked(pairs.truth, chosen, truths)
    found_label = _marked(pairs.labels, chosen, labels)
    names = np.array(STATES)
    other = 5 if sparse else 2
    return (
        names[np.select([found_truth, cut, swallowed], [0, 3, 4], 1)],
        names[np.select([found_label, joint, piece], [0, 4, 3], other)],
    )


def _marked(
    places: NDArray[np.intp], chosen: NDArray[Any], count: int
) -> NDArray[np.bool_]:
    mask = np.zeros(count, bool)
    mask[places[chosen]] = True
    return mask


def _assigned(
    truth: NDArray[np.intp], labels: NDArray[np.intp], iou: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return which pairs make the largest matching of the greatest sum."""
    from scipy.sparse import coo_array, csgraph

    rows, row = np.unique(truth, return_inverse=True)
    columns, column = np.unique(labels, return_inverse=True)
    count, alone = rows.size, np.arange(rows.size)
    # one column more for each row stands for "no partner": it costs more than
    # all that partners of different overlap can differ by
    costs = np.concatenate([(2 - iou) / (4 * count), np.ones(count)])
    at = np.concatenate([row, alone]), np.concatenate([column, columns.size + alone])
    shape = (count, columns.size + count)
    graph = coo_array((costs, at), shape).tocsr()
    partner = np.empty(count, np.intp)
    found_rows, found = csgraph.min_weight_full_bipartite_matching(graph)
    partner[found_rows] = found
    return np.flatnonzero(partner[row] == column)
