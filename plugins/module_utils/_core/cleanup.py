# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes after a success. Nothing here can make an update fail."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .errors import Conflict, EngineError, NotFound
from .plan import Replacement
from .ports import DockerOps


@dataclass(frozen=True)
class Cleanup:
    """What goes besides the archive: the image that was replaced, and then every dangling image of the engine."""

    remove_replaced: bool = False
    prune_dangling: bool = False


def clean_up(ops: DockerOps, replacement: Replacement, cleanup: Cleanup) -> t.Tuple[t.Optional[str], t.Tuple[str, ...]]:
    """Remove the archive, then images as asked, the prune last.

    Returns the name of the archive if it is still there, and a warning for each thing that could not be done.
    """
    archive_warning = _remove_archive(ops, replacement.archive)
    warnings = [archive_warning]
    if cleanup.remove_replaced and not archive_warning:
        warnings.append(_remove_replaced(ops, replacement))
    if cleanup.prune_dangling:
        warnings.append(_prune(ops))
    return replacement.archive if archive_warning else None, tuple(warning for warning in warnings if warning)


def _remove_archive(ops: DockerOps, archive: str) -> t.Optional[str]:
    try:
        # By name and without force: should somebody have renamed or started it since, it is no archive any more and stays.
        ops.remove(archive)
    except NotFound:
        return None
    except EngineError as error:
        if _is_gone(ops, archive):
            return None
        return f"The archive {archive} could not be removed ({error}). Remove it with: docker rm {archive}"
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
    try:
        ops.remove_image(image.id)
    except Conflict:
        return None  # Something else uses it: an image that is kept, as it should be.
    except EngineError as error:
        return f"The replaced image {image.id} could not be removed: {error}"
    return None


def _prune(ops: DockerOps) -> t.Optional[str]:
    try:
        ops.prune_dangling()
    except EngineError as error:
        return f"Dangling images could not be pruned: {error}"
    return None
