# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The warning about defaults that change with the engine."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.engine_defaults import warn_after_upgrade
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import unix_seconds_of

BUILT = unix_seconds_of("2026-11-20T00:00:00Z")
BEFORE, AFTER, NEVER = "2026-11-19T23:59:59.123456789Z", "2026-11-20T00:00:00Z", "0001-01-01T00:00:00Z"
OWN_LIMIT = [{"Name": "nproc", "Soft": 1, "Hard": 1}, {"Name": "nofile", "Soft": 1024, "Hard": 4096}]


def container(started: str, **host_config: t.Any) -> dict[str, t.Any]:
    return {"Name": "/web", "State": {"StartedAt": started}, "HostConfig": host_config}


@pytest.mark.parametrize(
    ("document", "nofile", "links"),
    [
        (container(BEFORE), True, False),
        (container(BEFORE, Ulimits=None, Links=None), True, False),
        (container(BEFORE, Ulimits=OWN_LIMIT[:1]), True, False),
        (container(BEFORE, Links=["/db:/web/db"]), True, True),
        (container(BEFORE, Ulimits=OWN_LIMIT, Links=["/db:/web/db"]), False, True),
    ],
)
def test_defaults_that_apply_to_the_container_are_named(document: dict[str, t.Any], nofile: bool, links: bool) -> None:
    (warning,) = warn_after_upgrade(document, BUILT)
    assert warning.startswith("web was started by an older engine")
    assert ("nofile" in warning, "links" in warning) == (nofile, links)


@pytest.mark.parametrize(
    ("document", "built"),
    [
        (container(AFTER), BUILT),
        (container(NEVER), BUILT),
        (container(""), BUILT),
        (container("yesterday"), BUILT),
        (container(BEFORE), None),
        (container(BEFORE, Ulimits=OWN_LIMIT), BUILT),
    ],
)
def test_no_warning_if_nothing_changes_or_nothing_is_known(document: dict[str, t.Any], built: int | None) -> None:
    assert warn_after_upgrade(document, built) == ()
