# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left to do once the new container has passed its gate, whichever run gets to do it."""

from __future__ import annotations

import typing as t

from .dependents import Repaired, attention, recreate_dependents
from .errors import EngineError
from .journal import Entry
from .kept_archives import Archives, Kept
from .ports import ImageIdentity, Ports
from .rejection import Rejections, reject


class Completion(t.NamedTuple):
    """What became of the dependents, and a warning for each thing that could not be done."""

    dependents: t.Tuple[Repaired, ...] = ()
    warnings: t.Tuple[str, ...] = ()


def complete(ports: Ports, entry: Entry, new_id: str) -> Completion:
    """Repair the dependents and bring what is remembered up to date. Can be repeated. Never raises EngineError."""
    dependents = recreate_dependents(ports, entry.dependents, entry.old_id, new_id, entry.archive)
    if entry.returning:
        warnings = reject(ports, entry.container, new_id, new_image_of(entry), old_image_of(entry), "the operator went back from it")
    else:
        warnings = Rejections(ports.memory).forget(entry.container)
    return Completion(dependents, (*attention(dependents), *warnings, *_remember_archives(ports, entry)))


def old_image_of(entry: Entry) -> ImageIdentity:
    return ImageIdentity(entry.old_image_ref, entry.old_image_id)


def new_image_of(entry: Entry) -> ImageIdentity:
    return ImageIdentity(entry.new_image_ref, entry.new_image_id)


def forget_archive(ports: Ports, container: str, archive_id: str) -> t.Tuple[str, ...]:
    """For an archive that is none any more. Returns a warning when it could not be forgotten."""
    try:
        Archives(ports.memory).drop(container, archive_id)
    except EngineError as error:
        return (_not_remembered(container, error),)
    return ()


def _remember_archives(ports: Ports, entry: Entry) -> t.Tuple[str, ...]:
    archives = Archives(ports.memory)
    try:
        if entry.returning:
            archives.drop(entry.container, entry.returning.id)
        if entry.keep_archive:
            archives.add(entry.container, Kept(entry.old_id, entry.archive, entry.runs, entry.restart_policy, entry.rollout))
    except EngineError as error:
        return (_not_remembered(entry.container, error),)
    return ()


def _not_remembered(container: str, error: EngineError) -> str:
    return f"It could not be remembered which archives {container} has, so container_rollback may not find them: {error}"
