# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which defaults of the engine may change when a container is recreated after an upgrade of the engine."""

from __future__ import annotations

import typing as t

from ..engine.model import Document, name_of
from ..engine.timing import unix_seconds_of


def warn_after_upgrade(container: Document, engine_built: int | None) -> tuple[str, ...]:
    """Return a warning if an older engine started the container, and if defaults apply to it that may differ now.

    `engine_built` is when the running engine was built, in seconds since 1970, or None. The two times come from two clocks, which is good
    enough for a warning and for nothing else.
    """
    started = unix_seconds_of(container["State"].get("StartedAt")) or 0
    defaults = " and ".join(_defaults_of(container["HostConfig"]))
    if engine_built is None or not 0 < started < engine_built or not defaults:
        return ()
    warning = (
        f"{name_of(container)} was started by an older engine than the one that runs now. Its successor gets the defaults of this engine, "
        f"which may differ: {defaults}. If it fails because of that, the image is not the cause."
    )
    return (warning,)


def _defaults_of(host_config: Document) -> t.Iterator[str]:
    """Yield the defaults that differ between engines and that the container does not set itself."""
    if all(limit.get("Name") != "nofile" for limit in host_config.get("Ulimits") or ()):
        yield "the limit of open files (1024 since Engine 29, unless ulimits sets nofile)"
    if host_config.get("Links"):
        yield "the environment variables of links (gone since Engine 29)"
