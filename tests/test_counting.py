"""How far a computation is, whatever lies in what."""

import numpy as np
import pytest

from napari_morphogen import run
from napari_morphogen.counting import counted, telling
from napari_morphogen.pipeline import plan, states
from napari_morphogen.samples import trained_model
from napari_morphogen.worker import Worker


def test_nobody_listens():
    assert list(counted("abc")) == ["a", "b", "c"]


def test_what_lies_within_is_a_part_and_ends_leave_no_trace():
    told = []
    with telling(told.append):
        for plane in counted(range(2)):
            if plane == 1:
                with pytest.raises(ZeroDivisionError):
                    for _ in counted(range(4)):
                        raise ZeroDivisionError
            list(counted(range(2)))
            with telling(None):
                list(counted(range(9)))
        assert list(counted([])) == []
        list(counted("a"))
    assert told == [0.25, 0.5, 0.5, 0.75, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("task", ["instances", "semantic"])
def test_planes_and_tiles_of_a_network(task):
    told = []
    method = {"instances": "network_objects", "semantic": "network_classes"}[task]
    volume = np.random.default_rng(0).random((2, 130, 130))
    with telling(told.append):
        run(method, volume, model=trained_model(task), tile=64)
    assert told == sorted(told) and told[-1] == 1.0
    assert len(set(told)) > 8


def test_a_worker_says_how_far_it_is():
    volume = np.random.default_rng(0).random((8, 400, 400))
    words = {"model": trained_model("semantic"), "tile": 128, "flips": True}
    worker, told = Worker(), []
    worker.listener = told.append
    (state,) = worker.run(states, plan("network_classes", volume, **words))
    assert state.done
    assert told == sorted(told) and len(told) >= 3
    assert all(0 < share <= 1 for share in told)
    worker.close()
