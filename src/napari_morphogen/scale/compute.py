"""Where blocks are computed: in this process, by local workers, on a cluster."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from napari_morphogen.params import InputError

AHEAD = 2  # tasks that wait at each worker
PATIENCE = 10  # seconds until a scheduler has answered
RETRIES = 3  # of a block whose worker died
# distributed makes workers give every byte back at once; arrays that come and go by
# the block then cost more time than what is computed of them
SPAWNED = "distributed.nanny.pre-spawn-environ"
KEEPING = {
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "OMP_NUM_THREADS": "1",
}
MISSING = (
    "Computing on several workers needs dask's distributed, which is not installed; "
    'run: pip install "napari-morphogen[cluster]".'
)
Task = Callable[[], Any]


def threads_for(family: str) -> int:
    """Return how many blocks this process computes at once; 0 is one for each core.

    Parameters
    ----------
    family : str
        Of the method: a network takes all cores, and much memory, for one block.
    """
    return 1 if family == "network" else 0


class Compute(Protocol):
    """Runs tasks; `tasks` may grow while it does."""

    @property
    def at_once(self) -> int:
        """How many tasks run at a time."""

    def outcomes(self, tasks: deque[Task]) -> Iterator[Any]:
        """Yield what tasks return, in any order."""


class Here:
    """Threads of this process.

    Parameters
    ----------
    threads : int
        0 is one for each core.
    """

    def __init__(self, threads: int = 0) -> None:
        self.at_once = threads or os.cpu_count() or 1

    def outcomes(self, tasks: deque[Task]) -> Iterator[Any]:
        """Yield what tasks return, in any order."""
        from dask.base import compute

        _import_all()
        words: dict[str, Any] = {"scheduler": "threads", "num_workers": self.at_once}
        while tasks:
            count = min(len(tasks), self.at_once)
            batch = [_delayed(tasks.popleft()) for _ in range(count)]
            yield from compute(*batch, **words)


class Cluster:
    """Workers of a dask cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    name : str
        What users know it by.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    @property
    def at_once(self) -> int:
        """How many tasks run at a time."""
        return max(1, int(sum(self._client.nthreads().values())))

    @property
    def words(self) -> str:
        """Its workers, and where to watch them."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        memory = sum(worker["memory_limit"] for worker in workers) / 1e9
        count = f"{len(workers)} worker{'s' * (len(workers) != 1)}"
        link = self._client.dashboard_link or ""
        watch = f'; <a href="{link}">watch them</a>' if link else ""
        return f"{count} answered, with {memory:.0f} GB of memory{watch}."

    def outcomes(self, tasks: deque[Task]) -> Iterator[Any]:
        """Yield what tasks return, in any order."""
        from distributed import as_completed

        with _lost(self._name):
            waiting = self.at_once * AHEAD
            running = as_completed()
            count = 0
            while tasks or count:
                while tasks and count < waiting:
                    task = tasks.popleft()
                    future = self._client.submit(
                        _called, task, pure=False, retries=RETRIES
                    )
                    running.add(future)
                    count += 1
                future = next(running)
                count -= 1
                yield future.result()


def described(compute: Compute) -> str:
    """Return in words what computes, with a link to the dashboard of a cluster.

    Parameters
    ----------
    compute : Compute
        Of `computing`.
    """
    if isinstance(compute, Cluster):
        return compute.words
    return "This process computes, on all its cores."


@contextmanager
def computing(
    *, workers: int = 0, scheduler: str = "", threads: int = 0
) -> Iterator[Compute]:
    """Give what runs tasks, and let it go in the end.

    Parameters
    ----------
    workers : int
        Processes on this machine; 0 is this process alone.
    scheduler : str
        Address of a dask scheduler, such as ``"tcp://10.0.0.1:8786"``.
    threads : int
        Of this process; 0 is one for each core.

    Raises
    ------
    InputError
        When both are given, nothing answers or distributed is missing.
    """
    if not (workers or scheduler):
        yield Here(threads)
        return
    if workers and scheduler:
        raise InputError("Choose local workers or a scheduler, not both.")
    try:
        import distributed
    except ImportError as error:
        raise InputError(MISSING) from error
    if scheduler:
        try:
            client = distributed.Client(scheduler, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                f"No dask scheduler answers at {scheduler}; start one or mend the "
                "address."
            ) from error
        with client:
            yield Cluster(client, f"the scheduler at {scheduler}")
        return
    if workers < 0:
        raise InputError(f"Expected at least 1 worker, but got {workers}.")
    import dask.config

    with dask.config.set({SPAWNED: KEEPING}):
        local = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None
        )
    with local, distributed.Client(local) as client:
        yield Cluster(client, "the local workers")


@contextmanager
def _lost(name: str) -> Iterator[None]:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except InputError:
        raise
    except (CommClosedError, CancelledError, TimeoutError, StopIteration) as error:
        raise InputError(
            f"The connection to {name} was lost; the finished blocks are kept: start "
            "it and run the same again to go on."
        ) from error
    except KilledWorker as error:
        raise InputError(
            "Several workers died over one block, probably for want of memory; give "
            "them more or choose smaller blocks. The finished blocks are kept."
        ) from error


def _import_all() -> None:
    """Import what methods import where they need it: not in several threads at once."""
    from skimage.filters import threshold_otsu  # noqa: F401
    from skimage.measure import label  # noqa: F401
    from skimage.morphology import local_maxima, reconstruction  # noqa: F401
    from skimage.segmentation import watershed  # noqa: F401


def _delayed(task: Task) -> Any:
    from dask.delayed import delayed

    return delayed(_called, pure=False, traverse=False)(task)


def _called(task: Task) -> Any:
    return task()
