"""Batches made while the network still learns from the one before."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]


class Ahead:
    """Batches by their number, the next one made on a thread of its own.

    Parameters
    ----------
    batches : callable
        Returns the batch of a number; depends on nothing else.

    Examples
    --------
    >>> batches = Ahead(lambda number: (torch.tensor(number), torch.tensor(0)))
    >>> [int(batches(number)[0]) for number in (0, 1, 5)]
    [0, 1, 5]
    """

    def __init__(self, batches: Callable[[int], Batch]) -> None:
        self._batches = batches
        self._pool = ThreadPoolExecutor(
            1, "batches", initializer=torch.set_num_threads, initargs=(1,)
        )
        self._coming: tuple[int, Future[Batch]] | None = None

    def __call__(self, number: int) -> Batch:
        """Return batch `number` and begin with the one after it."""
        if self._coming is not None and self._coming[0] == number:
            found = self._coming[1].result()
        else:
            found = self._batches(number)
        self._coming = number + 1, self._pool.submit(self._batches, number + 1)
        return found
