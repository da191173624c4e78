"""Training of the network that tells objects apart, and how well it does."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_morphogen.nn.patchnet import PatchConfig, PatchNet, probabilities
from napari_morphogen.params import Step

# channels last: up to twice as fast on a CPU
LAYOUT = {2: torch.channels_last, 3: torch.channels_last_3d}


class Schedule(NamedTuple):
    """How long is learnt, and from how many objects at once.

    Attributes
    ----------
    steps, batch : int
        Steps, and objects per step.
    rate : float
        Highest learning rate.
    seed : int
        Of all that is drawn.
    """

    steps: int = 100
    batch: int = 32
    rate: float = 2e-3
    seed: int = 0


def learning(
    config: PatchConfig,
    patches: NDArray[np.float32],
    truth: Sequence[int],
    schedule: Schedule,
) -> Iterator[Step[PatchNet]]:
    """Yield how the training of a network proceeds.

    Parameters
    ----------
    config : PatchConfig
        The architecture.
    patches : ndarray of float32
        From `object_patches`.
    truth : sequence of int
        The class of each, counted from 0.
    schedule : Schedule
        How long is learnt.

    Notes
    -----
    Every class is drawn as often as every other, however many examples it has.
    Patches are flipped, turned and made brighter or darker. Random numbers of
    others are left alone between the steps.
    """
    rng = np.random.default_rng(schedule.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(schedule.seed)
        network = PatchNet(config)
    for value in network.parameters():
        if value.ndim == config.ndim + 2:
            value.data = value.data.contiguous(memory_format=LAYOUT[config.ndim])
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, schedule.rate, schedule.steps
    )
    shown, target = torch.from_numpy(patches), torch.tensor(truth)
    members = [torch.nonzero(target == c)[:, 0].numpy() for c in target.unique()]
    for number in range(1, schedule.steps + 1):
        group = rng.integers(len(members), size=schedule.batch)
        chosen = torch.from_numpy(np.array([rng.choice(members[g]) for g in group]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            values = network.train()(_varied(shown[chosen], rng))
        loss = functional.cross_entropy(values, target[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rates.step()
        yield Step(number, loss.item(), network.eval)


def left_out(
    config: PatchConfig,
    patches: NDArray[np.float32],
    truth: Sequence[int],
    groups: Sequence[int],
    folds: int,
    schedule: Schedule,
) -> Iterator[Step[NDArray[np.int64]]]:
    """Yield how a cross-validation proceeds; its result is every example's class.

    Parameters
    ----------
    config, patches, truth, schedule
        As for `learning`.
    groups : sequence of int
        Examples of one group (one object at several times) are left out together.
    folds : int
        How often a part is left out, and a network trained on the others.

    Notes
    -----
    The class of an example is predicted by the network that has not seen it.
    """
    target, of = np.asarray(truth), _folds(truth, groups, folds, schedule.seed)
    found = np.zeros(len(target), np.int64)
    for fold in range(folds):
        out = of == fold
        network = None
        for step in learning(config, patches[~out], target[~out].tolist(), schedule):
            network = step.result()
            number = fold * schedule.steps + step.number
            if step.number < schedule.steps:
                yield Step(number, step.energy, found.copy)
        assert network is not None
        rest = torch.from_numpy(patches[out])
        found[out] = probabilities(network, rest).argmax(axis=1)
        yield Step((fold + 1) * schedule.steps, 0.0, found.copy)


def _folds(
    truth: Sequence[int], groups: Sequence[int], folds: int, seed: int
) -> NDArray[np.int64]:
    """Return the part that each example belongs to, classes spread evenly."""
    rng = np.random.default_rng(seed)
    first = dict(zip(reversed(groups), reversed(truth), strict=True))
    of: dict[int, int] = {}
    for name in sorted(set(first.values())):
        members = [group for group, of_it in first.items() if of_it == name]
        order = rng.permutation(members).tolist()
        of |= {group: i % folds for i, group in enumerate(order, len(of))}
    return np.array([of[group] for group in groups])


def _varied(patches: Tensor, rng: np.random.Generator) -> Tensor:
    """Flip, turn and recolour a batch."""
    axes = [axis for axis in range(2, patches.ndim) if rng.random() < 0.5]
    patches = patches.flip(axes).rot90(int(rng.integers(4)), (-2, -1))
    gain = torch.from_numpy(rng.uniform(0.8, 1.25, len(patches)).astype(np.float32))
    image, shape = patches[:, :-1], patches[:, -1:]
    bright = image * gain.reshape(-1, *[1] * (image.ndim - 1))
    layout = LAYOUT[patches.ndim - 2]
    return torch.cat([bright, shape], 1).contiguous(memory_format=layout)
