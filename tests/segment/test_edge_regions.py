import numpy as np
import pytest

from napari_morphogen.segment.edge_regions import edge_regions


def ring(shape, centre, spacing=(1, 1)):
    """Return distance from the centre and angle of every pixel."""
    grids = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    parts = [(g - c) * s for g, c, s in zip(grids, centre, spacing, strict=True)]
    away = np.sqrt(sum(p**2 for p in parts))
    return away, np.arctan2(parts[-2], parts[-1])


def test_disc_comes_out_with_its_area():
    away, _ = ring((80, 80), (40, 40))
    labels = edge_regions((away <= 20) * 100, border=False)
    assert labels.max() == 1
    assert labels.sum() == pytest.approx((away <= 20).sum(), rel=0.03)


def test_surroundings_are_a_region_too():
    away, _ = ring((80, 80), (40, 40))
    labels = edge_regions((away <= 20) * 100)
    assert labels.max() == 2 and (labels > 0).all()


@pytest.mark.parametrize(("gap", "closed"), [(0.0, False), (12.0, True)])
def test_gap_in_the_outline_is_closed(gap, closed):
    away, angle = ring((120, 120), (60, 60))
    image = np.where(np.abs(away - 35) < 2, 100.0, 0)
    image[np.abs(angle) < 0.1] = 0  # about 7 pixels of the outline are missing
    labels = edge_regions(image, gap=gap, border=False, sigma=1, min_size=300)
    assert bool(labels[60, 60]) is closed
    if closed:
        inside = labels == labels[60, 60]
        assert inside.sum() == pytest.approx((away <= 35).sum(), rel=0.06)


@pytest.mark.parametrize("gap", [4.0, 8.0])  # Canny leaves gaps where three meet
def test_regions_of_a_mosaic_have_their_areas(gap):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:120, :150]
    centres = np.stack(np.meshgrid([20, 60, 100], [25, 75, 125]), -1).reshape(-1, 2)
    away = [np.hypot(y - r, x - c) for r, c in centres + rng.integers(-5, 6, (9, 2))]
    cells = np.argmin(away, axis=0)
    image = np.array([0, 90, 180, 200, 20, 110, 60, 150, 240])[cells]
    labels = edge_regions(image, low_threshold=0.5, high_threshold=0.8, gap=gap)
    assert (labels > 0).all() and labels.max() == 9
    for cell in range(9):
        inside = labels[cells == cell]
        number = np.bincount(inside).argmax()
        both = (inside == number).sum()
        assert both > 0.9 * ((labels == number) | (cells == cell)).sum()


def test_object_cut_by_the_border_is_apart_from_its_surroundings():
    away, _ = ring((80, 80), (0, 40))
    labels = edge_regions((away <= 20) * 100, gap=0)
    assert labels[0, 40] != labels[79, 40]
    assert (labels == labels[0, 40]).sum() == pytest.approx(
        (away <= 20).sum(), rel=0.05
    )
    assert not edge_regions((away <= 20) * 100, border=False).any()


def test_broken_pixels_do_not_join_regions():
    away, _ = ring((80, 80), (40, 40))
    image = np.where(away <= 20, 100.0, 0)
    image[36:44, 52:70] = np.nan  # a hole in the outline
    labels = edge_regions(image, gap=0)
    assert labels[40, 40] != labels[5, 5]
    assert not labels[36:44, 52:70].any()


def test_ball_sampled_anisotropically_has_its_volume():
    away, _ = ring((20, 60, 60), (10, 30, 30), spacing=(3.0, 1, 1))
    given = {"low_threshold": 0.8, "gap": 4, "border": False}
    labels = edge_regions(
        (away <= 18) * 100, sigma=1.5, spacing=(3.0, 1.0, 1.0), **given
    )
    assert labels.max() == 1
    assert labels.sum() * 3 == pytest.approx(4 / 3 * np.pi * 18**3, rel=0.12)


def test_touching_squares_of_other_brightness_are_two_regions():
    image = np.zeros((60, 90))
    image[15:45, 15:45], image[15:45, 45:75] = 100, 200
    labels = edge_regions(image, border=False, gap=2, low_threshold=0.9)
    assert labels[30, 30] != labels[30, 60]
    for column in (30, 60):
        area = (labels == labels[30, column]).sum()
        assert area == pytest.approx(900, rel=0.1)
