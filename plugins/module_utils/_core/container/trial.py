# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trial container: it is created and removed before the stop, so that the engine says in time what would make the create call fail.

It is never started. It copies nothing into volumes, creates none, and has no labels by which other tools find containers. Each path on the
host that a start needs is mounted once more, because the engine then checks it at the create call: at a start, it would create a
missing source of a `Binds` entry as an empty folder, and it looks for devices only then.

docs/before_the_stop.md lists what a create call reveals, and what only a start does.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ..engine.model import EMPTY, Document
from .old_container import NO_RESTART

TRIAL_LABEL = "fleet.evenkeel.trial"
"""Its value is the name of the container that is to be replaced."""

_CHECKED_AT = "/evenkeel-trial"
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_MISSING_SOURCE = re.compile(r"bind source path does not exist: (?P<path>/.*)")

_DEVICE = "one of its devices"
_BIND = "which is mounted into it"
_VOLUME = "which one of its volumes consists of"


class Trial(t.NamedTuple):
    """What to try before the stop.

    `body` is the create body of the trial container. `volumes` are named volumes that may consist of a folder of the host, which must
    exist. `uses` says what each path is to the container, for the operator.
    """

    body: Document
    volumes: tuple[str, ...] = ()
    uses: t.Mapping[str, str] = EMPTY


def trial_name(container: str, token: str) -> str:
    """The name of the trial container of the run with this token. No other run or tool gives a container this name."""
    return f"{container}-trial-{token}"


def trial_of(container: Document) -> str | None:
    """Return the name of the container that this one is a trial of, or None if it is no trial container. Takes an inspect document."""
    owner: str | None = (container["Config"].get("Labels") or {}).get(TRIAL_LABEL)
    return owner


def plan_trial(owner: str, body: Document, image_defaults: Document, to_start: t.Iterable[Document]) -> Trial:
    """Plan the trial of a create body. `image_defaults` is the `Config` of its image, and `owner` the container to be replaced.

    `to_start` are the inspect documents of containers that must be able to start, with the same mounts and devices as now: what they need
    of the host is checked too.
    """
    host_config = body.get("HostConfig") or {}
    uses = {path: use for container in to_start for path, use in _paths_needed(container)}
    checks = [{"Type": "bind", "Source": path, "Target": f"{_CHECKED_AT}/{number}"} for number, path in enumerate(uses)]
    binds = [_without_copy(bind) for bind in host_config.get("Binds") or () if ":" in bind]
    mounts = [_mount_without_copy(mount) for mount in host_config.get("Mounts") or ()]
    covered = {_clean(bind.split(":")[1]) for bind in binds} | {_clean(mount["Target"]) for mount in mounts}
    tmpfs = dict(host_config.get("Tmpfs") or {})
    new_volumes = {**(image_defaults.get("Volumes") or {}), **(body.get("Volumes") or {})}
    for path in new_volumes:
        if _clean(path) not in {*covered, *map(_clean, tmpfs)}:
            tmpfs[_clean(path)] = ""  # The engine would create an anonymous volume there, and copy the image's files into it.
    return Trial(
        {
            **body,
            # The engine adds the labels of the image. An empty value hides those that other tools look for.
            "Labels": {**dict.fromkeys(image_defaults.get("Labels") or (), ""), TRIAL_LABEL: owner},
            "HostConfig": {
                **host_config,
                "Binds": binds,
                "Mounts": [*mounts, *checks],
                "Tmpfs": tmpfs,
                # With a restart policy, the engine would start it when it starts itself.
                "RestartPolicy": dict(NO_RESTART),
            },
        },
        tuple(dict.fromkeys(name for container in to_start for name in _local_volumes(container))),
        uses,
    )


def with_volume_paths(trial: Trial, paths: t.Iterable[str]) -> Trial:
    """Add a check for the folders of the host that volumes consist of."""
    uses = {path: _VOLUME for path in paths if path not in trial.uses}
    if not uses:
        return trial
    host_config = trial.body["HostConfig"]
    first = len(trial.uses)
    checks = [{"Type": "bind", "Source": path, "Target": f"{_CHECKED_AT}/{first + number}"} for number, path in enumerate(uses)]
    body = {**trial.body, "HostConfig": {**host_config, "Mounts": [*host_config["Mounts"], *checks]}}
    return trial._replace(body=body, uses={**trial.uses, **uses})


def explain(trial: Trial, refusal: str, said: str) -> str:
    """Say why the engine refused the trial container, and what to do. `refusal` is what it said, with secrets masked."""
    missing, shown = _MISSING_SOURCE.search(said), _MISSING_SOURCE.search(refusal)
    if missing is None or shown is None:
        return f"the engine would not create its new container: {refusal}. Fix what the engine reports, and run the task again."
    path = shown["path"].strip()
    return (
        f"{path}, {trial.uses.get(missing['path'].strip(), _BIND)}, does not exist on the engine's host, so neither a new container nor "
        f"this one could start. Restore {path}, and run the task again."
    )


def _paths_needed(container: Document) -> t.Iterator[tuple[str, str]]:
    """Yield each path on the host that the start of a container needs, and what the container uses it for."""
    host_config = container["HostConfig"]
    binds = (bind.split(":")[0] for bind in host_config.get("Binds") or ())
    mounts = (mount["Source"] for mount in host_config.get("Mounts") or () if mount.get("Type") == "bind")
    # Of other containers, with `VolumesFrom`.
    borrowed = (mount["Source"] for mount in container.get("Mounts") or () if host_config.get("VolumesFrom") and mount["Type"] == "bind")
    yield from ((path, _BIND) for path in (*binds, *mounts, *borrowed) if path.startswith("/"))
    # A privileged container gets all devices of the host, whatever is listed.
    devices = () if host_config.get("Privileged") else host_config.get("Devices") or ()
    yield from ((device["PathOnHost"], _DEVICE) for device in devices if device["PathOnHost"].startswith("/"))


def _local_volumes(container: Document) -> t.Iterator[str]:
    for mount in container.get("Mounts") or ():
        name = mount.get("Name") or ""
        if mount.get("Type") == "volume" and mount.get("Driver") == "local" and name and not _ANONYMOUS.fullmatch(name):
            yield name


def _without_copy(bind: str) -> str:
    """Keep the engine from copying files of the image into an empty volume. Paths on the host are never copied into."""
    source, target, *options = bind.split(":", 2)
    if source.startswith("/") or "nocopy" in ",".join(options).split(","):
        return bind
    return ":".join((source, target, ",".join((*options, "nocopy"))))


def _mount_without_copy(mount: Document) -> Document:
    if mount.get("Type") != "volume":
        return mount
    return {**mount, "VolumeOptions": {**(mount.get("VolumeOptions") or {}), "NoCopy": True}}


def _clean(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))
