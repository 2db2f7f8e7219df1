# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that the modules make to the engine, and why. `python -m support.docs.engine_calls` writes docs/engine_calls.md from it.

A unit test compares it with the requests that the modules make. If you add a call, add its reason here; if you remove one, remove it here.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).parents[3] / "docs/engine_calls.md"

EVENTS = "GET /events"
"""This request runs at the same time as others, so its position among them varies."""

HEAD = f"""# Which calls the engine gets, and why

The calls for a container with a health check and a restart policy, on a host with one other container and Engine 20.10. The new container
is `starting` at the first probe and in another state at the second. Paths are those of the [Engine
API](https://docs.docker.com/reference/api/engine/version/v1.41/); `{EVENTS}` runs at the same time as the calls after it.

Made by `make docs` from `tests/support/docs/engine_calls.py`. A unit test compares it with the calls that the modules make. How many calls
`docker_container` makes is [measured](benchmarks.md).
"""


class Call(NamedTuple):
    """A request by its path in the engine's documentation, and its purpose."""

    request: str
    reason: str


Calls = tuple[Call, ...]

_CONNECT: Calls = (Call("GET /version", "find the API version that the engine and the Docker SDK share"),)

_INSPECT: Calls = (
    Call("GET /containers/{id}/json", "read the container: the operator's settings, and the image it runs"),
    Call("GET /images/{name}/json", "read that image: which settings are its defaults and not the operator's"),
)
_SETTLE: Calls = (Call("GET /volumes", "find out whether an earlier run on this container was interrupted"),)
_LOCAL: Calls = (Call("GET /images/{name}/json", "find the local image of the reference"),)
_PULL: Calls = (
    Call("POST /images/create", "pull the image"),
    Call("GET /images/{name}/json", "find the local image of the reference after the pull"),
)
_WHO_IS_THERE: Calls = (
    Call("GET /containers/json", "list the other containers: names that are taken, and possible dependents"),
    Call("GET /containers/{id}/json", "read each of them: whether it depends on this container, and how"),
    Call("GET /networks", "find out whether each network of the container still exists"),
)
_ARCHITECTURE: Calls = (Call("GET /version", "read the platform of the engine, which the new image must match"),)
_NEW_IMAGE: Calls = (Call("GET /images/{name}/json", "read the new image: its defaults and its platform"),)
_LOST_FILES: Calls = (Call("GET /containers/{id}/changes", "list the files written inside the container, which the new one will not have"),)
_REJECTED: Calls = (Call("GET /volumes/{name}", "find out whether this image was rejected before"),)
_PREFLIGHT: Calls = (*_WHO_IS_THERE, *_NEW_IMAGE, *_ARCHITECTURE, *_LOST_FILES, *_REJECTED)
_BEGIN: Calls = (
    Call("POST /volumes/create", "write the journal entry, which is also the lock"),
    Call("GET /containers/{id}/json", "find out whether the container changed since the plan was made"),
    Call("GET /images/{name}/json", "part of every inspect"),
)
_SWAP: Calls = (
    Call("POST /containers/{id}/update", "remove the restart policy, so that the engine does not start the container"),
    Call("POST /containers/{id}/stop", "stop the container"),
    Call("POST /containers/{id}/rename", "rename it to the archive"),
    Call("POST /containers/create", "create the new container"),
    Call("POST /volumes/create", "record the ID of the new container, so that a recovery can tell it from a foreign one"),
    Call("POST /containers/{id}/start", "start the new container"),
)
_GATE: Calls = (
    Call("GET /containers/{id}/json", "probe: it is starting"),
    Call(EVENTS, "wait for the event that it is healthy or has exited"),
    Call("GET /containers/{id}/json", "probe: the verdict"),
)
_END: Calls = (
    Call("GET /volumes/{name}", "find out whether the record of the new container exists"),
    Call("DELETE /volumes/{name}", "erase that record"),
    Call("GET /volumes/{name}", "find out whether the lock exists"),
    Call("DELETE /volumes/{name}", "erase the lock"),
)
_EVIDENCE: Calls = (
    Call("GET /containers/{id}/json", "read why it failed: exit code and health log, before they are lost"),
    Call("GET /containers/{id}/logs", "read the end of its output"),
    Call("GET /containers/{id}/json", "find out whether the output comes from a terminal; a request of the Docker SDK"),
)
_ROLL_BACK: Calls = (
    Call("GET /containers/{id}/json", "find out whether the archive still exists"),
    Call("POST /containers/{id}/stop", "stop the new container, if it still runs"),
    Call("DELETE /containers/{id}", "remove the new container"),
    Call("POST /containers/{id}/rename", "rename the old container back"),
    Call("POST /containers/{id}/update", "restore its restart policy"),
    Call("POST /containers/{id}/start", "start the old container"),
)
_REJECT: Calls = (
    Call("GET /volumes/{name}", "find out whether another rejection is remembered"),
    Call("POST /volumes/create", "remember this rejection, so that the next run does not try the image again"),
    *_WHO_IS_THERE,
    Call("GET /images/{name}/json", "part of every listing of the other containers"),
    *_ARCHITECTURE,
    Call("POST /images/{name}/tag", "point the local tag at the old image again"),
)

PATHS: dict[str, Calls] = {
    "Nothing to do, the registry not asked": (*_CONNECT, *_SETTLE, *_INSPECT, *_LOCAL),
    "Nothing to do": (*_CONNECT, *_SETTLE, *_INSPECT, *_PULL),
    "Recreated": (
        *(*_CONNECT, *_SETTLE, *_INSPECT, *_PULL, *_PREFLIGHT, *_BEGIN, *_SWAP, *_GATE),
        Call("GET /volumes/{name}", "find out whether a rejection is remembered, which is now obsolete"),
        Call("DELETE /containers/{id}", "remove the archive"),
        *_END,
    ),
    "Rolled back, since the new container exits": (
        *(*_CONNECT, *_SETTLE, *_INSPECT, *_PULL, *_PREFLIGHT, *_BEGIN, *_SWAP, *_GATE),
        *(*_EVIDENCE, *_ROLL_BACK, *_GATE, *_REJECT, *_END),
    ),
    "Check mode, there is a new image": (
        *_CONNECT,
        Call("GET /volumes/{name}", "find out whether a run works on this container or was interrupted"),
        *_INSPECT,
        Call("GET /distribution/{name}/json", "read the digest in the registry"),
        Call("GET /images/{name}/json", "find out whether that image is already local"),
        *(*_WHO_IS_THERE, *_ARCHITECTURE, *_LOST_FILES, *_REJECTED),
        Call("GET /volumes/{name}", "read the rejected digest, because the image is not local and cannot be compared"),
    ),
    "container_update_info, two containers of two images": (
        *_CONNECT,
        Call("GET /containers/json", "list all containers"),
        Call("GET /volumes", "find the containers on which a run was interrupted"),
        Call("GET /volumes", "read rejections and archives"),
        Call("GET /images/json", "list all images with their digests"),
        Call("GET /distribution/{name}/json", "read the digest in the registry, once for each image"),
        Call("GET /distribution/{name}/json", "the same for the other image, in parallel"),
        Call("GET /containers/{id}/json", "read each outdated container: whether an update would refuse it"),
    ),
}
"""What a module does, and its calls in order."""


def document() -> str:
    """Return the text of docs/engine_calls.md."""
    lines = [HEAD, "| what is done | calls |", "| --- | --- |", *(f"| {path} | {len(calls)} |" for path, calls in PATHS.items())]
    for path, calls in PATHS.items():
        lines += [f"\n## {path}\n", "| call | why |", "| --- | --- |", *(f"| `{call.request}` | {call.reason} |" for call in calls)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
