# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an update changes, computed from inspect documents of a real engine (fixtures/capture.sh)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import old_container
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity, Inspected
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import NewContainer, Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.diff import NOT_KNOWN, Diff, diff_of, with_defaults
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord
from support.fakes.engine import FakeJournal

FIXTURES = Path(__file__).parents[1] / "container/fixtures"
OLD, NEW = ImageIdentity("shop:1", "sha256:old", "sha256:aaa"), ImageIdentity("shop:2", "sha256:new", "sha256:bbb")


def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


def replacement(container: str, **new_defaults: Any) -> Replacement:
    """Replace a captured container, with a new image that has these defaults."""
    inspected = Inspected(document(container), document("image"))
    return Replacement(
        old=old_container(inspected.container, FakeJournal()),
        old_image=OLD,
        new_image=NEW,
        successor=NewContainer(
            body=ContainerSpec.from_inspect(inspected).create_body("shop:2"),
            runs=True,
            image_defaults={**document("image")["Config"], **new_defaults},
        ),
        archive="",
        stop_timeout=1,
        seen=inspected.container,
    )


def changes(container: str, **new_defaults: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two sides of the diff, without the image."""
    diff = diff_of(replacement(container, **new_defaults), NEW)
    return tuple({key: value for key, value in side.items() if key != "image"} for side in (diff.before, diff.after))  # type: ignore[return-value]


def test_a_new_image_is_shown() -> None:
    assert diff_of(replacement("plain"), NEW) == Diff(
        {"image": {"reference": "shop:1", "id": "sha256:old", "digest": "sha256:aaa"}},
        {"image": {"reference": "shop:2", "id": "sha256:new", "digest": "sha256:bbb"}},
    )


def test_the_same_image_with_the_same_defaults_changes_nothing() -> None:
    assert diff_of(replacement("plain"), OLD) == Diff()


@pytest.mark.parametrize("container", ["plain", "customised", "entrypoint", "no-entrypoint", "no-health-check", "shares-network"])
def test_an_image_with_the_same_defaults_changes_nothing_else(container: str) -> None:
    assert changes(container) == ({}, {})


def test_every_default_of_the_image_is_compared() -> None:
    before, after = changes(
        "plain",
        Cmd=["sleep 601"],
        Entrypoint=["sh", "-ec"],
        ExposedPorts={"9090/tcp": {}},
        Healthcheck={"Test": ["CMD-SHELL", "true"], "Interval": 5_000_000_000, "Retries": 2},
        Labels={"org.opencontainers.image.version": "2", "team": "web"},
        StopSignal="SIGTERM",
        User="1001",
        Volumes={},
        WorkingDir="/",
    )
    assert before == {
        "command": ["sleep 600"],
        "entrypoint": ["sh", "-c"],
        "exposed_ports": ["8080/tcp", "9090/tcp"],
        "health_check": {"Interval": 30_000_000_000, "Timeout": 3_000_000_000},
        "labels": {"org.opencontainers.image.version": "1"},
        "stop_signal": "SIGINT",
        "user": "1000",
        "volumes": ["/data"],
        "working_dir": "/www",
    }
    assert after == {
        "command": ["sleep 601"],
        "entrypoint": ["sh", "-ec"],
        "exposed_ports": ["9090/tcp"],
        "health_check": {"Interval": 5_000_000_000},
        "labels": {"org.opencontainers.image.version": "2"},
        "stop_signal": "SIGTERM",
        "user": "1001",
        "volumes": [],
        "working_dir": "/",
    }


def test_values_of_variables_are_masked() -> None:
    before, after = changes("customised", Env=["APP_VERSION=topsecret", "ADDED=hidden"])
    assert before == {"environment": {"APP_VERSION": "(old value)", "PATH": "(old value)"}}
    assert after == {"environment": {"APP_VERSION": "(new value)", "ADDED": "(new value)"}}


def test_configured_values_do_not_change() -> None:
    before, after = changes("customised", User="7", WorkingDir="/elsewhere", Labels={"team": "new"}, Cmd=["sleep 1"], Env=["MODE=other"])
    assert set(before) == {"labels", "environment"}
    assert before["labels"] == {"org.opencontainers.image.version": "1"}
    assert set(before["environment"]) == {"APP_VERSION", "PATH"}
    assert after == {"labels": {}, "environment": {}}


def test_unknown_defaults_are_marked_as_not_known() -> None:
    unknown = NewContainer(body={}, runs=True)
    diff = diff_of(replacement("plain")._replace(successor=unknown), ImageIdentity("shop:2", "", "sha256:bbb"))
    assert diff.after == {"image": {"reference": "shop:2", "id": NOT_KNOWN, "digest": "sha256:bbb"}, "image_defaults": NOT_KNOWN}


def test_only_the_image_of_a_restored_archive_is_compared() -> None:
    returning = replacement("plain")._replace(successor=ArchiveRecord("1" * 64, "web-old-1", True, {}))
    assert set(diff_of(returning, NEW).after) == {"image"}


@pytest.mark.parametrize(
    ("body", "defaults", "command"),
    [
        ({}, {"Entrypoint": ["e"], "Cmd": ["c"]}, (["e"], ["c"])),
        ({"Cmd": ["own"]}, {"Entrypoint": ["e"], "Cmd": ["c"]}, (["e"], ["own"])),
        ({"Entrypoint": ["own"]}, {"Entrypoint": ["e"], "Cmd": ["c"]}, (["own"], None)),
        ({"Entrypoint": [""]}, {"Entrypoint": ["e"], "Cmd": ["c"]}, ([""], None)),
        ({"Entrypoint": []}, {"Entrypoint": ["e"], "Cmd": ["c"]}, ([], ["c"])),
    ],
)
def test_the_images_command_applies_only_with_its_entrypoint(
    body: dict[str, Any], defaults: dict[str, Any], command: tuple[Any, Any]
) -> None:
    config = with_defaults(body, defaults)
    assert (config["Entrypoint"], config["Cmd"]) == command
