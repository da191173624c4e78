"""Both ways of computing, one after the other."""

import pytest

from napari_morphogen.fast.modules import SWITCH


@pytest.fixture
def both(monkeypatch):
    """Return what a function gives the compiled way and the plain way."""
    pytest.importorskip("numba")

    def call(function, *args, **kwargs):
        results = []
        for wish in ("now", "off"):
            monkeypatch.setenv(SWITCH, wish)
            results.append(function(*args, **kwargs))
        return results

    return call


@pytest.fixture
def compiled(monkeypatch):
    """See to it that kernels are compiled where they are first needed."""
    pytest.importorskip("numba")
    monkeypatch.setenv(SWITCH, "now")
