"""Trained segmenters as bioimage.io packages."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export import proof
from napari_morphogen.export.graph import OPSET
from napari_morphogen.export.onnx_models import AXES, about, note
from napari_morphogen.intensity import as_float, fill_broken
from napari_morphogen.nn.normalise import HIGH, LARGEST, LOW
from napari_morphogen.nn.segmenter import Segmenter
from napari_morphogen.nn.tiles import margins_of
from napari_morphogen.params import InputError

FORMAT = "0.5.4"  # that programs of several years read
MOST_HALO = {2: 64, 3: 16}  # pixels that neighbouring tiles share
SHORTEST = 5  # letters of a name
COVER = 256  # pixels along each side of both halves
SHOWN = 512  # pixels of the image along each side
DOI = r"10\.\d{4,9}/[^\s\"<>]+"
UNET = {
    "text": "Ronneberger et al., U-Net: convolutional networks for biomedical image "
    "segmentation, MICCAI 2015",
    "doi": "10.1007/978-3-319-24574-4_28",
}


@dataclass(frozen=True)
class Card:
    """What people want to know of a package.

    Attributes
    ----------
    name : str
        Of the model.
    authors : tuple of str
        At least one.
    license : str
        An SPDX identifier.
    cite : str
        What to cite beside the network's own publication: any words with a DOI or
        an address in them; empty is nothing.
    """

    name: str
    authors: tuple[str, ...]
    license: str = "CC-BY-4.0"
    cite: str = ""

    def check(self) -> None:
        """Raise InputError when something is missing."""
        if not any(author.strip() for author in self.authors):
            raise InputError(
                "A bioimage.io package names its authors; give at least one."
            )
        if not re.fullmatch(r"[A-Za-z0-9.+-]{2,40}", self.license):
            raise InputError(
                f"Expected a licence by its SPDX name, such as CC-BY-4.0 or MIT, but "
                f"got {self.license!r}."
            )
        self.cited()

    def cited(self) -> list[dict[str, str]]:
        """Return what to cite, in the terms of a package.

        Raises
        ------
        InputError
            When it names neither a DOI nor an address.
        """
        text = " ".join(self.cite.split())
        if not text:
            return [UNET]
        if doi := re.search(DOI, text):
            return [UNET, {"text": text, "doi": doi[0].rstrip(".,;)")}]
        if url := re.search(r"https?://\S+", text):
            return [UNET, {"text": text, "url": url[0].rstrip(".,;)")}]
        raise InputError(
            f"A citation holds a DOI, such as 10.1234/abc, or an address, but there is "
            f"none in {text[:80]!r}."
        )


def package(
    segmenter: Segmenter,
    card: Card,
    onnx: bytes,
    script: bytes,
    cover: NDArray[Any] | None = None,
    told: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the content of a bioimage.io package.

    Parameters
    ----------
    segmenter : Segmenter
        Trained.
    card : Card
        What people want to know.
    onnx, script : bytes
        Its weights as both kinds; they take normalised images.
    cover : ndarray of shape (channels, [P,] M, N) or None
        An image that everybody may see, with what the model sees in it; None is
        one of code.
    told : mapping or None
        What was proved of the weights, as JSON holds it.

    Notes
    -----
    Normalisation is described, not hidden in the weights, so that programs that
    predict in tiles normalise the whole image first. The description is JSON, which
    is YAML as well, in the part of the format that old and new programs share.
    """
    card.check()
    image = _example(segmenter)
    (expected,) = proof.expected_of(segmenter, {"": image}).values()
    halves = image[0], expected[0]
    if cover is not None:
        shown = _middle(cover)
        halves = shown, segmenter.predict(shown, channel_axis=0)
    files = {
        "weights.onnx": onnx,
        "weights.pt": script,
        "test_input.npy": _npy(image),
        "test_output.npy": _npy(expected),
        "cover.png": _cover(*halves),
        "README.md": _readme(segmenter, card).encode(),
    }
    described = json.dumps(_rdf(segmenter, card, files, told or {}), indent=1)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"rdf.yaml": described.encode(), **files}.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _rdf(
    segmenter: Segmenter,
    card: Card,
    files: Mapping[str, bytes],
    told: Mapping[str, Any],
) -> dict[str, Any]:
    import torch

    def of(name: str) -> dict[str, str]:
        return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}

    version = torch.__version__.partition("+")[0]
    plain = re.sub(r"[^A-Za-z0-9_+\- ()]", " ", card.name).strip()[:128]
    if len(plain) < SHORTEST:
        plain = f"{plain} segmentation network".strip()
    return {
        "type": "model",
        "format_version": FORMAT,
        "name": plain,
        "description": f"A U-Net that predicts {', '.join(segmenter.classes)}.",
        "authors": [{"name": name} for name in card.authors if name.strip()],
        "license": card.license,
        "cite": card.cited(),
        "tags": ["segmentation", "unet", f"{segmenter.ndim}d", "napari-morphogen"],
        "documentation": "README.md",
        "covers": ["cover.png"],
        "inputs": [_input(segmenter, of("test_input.npy"))],
        "outputs": [_output(segmenter, of("test_output.npy"))],
        "weights": {
            "torchscript": {**of("weights.pt"), "pytorch_version": version},
            "onnx": {
                **of("weights.onnx"),
                "opset_version": OPSET,
                "parent": "torchscript",
            },
        },
        "config": {"morphogen": about(segmenter) | dict(told)},
    }


def _input(segmenter: Segmenter, tensor: dict[str, str]) -> dict[str, Any]:
    config, axes = segmenter.config, AXES[segmenter.ndim]
    strides = config.strides[-1]
    names = [f"channel{i}" for i in range(config.in_channels)]
    percentiles = {"min_percentile": LOW, "max_percentile": HIGH}
    return {
        "id": "image",
        "axes": [
            {"type": "batch"},
            {"type": "channel", "channel_names": names},
            *(
                {"type": "space", "id": axis, "size": {"min": least, "step": step}}
                for axis, least, step in zip(
                    axes, _least(segmenter), strides, strict=True
                )
            ),
        ],
        "test_tensor": tensor,
        "data": {"type": "float32"},
        "preprocessing": [
            {"id": "scale_range", "kwargs": {"axes": list(axes), **percentiles}},
            {"id": "clip", "kwargs": {"min": -LARGEST, "max": LARGEST}},
        ],
    }


def _output(segmenter: Segmenter, tensor: dict[str, str]) -> dict[str, Any]:
    return {
        "id": "probabilities",
        "axes": [
            {"type": "batch"},
            {"type": "channel", "channel_names": _names(segmenter.classes)},
            *(
                {
                    "type": "space",
                    "id": axis,
                    "size": {"tensor_id": "image", "axis_id": axis},
                    "halo": halo,
                }
                for axis, halo in zip(
                    AXES[segmenter.ndim], _halo(segmenter), strict=True
                )
            ),
        ],
        "test_tensor": tensor,
        "data": {"type": "float32"},
    }


def _names(classes: tuple[str, ...]) -> list[str]:
    """Return names of channels as the format allows them: lower-case, no spaces."""
    plain = [re.sub(r"\W+", "_", name.lower()).strip("_") for name in classes]
    return [f"{name or 'class'}_{i}" for i, name in enumerate(plain, 1)]


def _halo(segmenter: Segmenter) -> list[int]:
    config, most = segmenter.config, MOST_HALO[segmenter.ndim]
    strides = config.strides[-1]
    pairs = zip(margins_of(config.reach, strides), strides, strict=True)
    return [min(margin, -(-most // s) * s) for margin, s in pairs]


def _least(segmenter: Segmenter) -> list[int]:
    strides = segmenter.config.strides[-1]
    return [2 * h + s for h, s in zip(_halo(segmenter), strides, strict=True)]


def _example(segmenter: Segmenter) -> NDArray[np.float32]:
    """Return an image of code, not of the user, in the smallest size allowed."""
    rng = np.random.default_rng(0)
    size = (segmenter.config.in_channels, *_least(segmenter))
    return proof.blobs(rng, size)[np.newaxis]


def _npy(values: NDArray[np.float32]) -> bytes:
    content = io.BytesIO()
    np.save(content, values, allow_pickle=False)
    return content.getvalue()


def _middle(image: NDArray[Any]) -> NDArray[Any]:
    """Return the middle of the planes of an image, as large as a cover shows."""
    rows, columns = (max(0, n - SHOWN) // 2 for n in image.shape[-2:])
    return image[..., rows : rows + SHOWN, columns : columns + SHOWN]


def _cover(image: NDArray[Any], found: NDArray[np.float32]) -> bytes:
    """Return a picture: the image on the left, its first map on the right."""
    from PIL import Image

    halves = []
    for values in (image[0], found[0]):
        filled, _ = fill_broken(as_float(values))
        plane = filled[len(filled) // 2] if filled.ndim == 3 else filled
        low, high = np.percentile(plane, (1, 99.8))
        scaled = ((plane - low) / ((high - low) or 1)).clip(0, 1) * 255
        halves.append(Image.fromarray(scaled.astype(np.uint8)).resize((COVER, COVER)))
    picture = Image.new("L", (2 * COVER, COVER))
    for i, half in enumerate(halves):
        picture.paste(half, (i * COVER, 0))
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return content.getvalue()


def _readme(segmenter: Segmenter, card: Card) -> str:
    lines = [
        f"# {card.name}",
        "",
        f"A {segmenter.ndim}-D U-Net that predicts {', '.join(segmenter.classes)}.",
        note(segmenter),
        "",
        "# Training",
        "",
        "| images | steps | seconds | loss | loss on held-out labels |",
        "|--:|--:|--:|--:|--:|",
    ]
    for entry in segmenter.record:
        keys = ("images", "steps", "seconds", "loss", "held_out")
        lines.append("| " + " | ".join(str(entry.get(k, "")) for k in keys) + " |")
    lines += [
        "",
        "# Validation",
        "",
        "Apply the model to images whose segmentation you know, unlike those of the",
        "training, and compare. Loss on held-out labels says how training went, not",
        "how good the model is on your images.",
        "",
    ]
    if card.cite.strip():
        lines += ["# Citation", "", card.cited()[-1]["text"], ""]
    if segmenter.thresholds:
        lines += ["Objects were made with these thresholds:", ""]
        lines += [f"- {k}: {v:g}" for k, v in segmenter.thresholds.items()]
    return "\n".join(lines) + "\n"
