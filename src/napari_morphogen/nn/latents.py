"""The codes of a VAE: what images become, and what codes become."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from napari_morphogen.nn.generator import Generator
from napari_morphogen.nn.generator_patches import Range, value_range
from napari_morphogen.nn.latent_flow import carried
from napari_morphogen.nn.vae import VAE
from napari_morphogen.params import InputError

AT_ONCE = 64  # patches


class Latents:
    """The latent space of a trained VAE.

    Parameters
    ----------
    model : Generator
        Of the kind vae or cvae.
    condition : int or None
        The class that all images have, where the model knows classes; by default the
        first.

    Raises
    ------
    InputError
        When the model has no codes, or no such class.
    """

    def __init__(self, model: Generator, condition: int | None = None) -> None:
        network = model.network()
        if not isinstance(network, VAE):
            raise InputError(
                f"A generator of the kind {model.config.kind} has no codes to look at; "
                "choose a vae or cvae."
            )
        if model.config.maps:
            raise InputError(
                "The codes of a CVAE that was told labels make images of labels only; "
                "choose a vae, or a cvae of classes."
            )
        if condition is not None and condition >= network.classes:
            raise InputError(
                f"The generator has no class {condition}; choose one below "
                f"{network.classes}."
            )
        self.model, self._network = model, network
        self._condition = (condition or 0) if network.classes else None
        self._each = model.record.get("each") is True

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean code of the training patches, of shape (latent,)."""
        return np.asarray(self._network.mean.numpy())

    @property
    def axes(self) -> NDArray[np.float32]:
        """Principal axes of the training patches' codes, the longest first.

        Of shape (latent, latent); the length of a row is one standard deviation.
        """
        return np.asarray(self._network.axes.numpy())

    def range_of(self, image: NDArray[Any]) -> Range:
        """Return the intensities that are -1 and 1 in an image (channels, ...).

        They are its own where every image was brought to the same brightness in
        training.
        """
        return value_range([image]) if self._each else self.model.range

    def codes(
        self, images: ArrayLike, intensities: Range | None = None
    ) -> NDArray[np.float32]:
        """Return the mean codes of patches.

        Parameters
        ----------
        images : array_like of shape (N, channels, [P,] M, N)
            Any real dtype.
        intensities : Range, optional
            Of the image that they are from; by default those that were learnt from.

        Returns
        -------
        codes : ndarray of float32, shape (N, latent)
        """
        given = np.asarray(images)
        inside = [(intensities or self.model.range).inside(image) for image in given]

        def encoded(part: Tensor) -> Tensor:
            found: Tensor = self._network.encode(part, self._classes(len(part)))[0]
            return found

        return _in_parts(encoded, np.stack(inside))

    def images(
        self, codes: ArrayLike, intensities: Range | None = None
    ) -> NDArray[np.float32]:
        """Return the images of codes.

        Parameters
        ----------
        codes : array_like of shape (N, latent)
            Of `codes`, or any other.
        intensities : Range, optional
            As of `codes`.
        """

        def decoded(part: Tensor) -> Tensor:
            found = self._network.decode(part, self._classes(len(part)))
            return found.clamp(-1, 1)

        made = _in_parts(decoded, np.asarray(codes, np.float32))
        return (intensities or self.model.range).outside(made)

    def drawn(self, noise: ArrayLike) -> NDArray[np.float32]:
        """Return the codes that noise (N, latent) becomes, as samples are drawn."""

        def draw(part: Tensor) -> Tensor:
            return self._network.draw(part, self._classes(len(part)))

        return _in_parts(draw, np.asarray(noise, np.float32))

    def noise(self, codes: ArrayLike) -> NDArray[np.float32]:
        """Return the noise that becomes codes (N, latent): `drawn` backwards."""
        network = self._network

        def undrawn(part: Tensor) -> Tensor:
            classes = self._classes(len(part))
            standard = (part - network.mean) / network.std
            return carried(
                lambda x, time: -network.flow(x, 1 - time, classes), standard, 60
            )

        return _in_parts(undrawn, np.asarray(codes, np.float32))

    def between(self, ends: ArrayLike, count: int) -> NDArray[np.float32]:
        """Return images on the way from one code to another.

        Parameters
        ----------
        ends : array_like of shape (2, latent)
            The first and the last code.
        count : int
            Images, both ends among them.

        Notes
        -----
        The way is a great circle between the two in the space of noise: halfway
        between two codes there may be nothing that looks like an image, halfway
        between two draws of noise there is.
        """
        noise = self.noise(ends)
        there = np.linspace(0, 1, count)
        codes = self.drawn(_arc(noise[0], noise[1], there))
        codes[[0, -1]] = np.asarray(ends)  # not by way of there and back
        return self.images(codes)

    def _classes(self, count: int) -> Tensor | None:
        if self._condition is None:
            return None
        return torch.full((count,), self._condition)


def _arc(first: NDArray[Any], last: NDArray[Any], there: NDArray[Any]) -> NDArray[Any]:
    """Return points at shares of the way, whose lengths go from one to the other's."""
    sizes = np.linalg.norm([first, last], axis=1)
    one, other = (v / max(s, 1e-12) for v, s in zip((first, last), sizes, strict=True))
    angle = np.arccos(np.clip(one @ other, -1, 1))
    share = there[:, None]
    if np.sin(angle) < 1e-6:
        return np.asarray((1 - share) * first + share * last)
    mixed = np.sin((1 - share) * angle) * one + np.sin(share * angle) * other
    length = (1 - share) * sizes[0] + share * sizes[1]
    return np.asarray(mixed / np.sin(angle) * length)


def _in_parts(function: Any, given: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = range(0, len(given), AT_ONCE)
    with torch.inference_mode():
        found = [function(torch.from_numpy(given[i : i + AT_ONCE])) for i in parts]
    return np.concatenate([one.float().numpy() for one in found])
