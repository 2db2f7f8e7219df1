# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures reject an image: a row for each. The refusals are those of Engines 20.10 and 28."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.blame import Evidence, Stage, excuse_for

SHIM = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
NOT_FOUND = SHIM + 'exec: "nope": executable file not found in $PATH: unknown'
MISSING = SHIM + 'error during container init: exec: "/nope": stat /nope: no such file or directory'
NOT_EXECUTABLE = SHIM + 'exec: "/www/index.html": permission denied: unknown'
DIRECTORY = SHIM + 'error during container init: exec: "/www": is a directory: permission denied'
WRONG_FORMAT = SHIM + 'exec: "/app": exec format error'
DIRECTORY_ON_FILE = (
    SHIM + 'error during container init: error mounting "/etc" to rootfs at "/app": not a directory: unknown: Are you trying to mount a '
    "directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type"
)
MOUNT_DENIED = SHIM + 'error mounting "/srv" to rootfs at "/data": permission denied'
DEVICE = 'error gathering device information while adding custom device "/dev/nope": no such file or directory'
BIND = 'invalid mount config for type "bind": bind source path does not exist: /nope'
FULL = "write /var/lib/docker/tmp/x: no space left on device"

REJECTED = {
    "the image's program is not in the path": (Stage.START, Evidence(NOT_FOUND)),
    "the image's program does not exist": (Stage.START, Evidence(MISSING)),
    "the image's program is not executable": (Stage.START, Evidence(NOT_EXECUTABLE)),
    "the image's program is a directory": (Stage.START, Evidence(DIRECTORY)),
    "the image's program is for another machine": (Stage.START, Evidence(WRONG_FORMAT)),
    "crun finds no program": (Stage.START, Evidence("crun: executable file `nope` not found in $PATH: No such file or directory")),
    "the image has no program at all": (Stage.CREATE, Evidence("No command specified")),
    "its process ended": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("start", "die"))),
    "its process ended, and events are unknown": (Stage.HEALTH_GATE, Evidence(ended=True)),
    "it used more memory than its container may": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("start", "oom", "die"))),
    "it was stopped after its process had ended": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("start", "die", "kill", "stop"))),
    "its process ended before the health check could pass": (Stage.HEALTH_GATE, Evidence(ended=True, could_pass=False)),
    "its health check never passed": (Stage.HEALTH_GATE, Evidence(actions=("start", "health_status: unhealthy"))),
    "a later run saw it up, then saw it fail": (Stage.RECOVERY, Evidence(ended=True)),
    "the operator rolled it back": (Stage.OPERATOR, Evidence()),
    "the operator rolled it back while the disk was full": (Stage.OPERATOR, Evidence(output=(FULL,))),
}
NOT_REJECTED = {
    "the operator's program does not exist": (Stage.START, Evidence(MISSING, own_program=False), "by the operator"),
    "a directory is mounted on a file": (Stage.START, Evidence(DIRECTORY_ON_FILE), "outside of the image"),
    "a mount is not permitted": (Stage.START, Evidence(MOUNT_DENIED), "outside of the image"),
    "a device does not exist": (Stage.START, Evidence(DEVICE), "outside of the image"),
    "a port is taken": (Stage.START, Evidence("Bind for 0.0.0.0:80 failed: port is already allocated"), "outside of the image"),
    "a network is gone": (Stage.START, Evidence("network shop not found"), "outside of the image"),
    "two networks have the name": (Stage.CREATE, Evidence("network shop is ambiguous (2 matches found on name)"), "outside of the image"),
    "a plugin denies the call": (Stage.CREATE, Evidence("authorization denied by plugin guard: no"), "outside of the image"),
    "a plugin is gone": (Stage.CREATE, Evidence('error looking up logging plugin x: plugin "x" not found'), "outside of the image"),
    "a runtime is gone": (Stage.CREATE, Evidence("unknown or invalid runtime name: nope"), "outside of the image"),
    "a bind source is gone": (Stage.CREATE, Evidence(BIND), "outside of the image"),
    "the name is taken": (Stage.CREATE, Evidence('The container name "/web" is already in use'), "outside of the image"),
    "the engine does not answer": (Stage.START, Evidence("no answer from the engine (timed out)"), "outside of the image"),
    "the ID could not be recorded": (Stage.RECORD, Evidence("no"), "could not be recorded"),
    "the disk was full at the create": (Stage.CREATE, Evidence(FULL), "the disk was full"),
    "the process wrote to a full disk": (Stage.HEALTH_GATE, Evidence(ended=True, output=(FULL,)), "the disk was full"),
    "the health check wrote to a full disk": (Stage.HEALTH_GATE, Evidence(output=("No space left on device",)), "the disk was full"),
    "a quota was exceeded": (Stage.HEALTH_GATE, Evidence(ended=True, output=("Disk quota exceeded",)), "the disk was full"),
    "the gate could not look": (Stage.HEALTH_GATE, Evidence(was_seen=False), "lost sight"),
    "it was killed": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("kill", "die")), "stopped or sent a signal"),
    "it was stopped": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("start", "kill", "die", "stop")), "stopped or sent a signal"),
    "it was restarted": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("kill", "stop", "die", "restart")), "stopped or sent a signal"),
    "it was paused": (Stage.HEALTH_GATE, Evidence(actions=("start", "pause")), "paused"),
    "it was renamed": (Stage.HEALTH_GATE, Evidence(ended=True, actions=("rename", "die")), "renamed"),
    "it was removed": (Stage.HEALTH_GATE, Evidence(actions=("destroy",)), "removed"),
    "it was cut off": (Stage.HEALTH_GATE, Evidence(actions=("disconnect",)), "disconnected from a network"),
    "the engine was restarted": (Stage.HEALTH_GATE, Evidence(ended=True, engine_may_have_restarted=True), "the engine was restarted"),
    "the gate could not be passed": (Stage.HEALTH_GATE, Evidence(could_pass=False), "before its health check could report"),
    "a later run could not look": (Stage.RECOVERY, Evidence(was_seen=False), "lost sight"),
    "a later run never saw it up": (Stage.RECOVERY, Evidence(ended=True, was_seen_up=False), "gone down with the engine"),
    "a later run saw that it was killed": (Stage.RECOVERY, Evidence(ended=True, actions=("kill", "die")), "stopped or sent a signal"),
    "the operator went back for another reason": (Stage.OPERATOR, Evidence(rejects=False), "reject is false"),
}


@pytest.mark.parametrize(("stage", "evidence"), REJECTED.values(), ids=REJECTED)
def test_image_is_rejected(stage: Stage, evidence: Evidence) -> None:
    assert excuse_for(stage, evidence) == ""


@pytest.mark.parametrize(("stage", "evidence", "excuse"), NOT_REJECTED.values(), ids=NOT_REJECTED)
def test_image_is_not_rejected(stage: Stage, evidence: Evidence, excuse: str) -> None:
    assert excuse in excuse_for(stage, evidence)


def test_each_stage_has_a_row() -> None:
    assert {row[0] for row in (*REJECTED.values(), *NOT_REJECTED.values())} == set(Stage)
