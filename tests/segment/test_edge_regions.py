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


def test_ball_sampled_anisotropically_has_its_volume():
    away, _ = ring((20, 60, 60), (10, 30, 30), spacing=(3.0, 1, 1))
    labels = edge_regions(
        (away <= 18) * 100,
        sigma=1.5,
        low_threshold=0.8,
        gap=4,
        border=False,
        spacing=(3.0, 1.0, 1.0),
    )
    inside = labels == labels[10, 30, 30]
    assert labels[10, 30, 30] > 0
    assert inside.sum() * 3 == pytest.approx(4 / 3 * np.pi * 18**3, rel=0.15)


def test_touching_squares_of_other_brightness_are_two_regions():
    image = np.zeros((60, 90))
    image[15:45, 15:45], image[15:45, 45:75] = 100, 200
    labels = edge_regions(image, border=False, gap=2, low_threshold=0.9)
    assert labels[30, 30] != labels[30, 60]
    for column in (30, 60):
        area = (labels == labels[30, column]).sum()
        assert area == pytest.approx(900, rel=0.1)
