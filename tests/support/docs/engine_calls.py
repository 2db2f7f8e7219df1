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

For a container with a health check and a restart policy, on a host with one other container and Engine 20.10, when the new container is
starting at the first look and something else at the second. Paths are those of the [Engine
API](https://docs.docker.com/reference/api/engine/version/v1.41/); `{EVENTS}` goes on beside the others.

Made by `make docs` from `tests/support/docs/engine_calls.py`. A unit test compares it with what the modules ask for. How many calls
`docker_container` makes is [measured](benchmarks.md).
"""


class Call(NamedTuple):
    """A request by its path in the engine's documentation, and its purpose."""

    request: str
    reason: str


Calls = tuple[Call, ...]

_CONNECT: Calls = (Call("GET /version", "which API version the engine and the Docker SDK have in common"),)

_INSPECT: Calls = (
    Call("GET /containers/{id}/json", "the container: what the operator asked for, and which image it runs"),
    Call("GET /images/{name}/json", "that image: what comes from its defaults, and not from the operator"),
)
_SETTLE: Calls = (Call("GET /volumes", "whether an earlier run on this container was interrupted"),)
_LOCAL: Calls = (Call("GET /images/{name}/json", "which image the reference means on this host"),)
_PULL: Calls = (
    Call("POST /images/create", "have what the registry has"),
    Call("GET /images/{name}/json", "which image the reference means now"),
)
_WHO_IS_THERE: Calls = (
    Call("GET /containers/json", "who else is there: names that are taken, and who may depend on it"),
    Call("GET /containers/{id}/json", "one for each of them: who does depend on it, and how"),
    Call("GET /networks", "whether each network that it is to join is still there"),
)
_ARCHITECTURE: Calls = (Call("GET /version", "what the engine runs by itself, which the new image has to be made for"),)
_NEW_IMAGE: Calls = (Call("GET /images/{name}/json", "the new image: its defaults, and what it is made for"),)
_LOST_FILES: Calls = (Call("GET /containers/{id}/changes", "the files that were put into it by hand, which the new one will not have"),)
_REJECTED: Calls = (Call("GET /volumes/{name}", "whether it was rolled back from this image before"),)
_PREFLIGHT: Calls = (*_WHO_IS_THERE, *_NEW_IMAGE, *_ARCHITECTURE, *_LOST_FILES, *_REJECTED)
_BEGIN: Calls = (
    Call("POST /volumes/create", "write down what is about to be done, which is the lock too"),
    Call("GET /containers/{id}/json", "whether it is still as it was when this was decided"),
    Call("GET /images/{name}/json", "comes with every inspect"),
)
_SWAP: Calls = (
    Call("POST /containers/{id}/update", "put its restart policy aside, so that the engine does not wake it"),
    Call("POST /containers/{id}/stop", "stop it"),
    Call("POST /containers/{id}/rename", "make it the archive"),
    Call("POST /containers/create", "create the new container"),
    Call("POST /volumes/create", "write down which one it is, so that an interrupted run can tell it from a stranger's"),
    Call("POST /containers/{id}/start", "start it"),
)
_GATE: Calls = (
    Call("GET /containers/{id}/json", "a look: it is starting"),
    Call(EVENTS, "hear at once when it is healthy or has exited"),
    Call("GET /containers/{id}/json", "a look: here is the verdict"),
)
_END: Calls = (
    Call("GET /volumes/{name}", "whether the note of the new container is there"),
    Call("DELETE /volumes/{name}", "erase it"),
    Call("GET /volumes/{name}", "whether the lock is there"),
    Call("DELETE /volumes/{name}", "erase it"),
)
_EVIDENCE: Calls = (
    Call("GET /containers/{id}/json", "why it failed: exit code and health log, before they are gone"),
    Call("GET /containers/{id}/logs", "and its last words"),
    Call("GET /containers/{id}/json", "whether these come from a terminal, which the Docker SDK asks itself"),
)
_ROLL_BACK: Calls = (
    Call("GET /containers/{id}/json", "whether there still is an archive to go back to"),
    Call("POST /containers/{id}/stop", "let the new container end by itself, should it still run"),
    Call("DELETE /containers/{id}", "remove it"),
    Call("POST /containers/{id}/rename", "give the old container its name back"),
    Call("POST /containers/{id}/update", "and its restart policy"),
    Call("POST /containers/{id}/start", "start it"),
)
_REJECT: Calls = (
    Call("GET /volumes/{name}", "whether another rollback is remembered"),
    Call("POST /volumes/create", "remember this one, so that the next run does not try the image again"),
    *_WHO_IS_THERE,
    Call("GET /images/{name}/json", "comes with every look around"),
    *_ARCHITECTURE,
    Call("POST /images/{name}/tag", "let the tag mean the old image again on this host"),
)

PATHS: dict[str, Calls] = {
    "Nothing to do, the registry not asked": (*_CONNECT, *_SETTLE, *_INSPECT, *_LOCAL),
    "Nothing to do": (*_CONNECT, *_SETTLE, *_INSPECT, *_PULL),
    "Recreated": (
        *(*_CONNECT, *_SETTLE, *_INSPECT, *_PULL, *_PREFLIGHT, *_BEGIN, *_SWAP, *_GATE),
        Call("GET /volumes/{name}", "whether a rollback is remembered, which is history now"),
        Call("DELETE /containers/{id}", "remove the archive"),
        *_END,
    ),
    "Rolled back, since the new container exits": (
        *(*_CONNECT, *_SETTLE, *_INSPECT, *_PULL, *_PREFLIGHT, *_BEGIN, *_SWAP, *_GATE),
        *(*_EVIDENCE, *_ROLL_BACK, *_GATE, *_REJECT, *_END),
    ),
    "Check mode, there is a new image": (
        *_CONNECT,
        Call("GET /volumes/{name}", "whether a run works on this container, or was interrupted"),
        *_INSPECT,
        Call("GET /distribution/{name}/json", "what the registry has"),
        Call("GET /images/{name}/json", "whether that is on this host already"),
        *(*_WHO_IS_THERE, *_ARCHITECTURE, *_LOST_FILES, *_REJECTED),
        Call("GET /volumes/{name}", "for the digest that was rolled back from, as the image is not here to be compared"),
    ),
    "container_update_info, two containers of two images": (
        *_CONNECT,
        Call("GET /containers/json", "all containers"),
        Call("GET /volumes", "on which of them a run was interrupted"),
        Call("GET /volumes", "what they were rolled back from, and which archives they have"),
        Call("GET /images/json", "all images, with their digests"),
        Call("GET /distribution/{name}/json", "what the registry has, once for each image"),
        Call("GET /distribution/{name}/json", "the same, at the same time"),
        Call("GET /containers/{id}/json", "of each that is outdated: whether a run would refuse to update it"),
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
