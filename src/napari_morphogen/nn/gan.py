"""Generators that learn by being judged: what DCGAN and StyleGAN share."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.devices import layout
from napari_morphogen.nn.generator import Draw
from napari_morphogen.nn.networks import lay_out
from napari_morphogen.nn.train import Average, restore_to, state_of

BETA2 = 0.99
FALLING = 0.3  # of the time at the end, in which the rate falls
LEAST_RATE = 0.02  # of it, at the end
MEMORY = 0.98  # of the running means that are watched
SURE = 0.6  # share of real patches, less the others, that are known: too many
CHANGE = 0.005  # of the probability of augmentation, per step
MOST = 0.8
SHIFT = 1 / 8  # of a patch, at most
LIGHT = 0.3  # of the range from -1 to 1
BATCHES = 32  # to measure the statistics of the averaged generator
NO_GAP, ALL_GAP, LONG = 0.05, 0.97, 200  # probabilities, and steps
WEAK = (
    "The discriminator no longer tells samples from images, so the generator has "
    "nothing to learn from: stop here, or start anew with another seed or a lower rate."
)
STRONG = (
    "The discriminator knows every sample, so the generator learns little: stop here, "
    "or give it more images."
)


class Recipe(NamedTuple):
    """What is particular to a kind of adversarial training.

    Attributes
    ----------
    noise : int
        Length of the noise of a sample.
    beta : float
        Of Adam's running mean of gradients.
    decay : float
        Of the running mean of the generator's weights.
    penalty : float
        Weight of the squared gradient at real patches, computed now and then.
    every : int
        Steps from one penalty to the next.
    """

    noise: int
    beta: float
    decay: float
    penalty: float = 0.0
    every: int = 16


class AdversarialLearner:
    """Two networks: one makes patches, one tells them from real ones.

    Parameters
    ----------
    network : Module
        The generator; takes noise and classes, is changed in place.
    judge : Module
        The discriminator; takes patches and classes and returns a value for each.
    draw : callable
        Returns images and classes of the batch of a number.
    rate : float
        Highest learning rate.
    device : str
        "cpu", "cuda" or "mps".
    recipe : Recipe
        How they learn.

    Notes
    -----
    The non-saturating loss of [1]_; patches are shifted and brightened before they
    are judged, differentiably [2]_, the more often the surer the discriminator is of
    real ones [3]_; R1 penalty, where asked for, as in [4]_.

    References
    ----------
    .. [1] I. Goodfellow et al., Generative adversarial nets, NIPS (2014),
       DOI 10.48550/arXiv.1406.2661
    .. [2] S. Zhao et al., Differentiable augmentation for data-efficient GAN training,
       NeurIPS (2020), DOI 10.48550/arXiv.2006.10738
    .. [3] T. Karras et al., Training generative adversarial networks with limited data,
       NeurIPS (2020), DOI 10.48550/arXiv.2006.06676
    .. [4] L. Mescheder et al., Which training methods for GANs do actually converge?,
       ICML (2018), DOI 10.48550/arXiv.1801.04406
    """

    def __init__(
        self,
        network: nn.Module,
        judge: nn.Module,
        draw: Draw,
        rate: float,
        device: str,
        recipe: Recipe,
    ) -> None:
        self.network, self.judge = network.to(device).train(), judge.to(device).train()
        for one in (self.network, self.judge):
            lay_out(one, device)
        self.draw, self.rate, self.recipe = draw, rate, recipe
        self.average = Average(self.network, recipe.decay)
        betas = (recipe.beta, BETA2)
        self.makes = torch.optim.Adam(network.parameters(), lr=rate, betas=betas)
        self.judges = torch.optim.Adam(judge.parameters(), lr=rate, betas=betas)
        # running: real patches known, gap of probabilities, share augmented, and
        # steps with a gap too small and too large
        self.seen = torch.tensor([0.0, 0.5, 0.0, 0.0, 0.0])

    @property
    def note(self) -> str:
        """What the user should know."""
        *_, none, full = self.seen.tolist()
        return WEAK if none >= LONG else STRONG if full >= LONG else ""

    def __call__(self, number: int, share: float) -> dict[str, Tensor]:
        """Learn from batch `number`."""
        self._set_rate(share)
        images, classes = self.draw(number)
        images = images.contiguous(memory_format=layout(images.device.type))
        noise = torch.randn(len(images), self.recipe.noise).to(images.device)
        fakes = self.network(noise, classes)
        judged = self._judge(images, fakes.detach(), classes, number)
        made = self._make(fakes, classes)
        self.average.update(self.network, number)
        gap = self.seen[1].clone()
        return {"generator": made, "discriminator": judged, "gap": gap}

    def _set_rate(self, share: float) -> None:
        left = max(min(1.0, (1 - share) / FALLING), LEAST_RATE)
        for optimiser in (self.makes, self.judges):
            for group in optimiser.param_groups:
                group["lr"] = self.rate * left

    def _judge(
        self, images: Tensor, fakes: Tensor, classes: Tensor | None, number: int
    ) -> Tensor:
        probability = float(self.seen[2])
        real = self.judge(augmented(images, probability), classes)
        fake = self.judge(augmented(fakes, probability), classes)
        loss = functional.softplus(-real).mean() + functional.softplus(fake).mean()
        self._watch(real.detach(), fake.detach())
        if self.recipe.penalty and number % self.recipe.every == 0:
            slope = _slope(self.judge, images, classes)
            loss = loss + self.recipe.penalty / 2 * self.recipe.every * slope
        self.judges.zero_grad()
        loss.backward()
        self.judges.step()
        return loss.detach()

    def _make(self, fakes: Tensor, classes: Tensor | None) -> Tensor:
        self.judge.requires_grad_(False)  # its own gradient is of no use here
        found = self.judge(augmented(fakes, float(self.seen[2])), classes)
        loss = functional.softplus(-found).mean()
        self.makes.zero_grad()
        loss.backward()
        self.judge.requires_grad_(True)
        self.makes.step()
        return loss.detach()

    def _watch(self, real: Tensor, fake: Tensor) -> None:
        known, gap, share, none, full = self.seen.tolist()
        if real.isfinite().all() and fake.isfinite().all():
            known += (1 - MEMORY) * (float(real.sign().mean()) - known)
            now = float(real.sigmoid().mean() - fake.sigmoid().mean())
            gap += (1 - MEMORY) * (now - gap)
        share = min(max(share + (CHANGE if known > SURE else -CHANGE), 0.0), MOST)
        none = none + 1 if abs(gap) < NO_GAP else 0
        full = full + 1 if gap > ALL_GAP else 0
        self.seen = torch.tensor([known, gap, share, none, full])

    def finish(self) -> None:
        """Measure the averaged generator's own batch statistics, where it has any."""
        network = self.average.network
        norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean
            norm.train()
        for number in range(BATCHES if norms else 0):
            images, classes = self.draw(number)
            noise = torch.randn(len(images), self.recipe.noise).to(images.device)
            with torch.no_grad():
                network(noise, classes)
        network.eval()

    def state(self) -> dict[str, Tensor]:
        """Return all that a later run needs."""
        return {**state_of(*self._parts), "seen": self.seen.clone()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        restore_to(state, *self._parts)
        self.seen = state["seen"].clone()

    @property
    def _parts(
        self,
    ) -> tuple[dict[str, nn.Module], dict[str, torch.optim.Optimizer]]:
        averaged = self.average.network
        networks = {"network": self.network, "judge": self.judge, "average": averaged}
        return networks, {"makes": self.makes, "judges": self.judges}


def _slope(judge: nn.Module, images: Tensor, classes: Tensor | None) -> Tensor:
    """Return the mean squared gradient of the answers at images."""
    images = images.detach().requires_grad_(True)
    answers = judge(images, classes)
    (found,) = torch.autograd.grad(answers.sum(), images, create_graph=True)
    return found.square().sum(dim=(1, 2, 3)).mean()


def augmented(images: Tensor, probability: float) -> Tensor:
    """Return images shifted and brightened by chance, each in its own way.

    Parameters
    ----------
    images : Tensor of shape (N, channels, M, N)
        From -1 to 1.
    probability : float
        Of either change, for an image.
    """
    if probability <= 0:
        return images
    count, side = len(images), images.shape[-1]

    def chosen() -> Tensor:
        return (torch.rand(count) < probability).float().to(images.device)

    light = (torch.rand(count).to(images.device) * 2 - 1) * LIGHT * chosen()
    images = images + light[:, None, None, None]
    reach = max(1, int(side * SHIFT))
    moves = torch.randint(-reach, reach + 1, (2, count)).to(images.device)
    moves = moves * chosen().long()
    return _moved(images, moves[0], moves[1], reach)


def _moved(images: Tensor, down: Tensor, across: Tensor, reach: int) -> Tensor:
    """Return images moved by whole pixels; what comes in is mirrored."""
    rows, columns = images.shape[-2:]
    wide = functional.pad(images, (reach,) * 4, mode="reflect")
    device = images.device
    y = torch.arange(rows, device=device)[None] + reach - down[:, None]
    x = torch.arange(columns, device=device)[None] + reach - across[:, None]
    each = torch.arange(len(images), device=device)[:, None, None]
    found = wide.permute(0, 2, 3, 1)[each, y[:, :, None], x[:, None, :]]
    return found.permute(0, 3, 1, 2)


def halvings(side: int) -> int:
    """Return how often a side can be halved until 3 to 7 pixels are left.

    Examples
    --------
    >>> halvings(16), halvings(24), halvings(32), halvings(40), halvings(64)
    (2, 3, 3, 3, 4)
    """
    count = 0
    while side % 2 == 0 and side // 2 >= 3:
        side, count = side // 2, count + 1
    return count
