# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator can ask a module to do with one container."""

from __future__ import annotations

import enum
import re
import typing as t
from dataclasses import dataclass

from ..engine.errors import InvalidInput
from ..engine.image_reference import ImageReference, is_digest
from ..engine.model import Document, PullPolicy, stop_timeout_of
from ..engine.timing import require_seconds
from ..image.pull import pull_reference


class Cleanup(t.NamedTuple):
    """What to remove besides the archive: the replaced image, and then all dangling images on the engine."""

    remove_replaced: bool = False
    prune_dangling: bool = False


KEEPABLE = ("command", "entrypoint", "exposed_ports", "healthcheck", "labels", "stop_signal", "user", "volumes", "working_dir")
"""The fields besides the environment that can be kept although their values may be defaults of the image."""

_FULL_ID = re.compile(r"[0-9a-f]{64}")
_CONTAINER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


class LostFiles(enum.Enum):
    """What to do about files that exist only in the container's own layer, and would be lost with it."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True)
class ContainerRequest:
    """A container, by its exact name or its full ID, and its stop timeout in seconds.

    If `stop_timeout` is None, the container's own stop timeout applies. Raise InvalidInput.
    """

    container: str
    stop_timeout: int | None = None

    @property
    def is_by_id(self) -> bool:
        return bool(_FULL_ID.fullmatch(self.container))

    def stop_timeout_for(self, container: Document) -> int:
        return stop_timeout_of(container) if self.stop_timeout is None else self.stop_timeout

    def __post_init__(self) -> None:
        if not _CONTAINER_NAME.fullmatch(self.container):
            raise InvalidInput(
                f"name must be the name or the full ID of one container, not '{self.container}'. A name has only letters, digits, '_', '.' "
                "and '-', and begins with a letter or a digit."
            )
        if self.stop_timeout is not None:
            require_seconds("stop_timeout", self.stop_timeout)


@dataclass(frozen=True)
class RecreateRequest(ContainerRequest):
    """An update of a container.

    If `image` is None, the reference that the container was created from is used. `image_digest` is pulled instead of what the reference
    points to in the registry. `force` recreates a container that already runs the right image, and retries an image that was rejected.
    `verbatim` keeps the defaults of an old image that is no longer on the host. `keep_env` names variables to keep even if they have the
    old image's default value, and `keep` other fields. `min_image_age` is in seconds. `respect_labels` skips containers whose label
    excludes them. `force` overrides neither of these two. Raise InvalidInput.
    """

    image: str | None = None
    pull: PullPolicy = PullPolicy.ALWAYS
    force: bool = False
    verbatim: bool = False
    lost_files: LostFiles = LostFiles.WARN
    keep_env: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    min_image_age: float = 0
    respect_labels: bool = False
    image_digest: str | None = None

    @property
    def all_kept(self) -> frozenset[str]:
        """What is kept although it may be a default: names of variables, and of other fields after a `=`, which no variable's name has."""
        return self.keep_env | {f"={field}" for field in self.keep}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_digest is not None and not is_digest(self.image_digest):
            raise InvalidInput(f"image_digest must be a digest such as sha256:<64 hex digits>, not '{self.image_digest}'.")
        if self.image is not None:
            pull_reference(ImageReference.parse(self.image), self.image_digest)
        require_seconds("min_image_age", self.min_image_age)
