"""Parameters read from an image with labels are those it was made with."""

import numpy as np
import pytest

from napari_morphogen import write
from napari_morphogen.cli import main
from napari_morphogen.generate.cells import synthetic_cells
from napari_morphogen.generate.likeness import cells_like
from napari_morphogen.params import InputError, check

WIDE = {"height": 300, "width": 320, "out_of_focus": 0.0, "unevenness": 0.0}


@pytest.mark.parametrize(
    ("name", "low", "high", "within"),
    [
        ("radius", 7.0, 14.0, 0.08),
        ("elongation", 1.2, 2.0, 0.1),
        ("blur", 1.0, 3.0, 0.35),
        ("photons", 80.0, 600.0, 0.5),
        ("brightness_spread", 0.1, 0.4, 0.35),
        ("radius_spread", 0.1, 0.3, 0.35),
    ],
)
def test_known_parameter_is_found(name, low, high, within):
    found = []
    for value in (low, high):
        made = synthetic_cells(**WIDE, **{name: value}, count=50, texture=0.05, seed=4)
        found.append(cells_like(*made)[name])
        assert found[-1] == pytest.approx(value, rel=within)
    assert found[1] > 1.5 * found[0]


def test_outlines_and_touching():
    plain, ragged = (
        cells_like(*synthetic_cells(**WIDE, irregularity=value, seed=2))
        for value in (0.0, 0.25)
    )
    assert plain["irregularity"] < 0.06 < 0.12 < ragged["irregularity"]
    for share in (0.0, 0.8):
        made = synthetic_cells(**WIDE, touching=share, count=30, seed=1)
        assert cells_like(*made)["touching"] == pytest.approx(share, abs=0.1)


@pytest.mark.parametrize("depth", [1, 8])
def test_what_is_found_makes_such_cells(depth):
    size = {"height": 100, "width": 120, "depth": depth}
    image, labels = synthetic_cells(**size, count=12, radius=7.0, seed=3)
    found = cells_like(image, labels)
    check(synthetic_cells, {**found, "seed": 1})
    again, numbers = synthetic_cells(**found, seed=1)
    assert again.shape == image.shape and numbers.max() == 12
    inside = [a[t > 0].mean() / a.std() for a, t in ((image, labels), (again, numbers))]
    assert inside[0] == pytest.approx(inside[1], rel=0.4)


def test_scale_of_the_intensities_does_not_matter():
    image, labels = synthetic_cells(**WIDE, seed=2)
    one, other = cells_like(image, labels), cells_like(image * 7.0, labels)
    assert one == pytest.approx(other, rel=0.01)


def test_hostile_input():
    image, labels = synthetic_cells(height=64, width=64, count=5, radius=7.0)
    with pytest.raises(InputError, match="No object"):
        cells_like(image, labels * 0)
    with pytest.raises(InputError, match="not brighter"):
        cells_like(-image, labels)
    with pytest.raises(InputError, match="not brighter"):
        cells_like(np.ones((12, 12)), np.ones((12, 12), int))
    with pytest.raises(InputError, match="of shape"):
        cells_like(image, labels[:5])
    image[3:8, 3:8] = np.nan
    noiseless = (labels > 0).astype(np.uint8) * 200
    one_pixel = np.zeros((9, 9), int)
    one_pixel[4, 4] = 1
    for given in (
        (image, labels),
        (noiseless, labels),
        (one_pixel, one_pixel),
    ):
        found = cells_like(*given)
        check(synthetic_cells, {**found, "seed": 1})
        assert all(np.isfinite(value) for value in found.values())


def test_the_command_says_that_nothing_is_labelled(tmp_path, capsys):
    image, labels = synthetic_cells(height=40, width=40, count=3, seed=1)
    write(tmp_path / "image.tif", image)
    write(tmp_path / "labels.tif", labels * 0)
    pair = [str(tmp_path / f"{name}.tif") for name in ("image", "labels")]
    call = ["generate", "synthetic_cells", str(tmp_path / "new.tif"), "--like", *pair]
    assert main(call) == 2
    assert "o object is labelled" in capsys.readouterr().err
    assert not (tmp_path / "new.tif").exists()
