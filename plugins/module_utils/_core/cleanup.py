# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes after a success. Nothing here can make an update fail."""

from __future__ import annotations

import typing as t

from .errors import Conflict, EngineError, NotFound
from .plan import Replacement
from .ports import DockerOps


class Cleanup(t.NamedTuple):
    """What goes besides the archive: the image that was replaced, and then every dangling image of the engine."""

    remove_replaced: bool = False
    prune_dangling: bool = False


def clean_up(ops: DockerOps, replacement: Replacement, cleanup: Cleanup) -> t.Tuple[t.Optional[str], t.Tuple[str, ...]]:
    """Remove the archive, then images as asked, the prune last.

    Returns the name of the archive if it is still there, and a warning for each thing that could not be done.
    """
    # By name: should somebody have renamed it since, it is no archive any more and stays.
    archive_warning = remove_archive(ops, replacement.archive, replacement.archive)
    warnings = [archive_warning]
    if cleanup.remove_replaced and not archive_warning:
        warnings.append(_remove_replaced(ops, replacement))
    if cleanup.prune_dangling:
        warnings.append(prune(ops))
    return replacement.archive if archive_warning else None, tuple(warning for warning in warnings if warning)


def remove_archive(ops: DockerOps, archive: str, name: str) -> t.Optional[str]:
    """Without force: one that runs stays. C(archive) is what to call it by to the engine, C(name) to the operator.

    Returns a warning if it is still there. That it was gone already is none.
    """
    try:
        ops.remove(archive)
    except NotFound:
        return None
    except EngineError as error:
        if _is_gone(ops, archive):
            return None
        return f"The archive {name} could not be removed ({error}). Remove it with: docker rm {name}"
    return None


def _is_gone(ops: DockerOps, container: str) -> bool:
    try:
        ops.inspect(container)
    except NotFound:
        return True
    except EngineError:
        return False
    return False


def _remove_replaced(ops: DockerOps, replacement: Replacement) -> t.Optional[str]:
    image = replacement.old_image
    if not image.id or image.id == replacement.new_image.id or replacement.old_image_has_other_tags:
        return None
    return remove_image(ops, image.id)[1]


def remove_image(ops: DockerOps, image_id: str) -> t.Tuple[bool, t.Optional[str]]:
    """Whether a replaced image was removed, and a warning where it could not be. One that something uses stays, without a warning."""
    try:
        ops.remove_image(image_id)
    except (Conflict, NotFound):
        return False, None
    except EngineError as error:
        return False, f"The replaced image {image_id} could not be removed: {error}"
    return True, None


def prune(ops: DockerOps) -> t.Optional[str]:
    """Remove every dangling image. Returns a warning when that could not be done."""
    try:
        ops.prune_dangling()
    except EngineError as error:
        return f"Dangling images could not be pruned: {error}"
    return None
