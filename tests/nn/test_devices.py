"""Where networks compute: what can be told without a graphics card."""

import pytest
import torch

from napari_morphogen.nn import devices
from napari_morphogen.nn.networks import UNet, UNetConfig, lay_out
from napari_morphogen.nn.train import Learner
from napari_morphogen.params import InputError


@pytest.fixture
def apple(monkeypatch):
    """Pretend to have Apple's device and no other."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.parametrize(
    ("version", "ndim", "found"),
    [
        ("2.8.1", 2, "mps"),
        ("2.8.1", 3, "cpu"),
        ("2.9.0", 3, "mps"),
        ("2.13.0+cpu", 3, "mps"),
    ],
)
def test_volumes_wait_for_a_torch_that_pools_them(
    apple, monkeypatch, version, ndim, found
):
    monkeypatch.setattr(torch, "__version__", version)
    assert devices.device("auto", ndim) == found
    assert devices.device("cpu", ndim) == "cpu"


def test_a_device_that_is_not_there_is_one_sentence(apple):
    with pytest.raises(
        InputError, match=r'no device "cuda" here; choose auto, mps, cpu'
    ):
        devices.device("cuda")


def test_channels_come_last_but_on_apples_devices():
    network = UNet(UNetConfig(width=4))
    for device, last in (("mps", False), ("cuda", True), ("cpu", True)):
        lay_out(network, device)
        weight = network.encoder[1][0].weight
        assert weight.is_contiguous(memory_format=devices.layout(device))
        assert weight.is_contiguous() != last


@pytest.mark.parametrize("native", [True, False])
def test_precision_is_mixed_where_the_device_computes_bfloat16(monkeypatch, native):
    asked = []

    def supported(including_emulation=True):
        asked.append(including_emulation)
        return native

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert devices.mixed_precision("cuda") is native and asked == [False]
    assert not devices.mixed_precision("cpu") and not devices.mixed_precision("mps")


def test_weights_and_targets_stay_single_where_precision_is_mixed(monkeypatch):
    """The arithmetic of a mixed step, with bfloat16 on the processor instead."""
    autocast = torch.autocast
    monkeypatch.setattr(
        torch, "autocast", lambda _, *args, **kw: autocast("cpu", *args, **kw)
    )
    torch.manual_seed(0)
    images, targets = torch.randn(2, 1, 16, 16), torch.rand(2, 1, 16, 16)
    seen = []

    def loss(predicted, wanted):
        seen.append((predicted.dtype, wanted.dtype))
        return torch.nn.functional.mse_loss(predicted, wanted)

    def weights(mixed):
        torch.manual_seed(0)
        network = UNet(UNetConfig(width=4, out_channels=1))
        learner = Learner(network, lambda _: (images, targets), loss, rate=1e-3)
        learner.mixed = mixed
        for number in range(3):
            assert torch.isfinite(learner(number, 0.5))
        assert all(p.dtype == torch.float32 for p in network.parameters())
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    apart = (weights(True) - weights(False)).abs().max()
    assert 0 < apart < 0.01
    assert set(seen) == {(torch.float32, torch.float32)}
