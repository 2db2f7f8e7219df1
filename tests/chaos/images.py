# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images of the world. All are built once per engine and pushed to its registry."""

from __future__ import annotations

import docker

from testbed import images, registry
from testbed.images import PORT, WebImage, shell

from .scenario import CRASHES, GOOD, NO_PROGRAM, OLD, SICK, WIDE

REPOSITORY = f"{registry.ADDRESS}/evenkeel/chaos"
OWN_PATH = "/data"
"""Every image declares a volume at this path."""
WIDE_PATH = "/cache"
"""Only the image WIDE declares a volume at this path."""

PORT_VARIABLE = "CHAOS_PORT"
"""The port to serve on, for a container that shares the network of another one."""

_ADDRESS = f"http://127.0.0.1:${{{PORT_VARIABLE}:-{PORT}}}/"
FETCH_PAGE = shell(f"wget -q -O - {_ADDRESS}")
_SERVE = shell(f"trap 'exit 0' TERM; httpd -f -p ${{{PORT_VARIABLE}:-{PORT}}} -h /www & wait")
_PROBE = f"wget -q -O /dev/null {_ADDRESS}"
# It prints a secret of its container, as programs do when they fail.
_CRASH = shell("echo cannot log in with $CHAOS_SECRET >&2; exit 3")


def _image(page: str, command: tuple[str, ...] = _SERVE, check: str = _PROBE, volumes: tuple[str, ...] = ()) -> WebImage:
    health = f"HEALTHCHECK --interval=1s --timeout=10s --retries=2 CMD {check}"
    return WebImage(page, command, health=None, changes=(health, *(f"VOLUME {path}" for path in (OWN_PATH, *volumes))))


IMAGES = {
    OLD: _image(OLD),
    GOOD: _image(GOOD),
    WIDE: _image(WIDE, volumes=(WIDE_PATH,)),
    CRASHES: _image(CRASHES, _CRASH),
    SICK: _image(SICK, check="echo no database with $CHAOS_SECRET; false"),
    NO_PROGRAM: _image(NO_PROGRAM, ("/no/such/program",)),
}


def reference(image: str) -> str:
    return f"{REPOSITORY}:{image}"


def tag_of(reference_of_container: str) -> str:
    """The key of `IMAGES` that a container was created from."""
    return reference_of_container.rpartition(":")[2]


def build(client: docker.APIClient) -> None:
    for tag, image in IMAGES.items():
        images.build(client, reference(tag), image)
        images.push(client, reference(tag))
