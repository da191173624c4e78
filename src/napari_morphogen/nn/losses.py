"""How wrong a prediction is, counted only where pixels are labelled."""

import torch
from torch import Tensor
from torch.nn import functional

SMOOTH = 1.0  # keeps the Dice loss steady where a class is rare


def masked_cross_entropy(
    logits: Tensor, classes: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the mean cross-entropy of the labelled pixels.

    Parameters
    ----------
    logits : Tensor of shape (batch, classes, [P,] M, N)
        Of the network.
    classes : Tensor of int, shape (batch, [P,] M, N)
        0 is unlabelled, then 1, 2, … for the classes.
    weights : Tensor of shape (classes,) or None
        How much a pixel of each class counts.

    Examples
    --------
    >>> logits = torch.zeros(1, 2, 1, 3)
    >>> round(float(masked_cross_entropy(logits, torch.tensor([[[0, 1, 2]]]))), 4)
    0.6931
    """
    found = functional.cross_entropy(
        logits, classes.long() - 1, weight=weights, ignore_index=-1, reduction="sum"
    )
    if weights is None:
        return found / (classes > 0).sum().clamp(min=1)
    steps = torch.cat([weights.new_zeros(1), weights])
    return found / steps[classes.long()].sum().clamp(min=1e-6)


def masked_dice(probabilities: Tensor, classes: Tensor) -> Tensor:
    """Return 1 minus the mean Dice coefficient over the labelled pixels.

    Parameters
    ----------
    probabilities : Tensor of shape (batch, classes, [P,] M, N)
        Of every class.
    classes : Tensor of int, shape (batch, [P,] M, N)
        0 is unlabelled, then 1, 2, … for the classes.
    """
    count = probabilities.shape[1]
    known = (classes > 0).unsqueeze(1)
    truth = functional.one_hot(classes.long(), count + 1).movedim(-1, 1)[:, 1:]
    found = probabilities * known
    axes = [0, *range(2, probabilities.ndim)]
    common = (found * truth).sum(axes)
    total = found.sum(axes) + truth.sum(axes)
    return 1 - ((2 * common + SMOOTH) / (total + SMOOTH)).mean()


def semantic_loss(
    logits: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return cross-entropy plus Dice loss of classes.

    Parameters
    ----------
    logits : Tensor of shape (batch, classes, [P,] M, N)
        Of the network.
    targets : Tensor of shape (batch, 1, [P,] M, N)
        0 is unlabelled, then 1, 2, … for the classes.
    weights : Tensor of shape (classes,) or None
        How much a pixel of each class counts.
    """
    classes = targets[:, 0].round().long()
    dice = masked_dice(logits.softmax(1), classes)
    return masked_cross_entropy(logits, classes, weights) + dice


def binary_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return how wrong a foreground and other maps from 0 to 1 are.

    Parameters
    ----------
    logits : Tensor of shape (batch, maps, [P,] M, N)
        Before the sigmoid: foreground and distance, or boundaries alone.
    targets : Tensor of shape (batch, maps, [P,] M, N)
        As `instance_targets` or `boundary_targets` returns them.

    Notes
    -----
    Cross-entropy of every map and the Dice loss of the first.
    """
    known, inside = targets[:, 0] > 0.5, targets[:, 0] > 1.5
    pixels = known.sum().clamp(min=1)
    wanted = torch.cat([inside.to(logits.dtype).unsqueeze(1), targets[:, 1:]], 1)
    entropy = functional.binary_cross_entropy_with_logits(
        logits, wanted, reduction="none"
    )
    entropy = (entropy * known.unsqueeze(1)).sum() / pixels
    found = logits[:, 0].sigmoid() * known
    common = (found * inside).sum()
    dice = (2 * common + SMOOTH) / (found.sum() + inside.sum() + SMOOTH)
    return entropy + (1 - dice)
