"""Work in a child process, watched from the window."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal  # type: ignore[attr-defined]

from napari_morphogen.params import InputError
from napari_morphogen.worker import POOL, Worker, WorkerStopped

OVER = object()  # after the last message


class Job(QObject):
    """A generator that runs in a worker process.

    All signals arrive in the thread that made the job; after one of
    `finished`, `failed` and `cancelled` none follows.

    Parameters
    ----------
    function : callable
        A module-level generator function.
    *args
        What it is called with.
    """

    item = Signal(object)
    share = Signal(float)  # done of what the generator works on, from 0 to 1
    finished = Signal(float)  # seconds
    failed = Signal(str)
    cancelled = Signal()
    _arrived = Signal(str, object)

    def __init__(self, function: Callable[..., Iterator[Any]], *args: Any) -> None:
        super().__init__()
        self._call = (function, args)
        self._worker: Worker = POOL.take()
        self._worker.listener = lambda share: self._arrived.emit("share", share)
        self._stopped = False
        self._remarks: list[str] = []
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="morphogen-job")
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._teller = threading.Thread(target=self._tell, daemon=True)
        # only a method of this object is sure to be called in this object's thread
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """Whether the job has neither ended nor been cancelled."""
        return self._thread.is_alive() and not self._stopped

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of the results."""
        return tuple(self._remarks)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, message: Any) -> None:
        """Send something to the generator; see `Worker.tell`.

        Parameters
        ----------
        message : object
            May be large: the window does not wait until it is written.
        """
        self._messages.put(message)

    def cancel(self) -> None:
        """End the job's process now; does nothing when the job is over."""
        if self.running:
            self._stopped = True
            self._worker.kill()

    def wait(self) -> None:
        """Block until the thread that watches the process has ended."""
        self._thread.join()

    def _run(self) -> None:
        function, args = self._call
        try:
            for value in self._worker.run(function, *args):
                if not self._teller.is_alive():  # before, the worker knows no job
                    self._teller.start()
                self._arrived.emit("item", value)
            self._remarks += self._worker.remarks
        except (InputError, WorkerStopped) as error:
            self._arrived.emit("cancelled" if self._stopped else "failed", str(error))
        else:
            self._arrived.emit("finished", self.seconds)
        finally:
            self._messages.put(OVER)
            if self._teller.is_alive():
                self._teller.join()
            POOL.give_back(self._worker)

    def _tell(self) -> None:
        while (message := self._messages.get()) is not OVER:
            self._worker.tell(message)

    def _deliver(self, kind: str, value: Any) -> None:
        signal = getattr(self, kind)
        if kind == "cancelled":
            signal.emit()
        else:
            signal.emit(value)
