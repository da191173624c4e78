"""The loop of all training; it knows no network, only a step to take."""

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from napari_morphogen.nn.devices import layout, mixed_precision
from napari_morphogen.params import InputError

Clock = Callable[[], float]


@dataclass(frozen=True)
class Budget:
    """When training ends; the first limit reached counts.

    Attributes
    ----------
    seconds : float
        By the clock; infinity is no limit.
    steps : int
        Batches; 0 is no limit.
    patience : int
        Held-out measurements without improvement; 0 is no limit.
    """

    seconds: float = math.inf
    steps: int = 0
    patience: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) or self.steps or self.patience):
            raise InputError(
                "Training would never end; give seconds, steps or patience."
            )

    def share(self, step: int, seconds: float) -> float:
        """Return how much of the budget is used, from 0 to 1."""
        shares = [seconds / self.seconds]
        if self.steps:
            shares.append(step / self.steps)
        return min(max(shares), 1.0)


class Progress(NamedTuple):
    """Where training stands.

    Attributes
    ----------
    step : int
        Batches learnt from.
    seconds : float
        Since the start, earlier runs included.
    share : float
        Of the budget, from 0 to 1.
    loss : float
        Mean since the last report.
    held_out : float
        Loss on what was not learnt from; NaN when nothing was held out or it was
        not measured this time.
    """

    step: int
    seconds: float
    share: float
    loss: float
    held_out: float


def train(
    step: Callable[[int, float], Tensor],
    budget: Budget,
    *,
    held_out: Callable[[], float] | None = None,
    every: int = 10,
    measure_every: int = 50,
    start: tuple[int, float] = (0, 0.0),
    clock: Clock = time.monotonic,
) -> Iterator[Progress]:
    """Take steps until the budget is used; whoever stops asking stops training.

    Parameters
    ----------
    step : callable
        Takes the number of the step and the share of the budget used, learns
        from one batch and returns its loss.
    budget : Budget
        When to end.
    held_out : callable or None
        Returns the loss on what is not learnt from.
    every, measure_every : int
        Steps between reports, and between held-out measurements.
    start : tuple of int and float
        Steps and seconds of an earlier run that is continued.
    clock : callable
        Returns seconds.

    Yields
    ------
    progress : Progress
        Every few steps and at the end.
    """
    number, earlier = start
    began, losses = clock() - earlier, []
    best, waited = math.inf, 0
    done = budget.share(number, earlier) >= 1
    while not done:
        losses.append(step(number, budget.share(number, clock() - began)).detach())
        number += 1
        measured = math.nan
        if held_out is not None and number % measure_every == 0:
            measured = held_out()
            waited = 0 if measured < best else waited + 1
            best = min(best, measured)
        seconds = clock() - began
        share = budget.share(number, seconds)
        done = share >= 1 or 0 < budget.patience <= waited
        if done or number % every == 0 or not math.isnan(measured):
            loss = float(torch.stack(losses).mean())
            if not math.isfinite(loss):
                raise InputError(
                    "Training diverged: the loss is no number. Lower the learning rate."
                )
            yield Progress(number, seconds, share, loss, measured)
            losses.clear()


class Average:
    """The running mean of a network's weights, steadier than the last ones.

    Parameters
    ----------
    network : Module
        Whose weights are averaged.
    decay : float
        Share of the mean that stays in every step; less in the first steps.
    """

    def __init__(self, network: nn.Module, decay: float = 0.99) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    def update(self, network: nn.Module, step: int) -> None:
        """Move towards the weights after step number `step`."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        mean, new = self.network.state_dict(), network.state_dict()
        with torch.no_grad():
            floats = [name for name, value in mean.items() if value.is_floating_point()]
            torch._foreach_lerp_(
                [mean[name] for name in floats], [new[name] for name in floats], share
            )


class Learner:
    """One step of learning: batch, loss, gradient, weights, running mean.

    Parameters
    ----------
    network : Module
        Is changed in place.
    batches : callable
        Returns images and targets of the batch of a number.
    loss : callable
        Takes predictions and targets.
    rate : float
        Highest learning rate.
    device : str
        "cpu", "cuda" or "mps".
    """

    def __init__(
        self,
        network: nn.Module,
        batches: Callable[[int], tuple[Tensor, Tensor]],
        loss: Callable[[Tensor, Tensor], Tensor],
        *,
        rate: float = 4e-3,
        weight_decay: float = 1e-2,
        decay: float = 0.99,
        device: str = "cpu",
    ) -> None:
        self.network = network.to(device).train()
        self.batches, self.loss = batches, loss
        self.rate, self.device = rate, device
        self.mixed = mixed_precision(device)
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=rate, weight_decay=weight_decay
        )
        self.average = Average(self.network, decay)

    def __call__(self, number: int, share: float) -> Tensor:
        """Learn from batch `number` at the rate of this share of the budget."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * one_cycle(share)
        self.network.train()
        images, targets = self.batches(number)
        images, targets = _laid_out(images, self.device), targets.to(self.device)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.mixed):
            predicted = self.network(images)
        loss = self.loss(predicted.float(), targets)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.average.update(self.network, number)
        return loss

    def state(self) -> dict[str, Tensor]:
        """Return all that a later run needs to go on as if nothing had happened."""
        return state_of(self._networks, {"optimiser": self.optimiser})

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` returned."""
        restore_to(state, self._networks, {"optimiser": self.optimiser})

    @property
    def _networks(self) -> dict[str, nn.Module]:
        return {"network": self.network, "average": self.average.network}


def state_of(
    networks: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]
) -> dict[str, Tensor]:
    """Return copies of all that networks and optimisers have come to.

    Parameters
    ----------
    networks, optimisers : mapping of str
        By names of their own.
    """
    found: dict[str, Tensor] = {}
    for name, network in networks.items():
        found |= {f"{name}.{k}": v for k, v in network.state_dict().items()}
    for name, optimiser in optimisers.items():
        for number, values in optimiser.state_dict()["state"].items():
            found |= {f"{name}.{number}.{k}": v for k, v in values.items()}
    return {name: value.detach().cpu().clone() for name, value in found.items()}


def restore_to(
    state: Mapping[str, Tensor],
    networks: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> None:
    """Give networks and optimisers what `state_of` returned of them.

    Parameters
    ----------
    state : mapping of str to Tensor
        Is left as it is.
    networks, optimisers : mapping of str
        By the same names.
    """
    for name, network in networks.items():
        network.load_state_dict(_below(name, state))
    for name, optimiser in optimisers.items():
        steps: dict[int, dict[str, Tensor]] = {}
        for place, value in _below(name, state).items():
            number, key = place.split(".")
            steps.setdefault(int(number), {})[key] = value.clone()
        groups: Any = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": steps, "param_groups": groups})


def one_cycle(share: float, warm_up: float = 0.1) -> float:
    """Return the learning rate, as a share of the highest, over the budget.

    Examples
    --------
    >>> [round(one_cycle(share), 2) for share in (0, 0.1, 0.55, 1)]
    [0.04, 1.0, 0.5, 0.0]
    """
    if share < warm_up:
        return 0.04 + 0.96 * share / warm_up
    return 0.5 * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up)))


def _laid_out(images: Tensor, device: str) -> Tensor:
    if images.ndim == 4:
        return images.to(device, memory_format=layout(device))
    return images.to(device)


def _below(room: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{room}."
    return {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
