"""The command `morphogen latent`: a look into a trained VAE."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from napari_morphogen.cli_files import OK
from napari_morphogen.generating.latent import between, compression, walk
from napari_morphogen.params import InputError

MOST = 4096  # axes and images


def add_parser(commands: Any) -> None:
    """Add `latent` to the parser of commands.

    Parameters
    ----------
    commands : argparse subparsers
        Of the command `morphogen`.
    """
    about = "look into a trained VAE: along its axes, between images, there and back"
    parser = commands.add_parser("latent", help=about, description=about)
    kinds = parser.add_subparsers(required=True, metavar="WHAT")

    one = _new(kinds, "walk", "images along a principal axis of the codes", _walk)
    one.add_argument("--axis", type=int, default=1, help="1 is the longest [1]")
    about = "standard deviations from the mean, on either side [2.5]"
    one.add_argument("--reach", type=float, default=2.5, help=about)
    one.add_argument("--count", type=int, default=9, help="images [9]")

    two = _new(kinds, "between", "images on the way from one to another", _between)
    about = "seeds of two samples, or two image files"
    two.add_argument("ends", nargs=2, metavar="END", help=about)
    two.add_argument("--count", type=int, default=9, help="images [9]")

    back = _new(kinds, "compression", "an image encoded and decoded", _compression)
    back.add_argument("image", type=Path, help="like those that were learnt from")


def _new(kinds: Any, name: str, about: str, command: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(
        name, help=about, description=about
    )
    parser.add_argument("model", type=Path, help="file of a trained VAE")
    parser.add_argument("--out", type=Path, required=True, help="image to write")
    parser.add_argument("--condition", default="", help="name of the class, if any")
    parser.set_defaults(command=command)
    return parser


def _walk(given: argparse.Namespace) -> int:
    if not (1 <= given.axis <= MOST and 1 <= given.count <= MOST):
        raise InputError(
            f"Expected --axis and --count of 1 to {MOST}, but got {given.axis} and "
            f"{given.count}."
        )
    positions = np.zeros((given.count, given.axis))
    positions[:, -1] = np.linspace(-given.reach, given.reach, given.count)
    found = walk(given.model, positions.tolist(), condition=given.condition)
    return _written(found, given)


def _between(given: argparse.Namespace) -> int:
    from napari_morphogen.io import read

    ends = [int(end) if end.isdecimal() else read(end) for end in given.ends]
    words = {"count": given.count, "condition": given.condition}
    return _written(between(given.model, *ends, **words), given)


def _compression(given: argparse.Namespace) -> int:
    from napari_morphogen.io import read

    found = compression(given.model, read(given.image), condition=given.condition)
    print(
        f"code   {found.values} values, {found.bytes_code} bytes\n"
        f"patch  {found.pixels} values, {found.bytes_patch} bytes\n"
        f"PSNR   {found.psnr:.1f} dB\nSSIM   {found.ssim:.2f}"
    )
    return _written(found.image, given)


def _written(image: Any, given: argparse.Namespace) -> int:
    from napari_morphogen.io import write

    write(given.out, image)
    print(given.out)
    return OK
