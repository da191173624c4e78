"""One job at a time, of which only the newest is listened to."""

from collections.abc import Callable
from typing import Any

from napari_morphogen.plugin.jobs import Job

CANCELLED = "Cancelled."


class Latest:
    """Runs a job; a newer one ends the one before, and nothing of it arrives."""

    def __init__(self) -> None:
        self._job: Job | None = None

    @property
    def job(self) -> Job | None:
        """The job that runs."""
        return self._job

    def start(
        self, job: Job, take: Callable[[Any], None], end: Callable[[str], None]
    ) -> None:
        """Start a job.

        Parameters
        ----------
        job : Job
            Not started yet.
        take : callable
            Is given every item.
        end : callable
            Is given what went wrong, `CANCELLED` after `stop`, or nothing.
        """
        self.drop()
        self._job = job
        job.item.connect(lambda item: take(item) if job is self._job else None)
        job.finished.connect(lambda _: self._end(job, end, ""))
        job.failed.connect(lambda text: self._end(job, end, text))
        job.cancelled.connect(lambda: self._end(job, end, CANCELLED))
        job.start()

    def stop(self) -> None:
        """End the job and say so."""
        if self._job is not None:
            self._job.cancel()

    def drop(self) -> None:
        """End the job in silence."""
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _end(self, job: Job, end: Callable[[str], None], text: str) -> None:
        if job is self._job:
            self._job = None
            end(text)
