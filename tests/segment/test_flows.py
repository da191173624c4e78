"""Energies that fall, and what they lead to, against scikit-image and by hand."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import restoration

from napari_morphogen.params import last
from napari_morphogen.segment.flows import ambrosio_tortorelli, smooth_flow

FLOWS = ("total variation", "perona-malik")
SPACINGS = pytest.mark.parametrize(
    ("shape", "spacing"), [((40, 50), ()), ((9, 20, 24), (2.5, 1.0, 1.0))]
)


def _steps(method, image, spacing):
    if method == "ambrosio_tortorelli":
        return ambrosio_tortorelli(image, tolerance=0, iterations=30, spacing=spacing)
    return smooth_flow(image, flow=method, tolerance=0, iterations=30, spacing=spacing)


@SPACINGS
@pytest.mark.parametrize("method", ["ambrosio_tortorelli", *FLOWS])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_energy_falls(shape, spacing, method, dtype, blobs):
    noise = 0.1 * np.random.default_rng(0).normal(size=shape)
    image = (blobs(shape) + noise).astype(dtype)
    energies = [step.energy for step in _steps(method, image, spacing)]
    assert len(energies) > 10
    assert (np.diff(energies) < 0).all()


def _mumford_shah(f, u, v, a, b, e, spacing):
    """The energy per pixel, pair of neighbours by pair of neighbours."""
    energy = ((u - f) ** 2).sum() + b * ((1 - v) ** 2).sum() / (4 * e)
    for at in np.ndindex(*f.shape):
        for axis, size in enumerate(spacing):
            to = list(at)
            to[axis] += 1
            if to[axis] < f.shape[axis]:
                to = tuple(to)
                slope, turn = (u[to] - u[at]) / size, (v[to] - v[at]) / size
                energy += a * (v[to] ** 2 + v[at] ** 2) / 2 * slope**2
                energy += b * e * turn**2
    return energy / f.size


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (3.0, 1.0)])
def test_energy_of_ambrosio_tortorelli_is_as_defined(spacing, blobs):
    f = blobs((12, 14))
    given = {"smoothness": 4.0, "contrast": 0.3, "width": 1.5}
    step = list(ambrosio_tortorelli(f, iterations=3, spacing=spacing, **given))[-1]
    u, edges = step.result()
    expected = _mumford_shah(f, u, 1 - edges, 16, 0.09 * 4 / 2, 1.5, spacing)
    assert step.energy == pytest.approx(expected, rel=1e-9)


@SPACINGS
def test_regions_become_flat_and_edges_stay(shape, spacing):
    truth = np.zeros(shape)
    truth[..., shape[-1] // 2 :] = 100
    image = truth + np.random.default_rng(0).normal(size=shape) * 5
    smooth, edges = last(ambrosio_tortorelli(image, spacing=spacing))
    assert np.abs(smooth - truth).mean() < 0.4 * np.abs(image - truth).mean()
    middle = [shape[-1] // 2 - 1, shape[-1] // 2]
    assert edges[..., middle].min() > 0.7
    assert np.delete(edges, [m + d for m in middle for d in (-1, 0, 1)], -1).max() < 0.5
    assert 0 <= edges.min() and edges.max() <= 1


def test_steps_lower_than_the_contrast_are_smoothed():
    image = np.zeros((20, 60))
    image[:, 20:40], image[:, 40:] = 0.1, 1
    edges = last(ambrosio_tortorelli(image, contrast=0.3, smoothness=5.0)).edges
    assert edges[:, 39].min() > 0.8
    assert edges[:, 19].max() < 0.3


def test_total_variation_is_lower_than_that_of_skimage(blobs):
    f = blobs((40, 50)) + 0.1 * np.random.default_rng(0).normal(size=(40, 50))
    f = (f - f.min()) / np.ptp(f)
    theirs = restoration.denoise_tv_chambolle(f, 0.1, eps=1e-9, max_num_iter=3000)
    ours = last(smooth_flow(f, weight=0.1, iterations=2000, tolerance=1e-9))

    def energy(u):
        steps = [np.diff(u, axis=k, append=u.take([-1], k)) for k in (0, 1)]
        return ((u - f) ** 2).sum() / 2 + 0.1 * np.sqrt(sum(s**2 for s in steps)).sum()

    assert energy(ours) < 1.002 * energy(theirs)
    np.testing.assert_allclose(ours, theirs, atol=0.02)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.0, 1.0)])
def test_perona_malik_is_diffusion(spacing, blobs):
    f = blobs((12, 15))
    f = (f - f.min()) / np.ptp(f)
    k, expected = 0.05, f.copy()
    pace = 1 / (4 * sum(1 / s**2 for s in spacing))
    for _ in range(4):
        flow = np.zeros_like(f)
        for axis, size in enumerate(spacing):
            for way in (1, -1):
                beside = np.roll(expected, way, axis)
                border = [slice(None)] * 2
                border[axis] = 0 if way == 1 else -1
                beside[tuple(border)] = expected[tuple(border)]
                d = (beside - expected) / size
                flow += d / (1 + (d / k) ** 2) / size
        expected = expected + pace * flow
    found = last(smooth_flow(f, flow="perona-malik", contrast=k, iterations=4,
                             tolerance=0, spacing=spacing))  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("flow", FLOWS)
def test_noise_goes_and_the_step_stays(flow):
    truth = np.repeat([[0.0] * 20 + [100.0] * 20], 30, axis=0)
    image = truth + np.random.default_rng(0).normal(size=truth.shape) * 3
    found = last(smooth_flow(image, flow=flow))
    assert found[:, :18].std() < 0.5 * image[:, :18].std()
    assert (found[:, 20] - found[:, 19]).min() > 70


@pytest.mark.parametrize("flow", FLOWS)
def test_coarse_planes_are_smoothed_less(flow, blobs):
    image = blobs((12, 20, 20))
    given = {"flow": flow, "contrast": 0.5}
    near, far = (
        last(smooth_flow(image, spacing=(size, 1.0, 1.0), **given)) for size in (1, 8)
    )
    rough = [np.abs(ndimage.laplace(u).mean()) for u in (near, far)]
    change = [np.abs(np.diff(u - image, axis=0)).mean() for u in (near, far)]
    assert np.isfinite(rough).all()
    assert change[1] < change[0]


def test_number_of_iterations_is_the_most(blobs):
    image = blobs((20, 20))
    steps = list(ambrosio_tortorelli(image, iterations=7, tolerance=0))
    assert [step.number for step in steps] == list(range(1, 8))
    early = last(ambrosio_tortorelli(image, iterations=3, tolerance=0))
    for ours, theirs in zip(steps[2].result(), early, strict=True):
        np.testing.assert_array_equal(ours, theirs)
