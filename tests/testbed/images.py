# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small web images made of Debian's busybox. Each serves one page with its version."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import typing as t
from dataclasses import dataclass

import docker
import docker.errors

from . import registry
from .common import TestbedError, say
from .packages import unpacked

PORT = 8080
PROBE = f"wget -q -O /dev/null http://127.0.0.1:{PORT}/"

_COMMANDS = ("sh", "httpd", "wget", "sleep", "touch", "test", "cat", "echo", "false", "true", "kill", "nc")


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def serve_after(script: str = "") -> tuple[str, ...]:
    """Run `script`, then serve. The web server would ignore SIGTERM as process 1, so a shell handles the signal."""
    return shell(f"trap 'exit 0' TERM; {script} httpd -f -p {PORT} -h /www & wait")


@dataclass(frozen=True)
class WebImage:
    """The contents of an image. `health` is a shell command that runs once a second as the health check, or None."""

    page: str
    command: tuple[str, ...] = serve_after()
    health: str | None = PROBE
    changes: tuple[str, ...] = ()


STANDARD = {
    "v1": WebImage("v1"),
    "v2": WebImage("v2"),
    "v3-crashes": WebImage("v3", command=shell("echo 'v3: cannot read /etc/web.conf' >&2; exit 1")),
    "v3-sick": WebImage("v3", health="echo 'v3: database unreachable'; false"),
    "v3-late": WebImage("v3", command=serve_after("(sleep 4; touch /tmp/ready) &"), health="test -f /tmp/ready"),
}
REPOSITORY = "evenkeel/web"


def reference(tag: str) -> str:
    """The reference of a standard image."""
    return f"{registry.ADDRESS}/{REPOSITORY}:{tag}"


def up(client: docker.APIClient) -> None:
    """Build the standard images that the registry does not have, and push them."""
    missing = [tag for tag in STANDARD if not registry.has(REPOSITORY, tag)]
    if missing:
        say(f"building the images {' '.join(missing)}")
    for tag in missing:
        build(client, reference(tag), STANDARD[tag])
        push(client, reference(tag))


def down(client: docker.APIClient) -> None:
    ours = f"{registry.ADDRESS}/{REPOSITORY}"
    for image in listed(client, name=ours):
        for tag in image["RepoTags"] or ():
            client.remove_image(tag)


def listed(client: docker.APIClient, **options: t.Any) -> list[dict[str, t.Any]]:
    """List images, with the options of the SDK. The containerd store answers with an error if an image is removed meanwhile."""
    for _attempt in range(9):
        with contextlib.suppress(docker.errors.NotFound):
            return list(client.images(**options))
    return list(client.images(**options))


def build(client: docker.APIClient, name: str, image: WebImage) -> str:
    """Build the image, tag it as `name`, and return its ID."""
    repository, tag = name.rsplit(":", 1)
    changes = [f"CMD {_exec_form(image.command)}", *image.changes]
    if image.health is not None:
        changes.append(f"HEALTHCHECK --interval=1s --timeout=5s --retries=2 CMD {image.health}")
    client.import_image_from_data(_root_file_system(image.page), repository=repository, tag=tag, changes=changes)
    image_id: str = client.inspect_image(name)["Id"]
    return image_id


def pretend(client: docker.APIClient, name: str, **changes: str) -> None:
    """Change the configuration of the image `name`, such as `architecture` or `created`. Old engines cannot set these on import."""
    saved, changed = io.BytesIO(b"".join(client.get_image(name))), io.BytesIO()
    with tarfile.open(fileobj=saved) as source, tarfile.open(fileobj=changed, mode="w") as target:
        (image,) = json.load(t.cast(io.BufferedReader, source.extractfile("manifest.json")))
        config = json.load(t.cast(io.BufferedReader, source.extractfile(image["Config"])))
        # The layout of OCI images is left out: it has the digest of the configuration, and newer engines prefer it.
        for layer in image["Layers"]:
            target.addfile(source.getmember(layer), source.extractfile(layer))
        for name_in_tar, content in (
            ("config.json", {**config, **changes}),
            ("manifest.json", [{**image, "Config": "config.json"}]),
        ):
            text = json.dumps(content).encode()
            member = tarfile.TarInfo(name_in_tar)
            member.size = len(text)
            target.addfile(member, io.BytesIO(text))
    # The engine moves the tag only at the end of its answer, and `load_image` returns at the beginning. So read the whole answer.
    for line in client.load_image(changed.getvalue(), quiet=True):
        if "error" in line:
            raise TestbedError(f"loading {name} with {changes} failed: {line['error']}")


def push(client: docker.APIClient, name: str) -> None:
    repository, tag = name.rsplit(":", 1)
    for line in client.push(repository, tag=tag, stream=True, decode=True):
        if "error" in line:
            raise TestbedError(f"pushing {name} failed: {line['error']}")


def _exec_form(command: tuple[str, ...]) -> str:
    return "[" + ", ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in command) + "]"


def _root_file_system(page: str) -> bytes:
    busybox = (unpacked("busybox-static") / "bin/busybox").read_bytes()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        _add(tar, "bin/busybox", busybox, mode=0o755)
        for command in _COMMANDS:
            link = tarfile.TarInfo(f"bin/{command}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(tmp)
        _add(tar, "www/index.html", f"{page}\n".encode(), mode=0o644)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))
