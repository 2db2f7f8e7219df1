# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pull an image, and hear what the registry says while it streams."""

from __future__ import annotations

import typing as t

from .._core.errors import EngineError, NotFound
from .._core.image_reference import ImageReference, digest_in
from .._core.ports import ImageIdentity, PullPolicy
from .sdk import engine_errors


def pull_image(client: t.Any, reference: ImageReference, policy: PullPolicy) -> ImageIdentity:
    """Have the image on the host as C(policy) says and look up what the reference means there now. Raises EngineError."""
    if policy is PullPolicy.ALWAYS:
        try:
            _pull(client, reference)
        except EngineError as error:
            raise _with_hint(client, reference, error) from error
        return _local(client, reference)
    try:
        return _local(client, reference)
    except NotFound:
        if policy is PullPolicy.NEVER:
            raise NotFound("it is not on this host, and the pull policy is 'never'") from None
    _pull(client, reference)
    return _local(client, reference)


def _pull(client: t.Any, reference: ImageReference) -> None:
    with engine_errors():
        # An error in the middle comes as one more line of a stream that began with HTTP 200.
        for line in client.pull(reference.repository, tag=reference.version, stream=True, decode=True):
            error = (line.get("errorDetail") or {}).get("message") or line.get("error")
            if error:
                raise EngineError(error)


def _with_hint(client: t.Any, reference: ImageReference, error: EngineError) -> EngineError:
    try:
        _local(client, reference)
    except EngineError:
        return error
    return type(error)(f"{error} (it is on this host already: pull=missing or pull=never would take that one)")


def _local(client: t.Any, reference: ImageReference) -> ImageIdentity:
    with engine_errors():
        image = client.inspect_image(reference.normalised)
    return ImageIdentity(reference=reference.as_written, id=image["Id"], digest=digest_in(image.get("RepoDigests"), reference))
