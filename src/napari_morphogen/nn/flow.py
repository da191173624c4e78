"""Flow matching: noise is carried to images along a learnt velocity."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.devices import layout
from napari_morphogen.nn.generator import Draw, Family, GeneratorConfig
from napari_morphogen.nn.latent_flow import carried, matching_loss, times
from napari_morphogen.nn.networks import lay_out
from napari_morphogen.nn.train import Average, one_cycle, restore_to, state_of

UNSHUFFLE = 2  # pixels along each axis that become channels
STEPS = 10  # of the midpoint method
TIMES, HIDDEN = 64, 128
LEAST_SIDE = 4  # of the coarsest level
MOST_LEVELS = 4
WIDEST = 3  # times the width
# of times that are learnt from: most in the middle of the way, which is hardest, and
# enough near its end, where the last noise leaves the image
SPREAD = 1.5


def grouped(width: int) -> nn.Module:
    """Return what normalises channels in groups, over the whole image."""
    return nn.GroupNorm(math.gcd(8, width), width)


class Block(nn.Module):
    """Two convolutions around which the time and class shift and scale.

    Parameters
    ----------
    before, width : int
        Channels that come and go.
    norm : callable
        Takes a number of channels and returns what normalises them.
    """

    def __init__(
        self, before: int, width: int, norm: Callable[[int], nn.Module] = grouped
    ) -> None:
        super().__init__()
        self.first = nn.Sequential(
            norm(before),
            nn.SiLU(),
            nn.Conv2d(before, width, 3, padding=1),
        )
        self.told = nn.Linear(HIDDEN, 2 * width)
        self.norm = norm(width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        self.past = nn.Identity() if before == width else nn.Conv2d(before, width, 1)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """Return features (N, width, M, N)."""
        scale, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
        y = functional.silu(self.norm(self.first(x)) * (1 + scale) + shift)
        found: Tensor = self.past(x) + self.second(y)
        return found


class Velocity(nn.Module):
    """A small U-Net that says where every pixel should move.

    Parameters
    ----------
    config : GeneratorConfig
        With classes it can be asked for each of them.
    norm : callable
        Takes a number of channels and returns what normalises them.

    References
    ----------
    .. [1] Y. Lipman et al., Flow matching for generative modeling, ICLR (2023),
       DOI 10.48550/arXiv.2210.02747
    """

    def __init__(
        self, config: GeneratorConfig, norm: Callable[[int], nn.Module] = grouped
    ) -> None:
        super().__init__()
        self.levels = _levels(config.shape)
        widths = [min(i, WIDEST) * config.width for i in range(1, 1 + self.levels)]
        entering = (config.channels + config.maps) * UNSHUFFLE**2
        channels = config.channels * UNSHUFFLE**2
        self.told = nn.Sequential(
            nn.Linear(TIMES, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU()
        )
        self.classes = nn.Embedding(max(len(config.classes), 1), HIDDEN)
        self.enter = nn.Conv2d(entering, widths[0], 3, padding=1)
        pairs = list(zip([widths[0], *widths[:-1]], widths, strict=True))
        self.down = nn.ModuleList(Block(before, width, norm) for before, width in pairs)
        self.middle = Block(widths[-1], widths[-1], norm)
        self.up = nn.ModuleList(
            Block(2 * width, before, norm) for before, width in reversed(pairs)
        )
        last = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(last.weight)
        self.leave = nn.Sequential(norm(widths[0]), nn.SiLU(), last)

    def forward(self, x: Tensor, time: Tensor, classes: Tensor | None) -> Tensor:
        """Return the velocity of images (N, channels, M, N) at times (N,)."""
        told = self.told(times(time, TIMES))
        if classes is not None:
            told = told + self.classes(classes)
        x = self.enter(functional.pixel_unshuffle(x, UNSHUFFLE))
        seen = []
        for number, block in enumerate(self.down):
            x = block(functional.avg_pool2d(x, 2) if number else x, told)
            seen.append(x)
        x = self.middle(x, told)
        for number, block in enumerate(self.up):
            x = block(torch.cat([x, seen[-1 - number]], dim=1), told)
            if number < len(self.up) - 1:
                x = functional.interpolate(x, scale_factor=2.0)
        return functional.pixel_shuffle(self.leave(x), UNSHUFFLE)


def _levels(shape: tuple[int, ...]) -> int:
    """Return how many levels fit into an image.

    Examples
    --------
    >>> _levels((32, 32)), _levels((64, 64))
    (3, 4)
    """
    side, count = min(shape) // UNSHUFFLE, 1
    while side % 2 == 0 and side // 2 >= LEAST_SIDE and count < MOST_LEVELS:
        side, count = side // 2, count + 1
    return count


class MatchingLearner:
    """Learns a velocity.

    Parameters
    ----------
    network : Velocity
        Is changed in place.
    draw : callable
        Returns images and classes of the batch of a number.
    rate : float
        Highest learning rate.
    device : str
        "cpu", "cuda" or "mps".
    """

    note = ""

    def __init__(self, network: Velocity, draw: Draw, rate: float, device: str) -> None:
        self.network = network.to(device).train()
        lay_out(self.network, device)
        self.draw, self.rate = draw, rate
        self.average = Average(self.network, 0.999)
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=rate)

    def __call__(self, number: int, share: float) -> dict[str, Tensor]:
        """Learn from batch `number`."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * max(one_cycle(share), 0.02)
        images, classes = self.draw(number)
        images = images.contiguous(memory_format=layout(images.device.type))
        time = (SPREAD * torch.randn(len(images))).sigmoid()
        loss = matching_loss(lambda x, t: self.network(x, t, classes), images, time)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.network, number)
        return {"loss": loss}

    def finish(self) -> None:
        """Do nothing: the last step was the last."""

    def state(self) -> dict[str, Tensor]:
        """Return all that a later run needs."""
        return state_of(self._networks, {"optimiser": self.optimiser})

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        restore_to(state, self._networks, {"optimiser": self.optimiser})

    @property
    def _networks(self) -> dict[str, nn.Module]:
        return {"network": self.network, "average": self.average.network}


def _noise(config: GeneratorConfig) -> tuple[int, ...]:
    return (config.channels, *config.shape)


def _sample(
    network: Velocity,
    noise: Tensor,
    truncation: float,
    classes: Tensor | None,
    steps: int,
) -> Tensor:
    images = carried(
        lambda x, time: network(x, time, classes), truncation * noise, steps or STEPS
    )
    return images.clamp(-1, 1)


FAMILY = Family(
    Velocity, MatchingLearner, _noise, _sample, width=32, latent=0, rate=2e-3
)
