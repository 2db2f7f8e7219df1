# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose one image digest per container for all hosts, and identify the rollout."""

from __future__ import annotations

import calendar
import re
import typing as t

Choice = t.Dict[str, t.Any]

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
"""The format of a rollout's name, which is its start time. The role's `steps/choose.yml` creates it."""


def choose(looks: t.Iterable[t.Mapping[str, t.Any]], now: str, *, fresh: bool = False) -> Choice:
    """Return the names of the rollout and the run, whether the run resumes the rollout, and a digest per container and image reference.

    `looks` has an entry per host, in inventory order. In each, `containers` comes from container_update_info, and `foretold` from
    container_prepare in check mode. A rollout is unfinished while any host keeps an archive of it. The run resumes the newest unfinished
    rollout with its digests, unless `fresh` is set, the user now wants other images, or a later rollout has replaced it on other hosts.
    All other digests are those that the registry reported to the first host that has one.
    A run and a rollout are named after their start time. The run starts `now`.
    """
    looks = list(looks)
    rollout = "" if fresh else _newest_rollout(looks)
    begun = _digests_of(rollout, looks) if rollout else {}
    if _is_superseded(rollout, begun, looks):
        rollout, begun = "", {}
    asked: dict[str, dict[str, str]] = {}
    other_digest_requested = False
    for look in looks:
        for foretold in look.get("foretold") or ():
            image = (foretold.get("image") or {}).get("new") or {}
            if image.get("digest"):
                name, reference = foretold["container"]["name"], image["reference"]
                asked.setdefault(name, {}).setdefault(reference, image["digest"])
                requested = foretold["item"].get("image_digest")
                other_digest_requested = other_digest_requested or requested not in (None, begun.get(name, {}).get(reference, requested))
    wanted = {(name, reference) for name, images in asked.items() for reference in images}
    known = {(name, reference) for name, images in begun.items() for reference in images}
    if begun and (other_digest_requested or (wanted and not wanted & known)):
        rollout, begun = "", {}  # The user now wants another image.
    digests = {name: {**asked.get(name, {}), **begun.get(name, {})} for name in {**asked, **begun}}
    return {"rollout": rollout or now, "run": now, "resumed": bool(rollout), "digests": digests}


def digest_for(choice: t.Mapping[str, t.Any], settings: t.Mapping[str, t.Any], look: t.Mapping[str, t.Any]) -> str | None:
    """Return the digest that a container with these `settings` gets on the host with this `look`, or None if no registry reported one."""
    current = [container["image"]["reference"] for container in look.get("containers") or () if container["name"] == settings["name"]]
    reference = settings.get("image") or (current[0] if current else None)
    digest: str | None = choice["digests"].get(settings["name"], {}).get(reference)
    return digest


def rollout_of(container: t.Mapping[str, t.Any]) -> str | None:
    """Return the unfinished rollout that last replaced the container, or None."""
    kept = [archive for archive in container.get("archives") or () if archive["kept"]]
    return (kept[0].get("rollout") or None) if kept else None


def _newest_rollout(looks: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    return max((rollout_of(container) or "" for look in looks for container in look.get("containers") or ()), default="")


def _is_superseded(rollout: str, begun: t.Mapping[str, t.Mapping[str, str]], looks: t.Iterable[t.Mapping[str, t.Any]]) -> bool:
    """Return whether a container that was created later, outside the rollout, runs another digest of one of the rollout's images.

    A container that was rolled back does not count: it is the original one, created before the rollout.
    """
    return any(
        rollout_of(container) != rollout
        and container["image"].get("digest") not in (None, begun.get(container["name"], {}).get(container["image"]["reference"]))
        and container["image"]["reference"] in begun.get(container["name"], {})
        and (container.get("created") or 0) > _unix_seconds(rollout)
        for look in looks
        for container in look.get("containers") or ()
    )


def _unix_seconds(rollout: str) -> float:
    match = _TIME.fullmatch(rollout)
    return calendar.timegm(tuple(map(int, match.groups()))) if match else float("inf")


def _digests_of(rollout: str, looks: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, dict[str, str]]:
    digests: dict[str, dict[str, str]] = {}
    for look in looks:
        for container in look.get("containers") or ():
            image = container["image"]
            if rollout_of(container) == rollout and image.get("digest"):
                digests.setdefault(container["name"], {}).setdefault(image["reference"], image["digest"])
    return digests
