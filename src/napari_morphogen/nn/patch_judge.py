"""A small discriminator beside a likelihood: it makes soft images sharp."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_morphogen.nn.gan import BETA2, FALLING, LEAST_RATE

BETA = 0.5  # of Adam's running mean of gradients
SLOPE = 0.2  # of the rectifier below 0
CONV: dict[int, type[nn.Module]] = {2: nn.Conv2d, 3: nn.Conv3d}
NORM: dict[int, type[nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class PatchJudge(nn.Module):
    """Says of every part of an image how real it looks.

    Parameters
    ----------
    channels : int
        Of an image, with what it was made for.
    strides : sequence of tuple of int
        How much every level reduces every axis.
    widths : sequence of int
        Channels of every level.

    References
    ----------
    .. [1] P. Isola et al., Image-to-image translation with conditional adversarial
       networks, CVPR (2017), DOI 10.1109/CVPR.2017.632
    """

    def __init__(
        self, channels: int, strides: Sequence[tuple[int, ...]], widths: Sequence[int]
    ) -> None:
        super().__init__()
        ndim, before = len(strides[0]), channels
        layers: list[nn.Module] = []
        for number, (stride, width) in enumerate(zip(strides, widths, strict=True)):
            kernel = tuple(4 if s == 2 else 3 for s in stride)
            layers.append(CONV[ndim](before, width, kernel, stride, padding=1))
            layers += [NORM[ndim](width)] if number else []
            layers.append(nn.LeakyReLU(SLOPE))
            before = width
        self.layers = nn.Sequential(*layers, CONV[ndim](before, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return values (N, 1, [P,] M, N), high where images look real."""
        found: Tensor = self.layers(images)
        return found


class Judging:
    """Teaches a judge, and lets a decoder learn from it.

    Parameters
    ----------
    judge : PatchJudge
        Is changed in place.

    Notes
    -----
    The non-saturating loss of I. Goodfellow et al., Generative adversarial nets, NIPS
    (2014), DOI 10.48550/arXiv.1406.2661.
    """

    def __init__(self, judge: PatchJudge) -> None:
        self.judge = judge.train()
        self.optimiser = torch.optim.Adam(judge.parameters(), betas=(BETA, BETA2))

    def learn(self, images: Tensor, made: Tensor, share: float, rate: float) -> None:
        """Learn to tell images from those that were made.

        Parameters
        ----------
        images, made : Tensor of shape (N, channels, [P,] M, N)
            With what they were made for.
        share : float
            Of the training that is done; the rate falls at its end.
        rate : float
            Highest learning rate.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate * max(min(1.0, (1 - share) / FALLING), LEAST_RATE)
        real, fake = self.judge(images), self.judge(made.detach())
        loss = functional.softplus(-real).mean() + functional.softplus(fake).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def surprise(self, made: Tensor) -> Tensor:
        """Return how far made images are from being taken for real; 0 is best.

        Parameters
        ----------
        made : Tensor
            As of `learn`; gradients reach it.
        """
        self.judge.requires_grad_(False)
        found = functional.softplus(-self.judge(made)).mean()
        self.judge.requires_grad_(True)
        return found
