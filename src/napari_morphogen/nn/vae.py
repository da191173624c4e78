"""Variational autoencoders: patches as short codes, and new patches from new codes."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.generator import Draw, Family, GeneratorConfig
from napari_morphogen.nn.latent_flow import FlowLearner, LatentFlow
from napari_morphogen.nn.patch_judge import Judging, PatchJudge
from napari_morphogen.nn.train import Average, one_cycle, restore_to, state_of

LEAST_SIDE = 4  # of the coarsest level
WIDEST = 128
WARM_UP = 0.2  # of the training, until the codes are drawn to the prior at full weight
SHARPENING = 0.2  # of the training, until decoded images are judged
SHARPNESS = 0.5  # weight of the judge, beside the likelihood of a pixel
JUDGE_WIDTH, JUDGE_RATE = 2, 0.25  # times those of the encoder
LEAST_ERROR = 1e-5  # mean square, of values from -1 to 1
DRAWING = 0.85  # share of the training at which the flow's begins
CODES = 64  # batches that the flow learns from
LEAST_STEPS = 200  # of the flow, however early somebody stops
CONV = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


class VAE(nn.Module):
    """Encoder, decoder, and a flow that draws codes.

    Parameters
    ----------
    config : GeneratorConfig
        With classes or maps it is a conditional VAE.

    References
    ----------
    .. [1] D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR (2014),
       DOI 10.48550/arXiv.1312.6114
    .. [2] O. Rybkin, K. Daniilidis and S. Levine, Simple and effective VAE training
       with calibrated decoders, ICML (2021), DOI 10.48550/arXiv.2006.13202
    """

    mean: Tensor
    std: Tensor
    axes: Tensor
    ready: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config, self.classes = config, len(config.classes)
        ndim = len(config.shape)
        strides, self.least = _levels(config.shape)
        widths = _widths(config, len(strides))
        down: list[nn.Module] = []
        before = config.channels + self.classes + config.maps
        for width, stride in zip(widths, strides, strict=True):
            down += [_conv(CONV[ndim], before, width, stride), *_after(width)]
            before = width
        self.encoder = nn.Sequential(*down)
        size = before * math.prod(self.least)
        self.posterior = nn.Linear(size, 2 * config.latent)
        self.enter = nn.Linear(config.latent + self.classes, size)
        before += config.maps
        up: list[nn.Module] = []
        for width, stride in zip(
            [config.channels, *widths[:-1]][::-1], strides[::-1], strict=True
        ):
            up += _after(before)
            up.append(_conv(TRANSPOSED[ndim], before, width, stride))
            before = width
        self.decoder = nn.Sequential(*up)
        self.refiner = _refiner(config) if config.maps else nn.Identity()
        self.flow = LatentFlow(config.latent, self.classes)
        # of the codes, once they are known
        self.register_buffer("mean", torch.zeros(config.latent))
        self.register_buffer("std", torch.ones(config.latent))
        self.register_buffer("axes", torch.eye(config.latent))
        self.register_buffer("ready", torch.zeros(1))

    def encode(self, images: Tensor, classes: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return means and log variances (N, latent) of the codes of images."""
        found = self.posterior(self.encoder(self.told(images, classes)).flatten(1))
        mu, logvar = found.chunk(2, dim=1)
        return mu, logvar.clamp(-10, 4)

    def told(self, images: Tensor, classes: Tensor | None) -> Tensor:
        """Return images with their classes or maps as more channels."""
        if classes is None:
            return images
        if self.config.maps:
            return torch.cat([images, classes], dim=1)
        planes = functional.one_hot(classes, self.classes).to(images.dtype)
        planes = planes.reshape(*planes.shape, *(1,) * (images.ndim - 2))
        return torch.cat([images, planes.expand(-1, -1, *images.shape[2:])], dim=1)

    def decode(self, codes: Tensor, classes: Tensor | None) -> Tensor:
        """Return the images (N, channels, [P,] M, N) of codes (N, latent)."""
        if self.config.maps:
            return self._painted(codes, classes)
        if classes is not None:
            asked = functional.one_hot(classes, self.classes).to(codes.dtype)
            codes = torch.cat([codes, asked], dim=1)
        x = self.enter(codes)
        x = x.reshape(len(codes), -1, *self.least)
        found: Tensor = self.decoder(x)
        return found

    def _painted(self, codes: Tensor, maps: Tensor | None) -> Tensor:
        """Return images that follow maps (N, maps, M, N)."""
        assert maps is not None
        x = self.enter(codes).reshape(len(codes), -1, *self.least)
        rows, columns = self.least
        coarse = functional.adaptive_avg_pool2d(maps, (rows, columns))
        rough = self.decoder(torch.cat([x, coarse], dim=1))
        found: Tensor = rough + self.refiner(torch.cat([rough, maps], dim=1))
        return found

    def draw(self, noise: Tensor, classes: Tensor | None) -> Tensor:
        """Return the codes (N, latent) that noise becomes."""
        if not self.ready:
            return noise
        if self.config.maps:  # say where objects are, not what they look like
            classes = None
        return self.flow.draw(noise, classes) * self.std + self.mean


def _levels(
    shape: Sequence[int],
) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
    """Return how much every level reduces every axis, and what remains.

    Examples
    --------
    >>> _levels((4, 16, 16))
    ([(1, 2, 2), (1, 2, 2)], (4, 4, 4))
    """
    strides, now = [], tuple(shape)
    while any(n > LEAST_SIDE and n % 2 == 0 for n in now):
        stride = tuple(2 if n > LEAST_SIDE and n % 2 == 0 else 1 for n in now)
        strides.append(stride)
        now = tuple(n // s for n, s in zip(now, stride, strict=True))
    return strides, now


def _widths(config: GeneratorConfig, levels: int) -> list[int]:
    return [min(config.width * 2**i, WIDEST) for i in range(levels)]


def _conv(
    kind: type[nn.Module], before: int, width: int, stride: Sequence[int]
) -> nn.Module:
    # 4 pixels wide where it halves: every pixel counts as often as its neighbours
    kernel = tuple(4 if s == 2 else 3 for s in stride)
    return kind(before, width, kernel, stride=tuple(stride), padding=1)


def _refiner(config: GeneratorConfig) -> nn.Module:
    """Return what puts borders where the maps have them."""
    widths = (config.channels + config.maps, 2 * config.width, 2 * config.width)
    layers: list[nn.Module] = []
    for before, width in pairwise(widths):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.SiLU()]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], config.channels, 3, padding=1))


def _after(width: int) -> list[nn.Module]:
    """Return what stands between two convolutions."""
    return [nn.GroupNorm(math.gcd(8, width), width), nn.SiLU()]


def _judge(config: GeneratorConfig) -> PatchJudge:
    """Return what judges decoded images, seen with their classes or maps."""
    strides, _ = _levels(config.shape)
    widths = [JUDGE_WIDTH * width for width in _widths(config, len(strides))]
    channels = config.channels + len(config.classes) + config.maps
    return PatchJudge(channels, strides, widths)


class VaeLearner:
    """Learns a VAE, its decoder from a judge, too, and at last the flow of its codes.

    Parameters
    ----------
    network : VAE
        Is changed in place.
    draw : callable
        Returns images and classes of the batch of a number.
    rate : float
        Highest learning rate.
    device : str
        "cpu", "cuda" or "mps".

    Notes
    -----
    The most likely image of a code is the mean of all that the code allows, which is
    soft. So decoded patches must also be taken for real ones by a small discriminator,
    the idea of A. B. L. Larsen et al., Autoencoding beyond pixels using a learned
    similarity metric, ICML (2016), DOI 10.48550/arXiv.1512.09300.
    """

    note = ""

    def __init__(self, network: VAE, draw: Draw, rate: float, device: str) -> None:
        self.network, self.draw, self.rate = network.to(device).train(), draw, rate
        self.average = Average(self.network, 0.995)
        parts = [network.encoder, network.posterior, network.enter, network.decoder]
        parts.append(network.refiner)
        weights = [value for part in parts for value in part.parameters()]
        self.optimiser = torch.optim.Adam(weights, lr=rate)
        self.judging = Judging(_judge(network.config).to(device))
        self.flow = FlowLearner(network.flow)
        self._mean.flow = self.flow.flow_mean
        self._codes: tuple[Tensor, Tensor | None] | None = None

    def __call__(self, number: int, share: float) -> dict[str, Tensor]:
        """Learn from batch `number`, or let the flow learn from codes."""
        if share >= DRAWING:
            left = (share - DRAWING) / (1 - DRAWING)
            return {"codes": self.flow.step(*self._drawn(), left)}
        share /= DRAWING
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * max(one_cycle(share), 0.05)
        images, classes = self.draw(number)
        mu, logvar = self.network.encode(images, classes)
        codes = mu + torch.randn_like(mu) * (logvar / 2).exp()
        made = self.network.decode(codes, classes)
        # the likelihood with the best variance for this batch
        error = functional.mse_loss(made, images).clamp(min=LEAST_ERROR)
        size = images[0].numel()
        divergence = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()
        weight = min(share / WARM_UP, 1.0)
        loss = 0.5 * error.log() + weight * divergence / size
        soft = self._judged(images, made, classes, share)
        self.optimiser.zero_grad()
        (loss + SHARPNESS * soft).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self._follow(number)
        return {"loss": loss, "error": error, "divergence": divergence, "soft": soft}

    def _judged(
        self, images: Tensor, made: Tensor, classes: Tensor | None, share: float
    ) -> Tensor:
        """Return how far decoded images are from being taken for real."""
        if share < SHARPENING:  # there is little to judge yet
            return torch.zeros((), device=made.device)
        real, fake = (self.network.told(one, classes) for one in (images, made))
        self.judging.learn(real, fake, share, JUDGE_RATE * self.rate)
        return self.judging.surprise(fake)

    @property
    def _mean(self) -> VAE:
        found = self.average.network
        assert isinstance(found, VAE)
        return found

    def _follow(self, number: int) -> None:
        """Update the mean of all weights but those of the flow, which has its own."""
        flow, self._mean.flow = self._mean.flow, self.network.flow
        self.average.update(self.network, number)
        self._mean.flow = flow

    def _drawn(self) -> tuple[Tensor, Tensor | None]:
        """Return standardised codes of many patches, and their classes."""
        if self._codes is None:
            mean = self._mean
            rng = torch.Generator().manual_seed(0)
            codes, classes = [], []
            with torch.no_grad():
                for number in range(CODES):
                    images, asked = self.draw(number)
                    mu, logvar = mean.encode(images, asked)
                    noise = torch.randn(mu.shape, generator=rng).to(mu.device)
                    codes.append(mu + noise * (logvar / 2).exp())
                    classes.append(asked)
            found = torch.cat(codes)
            mean.mean.copy_(found.mean(0))
            mean.std.copy_(found.std(0).clamp(min=1e-3))
            mean.axes.copy_(_principal(found))
            mean.ready.fill_(1)
            known = [one for one in classes if one is not None and not mean.config.maps]
            standard = (found - mean.mean) / mean.std
            self._codes = standard, torch.cat(known) if known else None
        return self._codes

    def finish(self) -> None:
        """Let the flow learn what it needs at least."""
        for number in range(self.flow.steps, LEAST_STEPS):
            self.flow.step(*self._drawn(), number / LEAST_STEPS)

    def state(self) -> dict[str, Tensor]:
        """Return all that a later run needs."""
        steps = torch.tensor([self.flow.steps])
        return state_of(self._networks, self._optimisers) | {"steps": steps}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        restore_to(state, self._networks, self._optimisers)
        self.flow.steps = int(state["steps"])
        self._codes = None

    @property
    def _networks(self) -> dict[str, nn.Module]:
        return {
            "network": self.network,
            "average": self.average.network,
            "judge": self.judging.judge,
        }

    @property
    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "optimiser": self.optimiser,
            "drawing": self.flow.optimiser,
            "judging": self.judging.optimiser,
        }


def _principal(codes: Tensor) -> Tensor:
    """Return principal axes, the longest first, one standard deviation long."""
    spread = torch.cov(codes.T.cpu().double()).reshape(codes.shape[1], codes.shape[1])
    values, vectors = torch.linalg.eigh(spread)
    found = vectors.T * values.clamp(min=0).sqrt()[:, None]
    ordered: Tensor = found.flip(0).to(codes)
    return ordered


def _noise(config: GeneratorConfig) -> tuple[int, ...]:
    return (config.latent,)


def _sample(
    network: VAE, noise: Tensor, truncation: float, classes: Tensor | None, steps: int
) -> Tensor:
    codes = network.draw(truncation * noise, classes)
    return network.decode(codes, classes).clamp(-1, 1)


FAMILY = Family(
    VAE, VaeLearner, _noise, _sample, width=16, latent=32, rate=2e-3, volumes=True
)
