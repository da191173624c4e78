"""A small flow that draws codes as the encoder of a VAE gives them."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.train import Average, one_cycle

WIDTH, BLOCKS, TIMES = 192, 3, 16
STEPS = 15  # of the midpoint method
Velocity = Callable[[Tensor, Tensor], Tensor]  # of samples (N, ...) at times (N,)
BATCH = 256
JITTER = 0.05  # of codes, in standard deviations


class LatentFlow(nn.Module):
    """The velocity that carries noise to codes.

    Parameters
    ----------
    latent : int
        Length of a code.
    classes : int
        How many classes codes have; 0 for none.

    Notes
    -----
    Flow matching on standardised codes: Y. Lipman et al., Flow matching for
    generative modeling, ICLR (2023), DOI 10.48550/arXiv.2210.02747.
    """

    def __init__(self, latent: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.enter = nn.Linear(latent + TIMES + classes, WIDTH)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(WIDTH),
                nn.Linear(WIDTH, WIDTH),
                nn.SiLU(),
                nn.Linear(WIDTH, WIDTH),
            )
            for _ in range(BLOCKS)
        )
        self.leave = nn.Linear(WIDTH, latent)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, codes: Tensor, time: Tensor, classes: Tensor | None) -> Tensor:
        """Return the velocity of codes (N, latent) at times (N,)."""
        given = [codes, times(time, TIMES)]
        if classes is not None:
            given.append(functional.one_hot(classes, self.classes).to(codes.dtype))
        x = self.enter(torch.cat(given, dim=1))
        for block in self.blocks:
            x = x + block(x)
        found: Tensor = self.leave(functional.silu(x))
        return found

    def draw(self, noise: Tensor, classes: Tensor | None) -> Tensor:
        """Return the codes that noise (N, latent) becomes."""
        return carried(lambda codes, time: self(codes, time, classes), noise, STEPS)


class FlowLearner:
    """Teaches a latent flow; a step costs a few milliseconds.

    Parameters
    ----------
    flow : LatentFlow
        Is changed in place.
    rate : float
        Highest learning rate.
    """

    def __init__(self, flow: LatentFlow, rate: float = 3e-3) -> None:
        self.flow, self.rate = flow, rate
        self.average = Average(flow, 0.995)
        self.optimiser = torch.optim.AdamW(flow.parameters(), lr=rate)
        self.steps = 0

    @property
    def flow_mean(self) -> LatentFlow:
        """The running mean of the flow."""
        found = self.average.network
        assert isinstance(found, LatentFlow)
        return found

    def step(self, codes: Tensor, classes: Tensor | None, share: float) -> Tensor:
        """Learn from a batch of standardised codes, drawn from all of them."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * one_cycle(share)
        chosen = torch.randint(len(codes), (BATCH,))
        target = codes[chosen]
        target = target + JITTER * torch.randn_like(target)
        asked = None if classes is None else classes[chosen]
        loss = matching_loss(
            lambda x, t: self.flow(x, t, asked), target, torch.rand(BATCH)
        )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.average.update(self.flow, self.steps)
        self.steps += 1
        return loss.detach()


def times(time: Tensor, count: int) -> Tensor:
    """Return sines and cosines of times (N,), of `count` frequencies together."""
    rates = torch.exp(torch.linspace(0, math.log(1000), count // 2, device=time.device))
    angles = time[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def carried(velocity: Velocity, noise: Tensor, steps: int) -> Tensor:
    """Return where a velocity carries noise from time 0 to 1, by the midpoint method.

    Of as many evaluations, the midpoint method makes samples much more like images
    than Euler's.
    """
    x = noise
    for step in range(steps):
        now = torch.full((len(x),), step / steps, device=x.device)
        halfway = x + velocity(x, now) / (2 * steps)
        x = x + velocity(halfway, now + 1 / (2 * steps)) / steps
    return x


def matching_loss(velocity: Velocity, target: Tensor, time: Tensor) -> Tensor:
    """Return how far a velocity is from the straight way between noise and target."""
    noise, time = torch.randn_like(target), time.to(target.device)
    there = time.reshape(-1, *(1,) * (target.ndim - 1))
    found = velocity((1 - there) * noise + there * target, time)
    return functional.mse_loss(found.float(), target - noise)
