# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell of the containers of a host what they run, what the registries have, and which of them a run would update.

Nothing is changed and nothing is pulled. What cannot be asked is unknown, and the rest is told.
"""

from __future__ import annotations

from ..engine.interfaces import Clock
from ..host.look import _Look
from ..host.model import HostInfo, UpdateQuery
from ..host.reader import HostReader
from ..state.journal import ProcessTable


def inspect_host(reader: HostReader, runs: ProcessTable, clock: Clock, query: UpdateQuery) -> HostInfo:
    """Answer the question with as few calls as it takes, all of which only read. Raises InspectFailed when not even the list can be had."""
    return _Look(reader, runs, clock, query).answer()
