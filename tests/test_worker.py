"""The worker process: same results, clear ends."""

import os
import time
import warnings

import numpy as np
import pytest

from napari_morphogen.params import InputError, Remark
from napari_morphogen.pipeline import frames, plan
from napari_morphogen.worker import Pool, Worker, WorkerStopped, _told_between


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def test_frames_equal_those_computed_here(worker):
    image = np.random.default_rng(0).random((3, 40, 50))
    todo = plan("gradient", image, axes="tyx")
    there = dict(worker.run(frames, todo))
    here = dict(frames(todo))
    assert list(there) == list(here) == [(0,), (1,), (2,)]
    for index in here:
        np.testing.assert_array_equal(there[index]["image"], here[index]["image"])


def test_one_worker_does_one_job_after_another(worker):
    for size in (10, 20):
        todo = plan("threshold", np.eye(size), min_size=0)
        ((_, frame),) = worker.run(frames, todo)
        assert frame["labels"].shape == (size, size)


def test_input_errors_arrive_as_they_are_and_the_worker_lives(worker):
    with pytest.raises(InputError, match="magic"):
        list(worker.run(plan, "magic", np.eye(4)))
    assert worker.alive


def test_a_crash_is_told_in_its_last_words(worker):
    with pytest.raises(WorkerStopped, match="ZeroDivisionError"):
        list(worker.run(divmod, 1, 0))
    assert not worker.alive


def test_remarks_arrive_once_beside_the_items(worker):
    twice = (["Memory was short."] * 2, [Remark] * 2)
    assert list(worker.run(map, warnings.warn, *twice)) == [None, None]
    assert worker.remarks == ["Memory was short."]
    assert list(worker.run(iter, [2])) == [2]
    assert worker.remarks == []


def only_here():
    yield 1


def test_a_job_that_the_worker_cannot_read_fails(worker):
    with pytest.raises(WorkerStopped, match="failed"):
        list(worker.run(only_here))


def test_prints_of_libraries_do_not_disturb(worker):
    list(worker.run(map, print, ["noise"]))
    assert worker.alive


def test_killing_ends_a_running_job_at_once(worker):
    job = worker.run(map, time.sleep, [0, 60])
    next(job)
    start = time.monotonic()
    worker.kill()
    with pytest.raises(WorkerStopped, match="from outside"):
        next(job)
    assert time.monotonic() - start < 1


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="POSIX only")
def test_closing_the_pipe_ends_the_child(worker):
    worker._process.stdin.close()
    assert worker._process.wait(10) == 0


def test_pool_hands_out_a_warm_worker_and_replaces_a_dead_one():
    pool = Pool()
    first = pool.take()
    pool.give_back(first)
    assert pool.take() is first
    first.kill()
    pool.give_back(first)
    second = pool.take()
    assert second is not first and second.alive
    second.close()
    pool.close()


def test_a_running_generator_hears_what_it_is_told(worker):
    told = []
    between = _told_between(_listener(told), messages := [])
    assert next(between) == "ready"
    messages += ["a", "b"]
    assert next(between) == 1
    assert next(between) == 2
    assert told == [["a", "b"], None]
    assert messages == []


def _listener(told):
    told.append((yield "ready"))
    told.append((yield 1))
    yield 2
