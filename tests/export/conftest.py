import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="session")
def segmenter():
    """Return a maker of networks whose normalisation has seen some images."""
    return _segmenter


def _segmenter(task="instances", *, diameter=0.0, **words):
    import torch

    from napari_morphogen.nn.networks import UNet, UNetConfig
    from napari_morphogen.nn.segmenter import CLASSES, Segmenter

    classes = CLASSES.get(task, ("sky", "sea", "land", "ice"))
    ndim = words.get("ndim", 2)
    usual = {"width": 4, "factors": ((2,) * ndim,) * 3}
    config = UNetConfig(**usual | words, out_channels=len(classes))
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = UNet(config)
    for _ in range(5):
        size = (2, config.in_channels, *[32] * config.ndim)
        network(torch.randn(size, generator=generator))
    with torch.no_grad():
        network.head.weight.mul_(8)  # far from one half everywhere
    weights = network.state_dict()
    spacing = (1.0,) * ndim
    return Segmenter(config, weights, task, classes, spacing, diameter)
