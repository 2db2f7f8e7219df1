# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journal entries as text: a nested JSON object with the version of its format."""

from __future__ import annotations

import json
import typing as t

from ..container.dependents import Dependent
from ..container.old_container import OldContainer
from ..container.shared_data import Data
from ..engine.errors import InvalidInput
from ..engine.model import ContainerRuntimeState, ImageIdentity, RuntimeStatus
from .archives import ArchiveRecord
from .journal import Created, Holder, JournalEntry

Fields = t.Mapping[str, t.Any]

VERSION = 4

_SUCCESSORS: t.Mapping[str, t.Any] = {"created": Created, "archive": ArchiveRecord}
"""The types of a successor, by the key that stands for each in the text."""


def entry_to_text(entry: JournalEntry) -> str:
    """Write an entry in the newest format."""
    old = entry.old
    return json.dumps(
        {
            **entry._asdict(),
            "version": VERSION,
            "old": {
                **old._asdict(),
                "state": {**old.state._asdict(), "status": old.state.status.value},
                "dependents": [dependent._asdict() for dependent in old.dependents],
            },
            "old_image": entry.old_image._asdict(),
            "new_image": entry.new_image._asdict(),
            "successor": _successor_fields(entry.successor),
            "holder": entry.holder._asdict(),
        },
        sort_keys=True,
    )


def _successor_fields(successor: Created | ArchiveRecord | None) -> Fields | None:
    if successor is None:
        return None
    return {kind: successor._asdict() for kind, successor_type in _SUCCESSORS.items() if isinstance(successor, successor_type)}


def entry_from_text(text: str) -> JournalEntry:
    """Read an entry of any known format. Raise InvalidInput, which names the version, if the format is unknown."""
    try:
        fields = json.loads(text)
        version = fields.pop("version", None)
        if version is None:
            return _unversioned(fields)
        if version == 1:
            return _version_1(fields)
        if version in (2, 3, VERSION):
            return _version_2(fields)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput("it is not a journal entry of this collection, or has other fields than this version knows") from None
    raise InvalidInput(f"it has format version {version}, and this version of the collection reads versions up to {VERSION}")


def _version_1(fields: Fields) -> JournalEntry:
    """Read the format of before an image was recorded with everything by which it can be recognised."""
    images = {
        "old_image": ImageIdentity(fields["old"]["image_ref"], fields["old_image_id"])._asdict(),
        "new_image": ImageIdentity(fields["new_image_ref"], fields["new_image_id"])._asdict(),
    }
    replaced = ("old_image_id", "new_image_ref", "new_image_id")
    return _version_2({**{name: value for name, value in fields.items() if name not in replaced}, **images})


def _version_2(fields: Fields) -> JournalEntry:
    """Read the formats of versions 2 to 4. Before version 3, every rollback by the operator rejected the image."""
    old = fields["old"]
    state = old["state"]
    return JournalEntry(
        **{
            **fields,
            "old": OldContainer(
                **{
                    **old,
                    "state": ContainerRuntimeState(**{**state, "status": RuntimeStatus(state["status"])}),
                    "dependents": _dependents(old["dependents"]),
                    # Since version 4.
                    "data": tuple(Data(*data) for data in old.get("data", ())),
                    "sharers": tuple(old.get("sharers", ())),
                }
            ),
            "old_image": _image(fields["old_image"]),
            "new_image": _image(fields["new_image"]),
            "successor": _successor_from(fields["successor"]),
            "holder": Holder(**fields["holder"]),
        }
    )


def _image(fields: Fields) -> ImageIdentity:
    return ImageIdentity(**{**fields, "digests": tuple(fields["digests"])})


def _successor_from(fields: Fields | None) -> Created | ArchiveRecord | None:
    if fields is None:
        return None
    ((kind, values),) = fields.items()
    successor: Created | ArchiveRecord = _SUCCESSORS[kind](**values)
    return successor


def _unversioned(fields: Fields) -> JournalEntry:
    """Read the flat format that was written until November 2026, before entries had a version."""
    returning = fields["returning"]
    return JournalEntry(
        old=OldContainer(
            id=fields["old_id"],
            name=fields["container"],
            image_ref=fields["old_image_ref"],
            state=ContainerRuntimeState(RuntimeStatus(fields["old_status"]), started_at=fields["old_started_at"]),
            runs=fields["runs"],
            time_to_health=fields["time_to_health"],
            restart_policy=fields["restart_policy"],
            dependents=_dependents(fields["dependents"]),
        ),
        old_image=ImageIdentity(fields["old_image_ref"], fields["old_image_id"]),
        new_image=ImageIdentity(fields["new_image_ref"], fields["new_image_id"]),
        successor=_unversioned_successor(fields["old_id"], returning) if returning else Created(fields["runs"]),
        archive=fields["archive"],
        stop_timeout=fields["stop_timeout"],
        keep_archive=fields["keep_archive"],
        lease=fields["lease"],
        holder=Holder(**fields["holder"]),
        announces_touch=fields.get("announces_touch", False),
        rollout=fields.get("rollout", ""),
    )


def _unversioned_successor(old_id: str, returning: Fields) -> ArchiveRecord | None:
    """An archive that was restored in place of a missing container was its own successor."""
    return None if returning["id"] == old_id else ArchiveRecord(**returning)


def _dependents(dependents: t.Iterable[Fields]) -> tuple[Dependent, ...]:
    return tuple(Dependent(**{**dependent, "shares_with": tuple(dependent["shares_with"])}) for dependent in dependents)
