# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One image for all hosts: which digest each container gets, and which rollout this is."""

from __future__ import annotations

import calendar
import re
import typing as t

Choice = t.Dict[str, t.Any]

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
"""What a rollout is called after. See the role's `steps/choose.yml`."""


def choose(looks: t.Iterable[t.Mapping[str, t.Any]], now: str, *, fresh: bool = False) -> Choice:
    """Which rollout and which run of it this is, whether an earlier run began it, and the digest for each container and image reference.

    `looks` are those of the hosts, in the order of the inventory, each with `containers`, as container_update_info returns them, and
    `foretold`, what container_prepare returned for each of them in check mode. While any host keeps the archive of a rollout, that rollout
    is not over: its digests are kept, unless `fresh`, or unless a later rollout was settled meanwhile, of which that host knew nothing.
    What the hosts do not know yet is what the first of them was told by its registry.
    Run and rollout are called after the time at which they began, which is `now` for the run.
    """
    looks = list(looks)
    rollout = "" if fresh else _newest_rollout(looks)
    begun = _digests_of(rollout, looks) if rollout else {}
    if _is_superseded(rollout, begun, looks):
        rollout, begun = "", {}
    asked: dict[str, dict[str, str]] = {}
    insisted = False
    for look in looks:
        for foretold in look.get("foretold") or ():
            image = (foretold.get("image") or {}).get("new") or {}
            if image.get("digest"):
                name, reference = foretold["container"]["name"], image["reference"]
                asked.setdefault(name, {}).setdefault(reference, image["digest"])
                exactly = foretold["item"].get("image_digest")
                insisted = insisted or exactly not in (None, begun.get(name, {}).get(reference, exactly))
    wanted = {(name, reference) for name, images in asked.items() for reference in images}
    known = {(name, reference) for name, images in begun.items() for reference in images}
    if begun and (insisted or (wanted and not wanted & known)):
        rollout, begun = "", {}  # The user wants something else by now.
    digests = {name: {**asked.get(name, {}), **begun.get(name, {})} for name in {**asked, **begun}}
    return {"rollout": rollout or now, "run": now, "resumed": bool(rollout), "digests": digests}


def digest_for(choice: t.Mapping[str, t.Any], settings: t.Mapping[str, t.Any], look: t.Mapping[str, t.Any]) -> str | None:
    """The digest that a container with these `settings` gets on the host of that `look`. None when no registry has one."""
    found = [container["image"]["reference"] for container in look.get("containers") or () if container["name"] == settings["name"]]
    reference = settings.get("image") or (found[0] if found else None)
    digest: str | None = choice["digests"].get(settings["name"], {}).get(reference)
    return digest


def rollout_of(container: t.Mapping[str, t.Any]) -> str | None:
    """The rollout that a container was last replaced in and that is not over, None when there is none."""
    kept = [archive for archive in container.get("archives") or () if archive["kept"]]
    return (kept[0].get("rollout") or None) if kept else None


def _newest_rollout(looks: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    return max((rollout_of(container) or "" for look in looks for container in look.get("containers") or ()), default="")


def _is_superseded(rollout: str, begun: t.Mapping[str, t.Mapping[str, str]], looks: t.Iterable[t.Mapping[str, t.Any]]) -> bool:
    """Whether a host has got another image since that rollout began. One that only went back in it has its container of before."""
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
