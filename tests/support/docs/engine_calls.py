# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that the modules make to the engine, and why. `python -m support.docs.engine_calls` writes docs/engine_calls.md from it.

A unit test compares this list with the actual requests. If you add a call, add its reason here. If you remove a call, remove it here.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).parents[3] / "docs/engine_calls.md"

EVENTS = "GET /events"
"""Requested in a thread of its own, so its position among the others varies."""

HEAD = f"""# Which calls the engine gets, and why

These tables apply to a container with a health check and a restart policy, on a host with one other container and Engine 20.10. The health
gate inspects the new container twice: the first time it is still starting, the second time there is a verdict. The paths are those of the
[Engine API](https://docs.docker.com/reference/api/engine/version/v1.41/). `{EVENTS}` runs in parallel with the other calls.

`make docs` writes this page from `tests/support/docs/engine_calls.py`. A unit test compares it with the actual requests. The
[benchmarks](benchmarks.md) compare the number of calls with that of `docker_container`.
"""


class Call(NamedTuple):
    """A request, by its path in the engine's documentation, and the reason for it."""

    request: str
    reason: str


Calls = tuple[Call, ...]

_CONNECT: Calls = (Call("GET /version", "find the latest API version that both the engine and the Docker SDK support"),)

_INSPECT: Calls = (
    Call("GET /containers/{id}/json", "read the container's configuration and the image that it runs"),
    Call("GET /images/{name}/json", "read that image, to separate its defaults from the operator's settings"),
)
_SETTLE: Calls = (Call("GET /volumes", "find out whether an earlier run on this container was interrupted"),)
_LOCAL: Calls = (Call("GET /images/{name}/json", "find the image that the reference points to on this host"),)
_PULL: Calls = (
    Call("POST /images/create", "pull the image"),
    Call("GET /images/{name}/json", "find the image that the reference points to now"),
)
_SURROUNDINGS: Calls = (
    Call("GET /containers/json", "list the other containers: their names are taken, and they may be dependents"),
    Call("GET /containers/{id}/json", "one call for each of them: find out whether and how it depends on this one"),
    Call("GET /networks", "check that each of its networks still exists"),
)
_ARCHITECTURE: Calls = (Call("GET /version", "read the engine's platform, which the new image must match"),)
_NEW_IMAGE: Calls = (Call("GET /images/{name}/json", "read the new image's defaults and platform"),)
_LOST_FILES: Calls = (Call("GET /containers/{id}/changes", "find files that were added by hand and that the new container will not have"),)
_REJECTED: Calls = (Call("GET /volumes/{name}", "check whether the container was rolled back from this image before"),)
_REJECTED_BY_OTHERS: Calls = (Call("GET /volumes", "find other containers on the same tag that were rolled back from this image"),)
_PREFLIGHT: Calls = (*_SURROUNDINGS, *_NEW_IMAGE, *_ARCHITECTURE, *_LOST_FILES, *_REJECTED, *_REJECTED_BY_OTHERS)
_BEGIN: Calls = (
    Call("POST /volumes/create", "record what is about to be done; this is also the lock"),
    Call("GET /volumes", "find out whether a run on a related container is in the way"),
    Call("GET /containers/{id}/json", "check that the container is unchanged since the plan"),
    Call("GET /images/{name}/json", "part of every inspect"),
)
_SWAP: Calls = (
    Call("POST /containers/{id}/update", "disable its restart policy, so that the engine does not restart it"),
    Call("POST /containers/{id}/stop", "stop it"),
    Call("POST /containers/{id}/rename", "make it the archive"),
    Call("POST /containers/create", "create the new container"),
    Call("POST /volumes/create", "record its ID, so that a later run can tell it from an unrelated container"),
    Call("GET /containers/json", "check that nothing else runs on its data by now"),
    Call("POST /containers/{id}/start", "start it"),
)
_GATE: Calls = (
    Call("GET /containers/{id}/json", "check its health: it is starting"),
    Call(EVENTS, "learn immediately when it becomes healthy or exits"),
    Call("GET /containers/{id}/json", "check its health: there is a verdict"),
)
_SECOND_LOOK: Calls = (Call("GET /containers/{id}/json", "check that it still serves under its name, before the archive goes"),)
_LAST_LOOK: Calls = (Call("GET /containers/{id}/json", "check the same once more, before the result is returned"),)
_END: Calls = (
    Call("GET /volumes/{name}", "check that the record of the new container exists"),
    Call("DELETE /volumes/{name}", "remove this record"),
    Call("GET /volumes/{name}", "check that the lock exists"),
    Call("DELETE /volumes/{name}", "release the lock"),
)
_EVIDENCE: Calls = (
    Call("GET /containers/{id}/json", "read why it failed: exit code and health log, before they are gone"),
    Call("GET /containers/{id}/logs", "read the end of its log"),
    Call("GET /containers/{id}/json", "find out whether the log is that of a terminal (the Docker SDK does this)"),
)
_PAST_EVENTS: Calls = (
    Call("GET /info", "read the engine's time, to ask for its events up to now"),
    Call(EVENTS, "find out whether something else ended the container"),
)
_ROLL_BACK: Calls = (
    Call("GET /containers/{id}/json", "check that the archive still exists"),
    Call("POST /containers/{id}/stop", "stop the new container, if it still runs"),
    Call("DELETE /containers/{id}", "remove it"),
    Call("GET /containers/json", "check that nothing else runs under its name or on its data"),
    Call("POST /containers/{id}/rename", "give the old container its name back"),
    Call("POST /containers/{id}/update", "restore its restart policy"),
    Call("POST /containers/{id}/start", "start it"),
)
_REJECT: Calls = (
    Call("GET /containers/{id}/json", "recognise its configuration later: another one may run the image"),
    Call("GET /images/{name}/json", "part of every inspect"),
    Call("GET /volumes/{name}", "check whether an earlier rollback is recorded"),
    Call("POST /volumes/create", "record this rollback, so that the next run does not try the image again"),
    *_SURROUNDINGS,
    Call("GET /images/{name}/json", "part of the same look at the host"),
    *_ARCHITECTURE,
    Call("POST /images/{name}/tag", "point the tag on this host to the old image again"),
)

PATHS: dict[str, Calls] = {
    "Nothing to do, registry not asked": (*_CONNECT, *_SETTLE, *_INSPECT, *_LOCAL),
    "Nothing to do": (*_CONNECT, *_SETTLE, *_INSPECT, *_PULL),
    "Recreated": (
        *(*_CONNECT, *_SETTLE, *_INSPECT, *_PULL, *_PREFLIGHT, *_BEGIN, *_SWAP, *_GATE, *_SECOND_LOOK),
        Call("GET /volumes/{name}", "check whether an earlier rollback is recorded, which is obsolete now"),
        Call("DELETE /containers/{id}", "remove the archive"),
        *(*_LAST_LOOK, *_END),
    ),
    "Rolled back because the new container exits": (
        *(*_CONNECT, *_SETTLE, *_INSPECT, *_PULL, *_PREFLIGHT, *_BEGIN, *_SWAP, *_GATE),
        *(*_PAST_EVENTS, *_EVIDENCE, *_ROLL_BACK, *_GATE, *_REJECT, *_END),
    ),
    "Check mode, new image available": (
        *_CONNECT,
        Call("GET /volumes/{name}", "find out whether a run on this container is working or was interrupted"),
        *_INSPECT,
        Call("GET /distribution/{name}/json", "find the digest in the registry"),
        Call("GET /images/{name}/json", "check whether that image is already on this host"),
        Call("GET /images/{name}/json", "the same by its ID: with the containerd store, an image without a name is still here"),
        *(*_SURROUNDINGS, *_ARCHITECTURE, *_LOST_FILES, *_REJECTED, *_REJECTED_BY_OTHERS),
        Call("GET /volumes/{name}", "read the rejected digest, because the image is not here to be compared"),
    ),
    "container_update_info, two containers with two images": (
        *_CONNECT,
        Call("GET /containers/json", "list all containers"),
        Call("GET /volumes", "find containers on which a run was interrupted"),
        Call("GET /volumes", "read rejected images and archives"),
        Call("GET /images/json", "list all images with their digests"),
        Call("GET /distribution/{name}/json", "find the digest in the registry, once for each image"),
        Call("GET /distribution/{name}/json", "the same for the other image, in parallel"),
        Call("GET /containers/{id}/json", "one call for each outdated container: check whether a run would refuse it"),
    ),
}
"""What the module does, and its calls in order."""


def document() -> str:
    """The text of docs/engine_calls.md."""
    lines = [HEAD, "| what happens | calls |", "| --- | --- |", *(f"| {path} | {len(calls)} |" for path, calls in PATHS.items())]
    for path, calls in PATHS.items():
        lines += [f"\n## {path}\n", "| call | why |", "| --- | --- |", *(f"| `{call.request}` | {call.reason} |" for call in calls)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
