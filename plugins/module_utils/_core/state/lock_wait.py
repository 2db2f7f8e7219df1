# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for other runs, until lock_timeout is over."""

from __future__ import annotations

from ..engine.errors import Busy
from ..engine.interfaces import Clock
from ..engine.model import Record
from ..engine.timing import require_seconds
from .claims import Claimant
from .journal import Holder, JournalEntry, ProcessTable
from .lock_records import LockRecords

_POLL = 0.5
"""Seconds between two looks at a lock that another run holds."""


class LockWait:
    """`lock_timeout`, in seconds, is how long to wait altogether. Raise InvalidInput if it is out of range."""

    def __init__(self, records: LockRecords, processes: ProcessTable, clock: Clock, lock_timeout: float) -> None:
        require_seconds("lock_timeout", lock_timeout)
        self._records = records
        self._processes = processes
        self._clock = clock
        self._deadline = clock.monotonic() + lock_timeout
        self._was_last_attempt = False

    def may_live(self, record: Record, run: JournalEntry | Claimant) -> bool:
        """Whether the run that wrote this record may still be alive. Raise JournalFailed."""
        is_dead = self._processes.is_dead(run.holder)
        if is_dead is None:
            return self._records.age(record) <= run.lease
        return not is_dead

    def for_run(self, container: str, run: JournalEntry | Claimant) -> None:
        """Wait for a moment, because this run keeps another one off `container`. Raise Busy."""
        if self._is_over():
            where = "it" if run.container == container else f"{run.container}, which is related to it"
            raise Busy(
                f"Container {container} was not changed: another run is working on {where} (process {run.holder.pid} on "
                f"{run.holder.host}), and did not end within lock_timeout. Wait for it, or raise lock_timeout."
            )
        self._clock.sleep(_POLL)

    def before_next_attempt(self, container: str, me: Holder) -> None:
        """Wait for a moment, because runs on related containers made this run withdraw. Raise Busy.

        The moment differs between runs, so that two runs that met and withdrew do not meet again.
        """
        if self._was_last_attempt:
            raise Busy(
                f"Container {container} was not changed: runs on containers that are related to it were in the way until lock_timeout was "
                "over. Wait for them, or raise lock_timeout."
            )
        self._was_last_attempt = self._is_over()
        self._clock.sleep(_POLL * (1 + int.from_bytes(me.token.encode(), "big") % 97) / 98)

    def _is_over(self) -> bool:
        return self._clock.monotonic() >= self._deadline
