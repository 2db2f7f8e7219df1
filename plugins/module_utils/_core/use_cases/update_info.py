# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out what the containers of a host run, what the registries offer, and which containers an update would change.

Nothing is changed and nothing is pulled. If a question cannot be answered, its answer is unknown, and the others are still answered.
"""

from __future__ import annotations

from ..engine.interfaces import Clock
from ..host.look import HostInspection
from ..host.model import HostInfo, UpdateQuery
from ..host.reader import HostReader
from ..state.journal import ProcessTable


def inspect_host(reader: HostReader, processes: ProcessTable, clock: Clock, query: UpdateQuery) -> HostInfo:
    """Answer the query with as few calls as possible. Raise InspectFailed if the containers cannot be listed."""
    return HostInspection(reader, processes, clock, query).run()
