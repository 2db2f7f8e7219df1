# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run writes down before it touches anything, and how runs keep out of each other's way.

The journal lies in the engine, so that any later run finds it, from any machine. To write where something is written already changes
nothing and gives back what is there, which makes a lock of it: whoever reads its own token back holds it.

A lock whose holder died is never erased and taken again, since two rescuers could do that to each other. It is succeeded: the rescuer
takes a second lock, named after the dead holder's token. Should the rescuer die too, the next one succeeds the rescuer, and so on.
"""

from __future__ import annotations

import json
import typing as t

from ..engine.errors import InvalidInput
from ..engine.model import Document

if t.TYPE_CHECKING:
    from ..container.dependents import Dependent
    from .archives import ArchiveRecord


class Holder(t.NamedTuple):
    """Who runs: `token` is unique, the rest tells another run whether this one still lives.

    `boot` and `pid_namespace` identify the kernel and the name space in which `pid` and `pid_started` mean something. `local` is true
    when the engine is on that same machine.
    """

    token: str
    host: str
    boot: str
    pid_namespace: str
    pid: int
    pid_started: str
    local: bool


class JournalEntry(t.NamedTuple):
    """What a run is about to do: enough to bring the old container back, or to see the new one through.

    `old_status` is what the old container was doing and `old_started_at` since when, by the engine's time stamp; `runs` tells whether it
    is meant to run, `restart_policy` what it had, `time_to_health` in seconds what its health check needs, `dependents` who depends on
    it. `returning` is set when the new container is one that was there before. `lease` in seconds is the longest that the run can take
    from here on. With `announces_touch` the old container is not touched before a note at `touch_key` the entry says so. The archive is
    remembered with `rollout`.
    """

    container: str
    archive: str
    old_id: str
    old_image_ref: str
    old_image_id: str
    old_status: str
    old_started_at: str
    runs: bool
    restart_policy: Document
    time_to_health: float
    dependents: tuple[Dependent, ...]
    new_image_ref: str
    new_image_id: str
    stop_timeout: int
    returning: ArchiveRecord | None
    keep_archive: bool
    lease: float
    holder: Holder
    announces_touch: bool = False
    rollout: str = ""

    @property
    def starts(self) -> bool:
        """Whether the new container is to run."""
        return self.returning.runs if self.returning else self.runs

    def to_text(self) -> str:
        fields = {
            **self._asdict(),
            "dependents": [dependent._asdict() for dependent in self.dependents],
            "returning": self.returning._asdict() if self.returning else None,
            "holder": self.holder._asdict(),
        }
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> JournalEntry:
        """Raises InvalidInput when `text` is not an entry of this version."""
        from .archives import ArchiveRecord

        try:
            fields = json.loads(text)
            return cls(
                **{
                    **fields,
                    "dependents": tuple(_dependent(dependent) for dependent in fields["dependents"]),
                    "returning": ArchiveRecord(**fields["returning"]) if fields["returning"] else None,
                    "holder": Holder(**fields["holder"]),
                }
            )
        except (KeyError, TypeError, ValueError):
            raise InvalidInput("it was not written by this version of the collection") from None


def _dependent(fields: t.Mapping[str, t.Any]) -> Dependent:
    from ..container.dependents import Dependent

    return Dependent(**{**fields, "shares_with": tuple(fields["shares_with"])})


class ProcessTable(t.Protocol):
    """Knows this run, and whether another one can still be alive."""

    def me(self) -> Holder:
        """This run."""

    def is_dead(self, holder: Holder) -> bool | None:
        """Whether that run has ended. None when that cannot be told from here."""


_KINDS_BY_RUN = ("evenkeel-lock-after", "evenkeel-new", "evenkeel-touch")


def lock_key(container: str) -> str:
    """The place that a run on `container` has to hold before it touches it."""
    return f"evenkeel-lock.{container}"


def successor_key(entry: JournalEntry) -> str:
    """The place that a rescuer has to hold, once the holder of `entry` is dead."""
    return f"evenkeel-lock-after.{entry.holder.token}.{entry.container}"


def new_container_key(entry: JournalEntry) -> str:
    """The place for the ID of the new container, written before it is started."""
    return f"evenkeel-new.{entry.holder.token}.{entry.container}"


def touch_key(entry: JournalEntry) -> str:
    """The place for the note that the old container is touched from here on."""
    return f"evenkeel-touch.{entry.holder.token}.{entry.container}"


def is_record_of_run(key: str, container: str) -> bool:
    """Whether a run on `container`, or a rescuer of one, writes at this place, the lock itself apart. No two runs write at the same."""
    kind, _dot, rest = key.partition(".")
    return kind in _KINDS_BY_RUN and rest.partition(".")[2] == container


def container_of_lock_key(key: str) -> str | None:
    """The container that `lock_key` is called for at this place. None when it is the place of something else."""
    before, lock, container = key.partition(lock_key(""))
    return container if lock and not before else None
