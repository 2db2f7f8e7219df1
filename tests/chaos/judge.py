# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare what was seen with the promise of the collection. Pure, and independent of the collection's code.

Each rule yields the ways in which a story breaks it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import excuses
from .story import Container, Run, Snapshot, Story

_COLLECTION_VOLUMES = ("evenkeel-rejected.", "evenkeel-archives.")
"""The documented records that may outlive a run."""
_CLAIMS_SUCCESS = ("recreated", "unchanged", "recovered")


class Violation(NamedTuple):
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


def violations(story: Story) -> list[Violation]:
    """Everything in which a story breaks the promise."""
    return [Violation(rule.__name__.lstrip("_").replace("_", " "), text) for rule in RULES for text in rule(story)]


def _data_is_intact(story: Story) -> Iterator[str]:
    for source, marker in story.before.markers.items():
        if marker and story.end.markers.get(source) != marker and not (story.did("prune volumes") and source not in story.end.markers):
            yield f"the marker in {source} is {story.end.markers.get(source)!r}, and not {marker!r}"
    for before, now in _pairs(story):
        for path, source in before.mounts.items():
            if now.mounts.get(path) != source:
                yield f"{now.name} has {now.mounts.get(path)} at {path}, and not {source}"


def _one_container_serves(story: Story) -> Iterator[str]:
    for before in _services(story.before):
        found = story.end.of(before.service)
        up = [container for container in found if container.is_up]
        names = [container.name for container in up]
        if len(up) > 1 and not any(deed.event.act == "start" for deed in story.deeds_on(before.service)):
            yield f"several containers of {before.service} run: {', '.join(names)}"
        if before.is_up and not up and not excuses.may_be_down(story, before.service):
            yield f"no container of {before.service} serves: {_listed(found)}"
        if before.is_up and up and before.name not in names and not excuses.may_have_another_name(story, before.service):
            yield f"{before.service} serves under another name: {', '.join(names)}"
        if not before.is_up and before.name not in [container.name for container in found] and not story.deeds_on(before.service):
            yield f"{before.name} is gone: {_listed(found)}"
        if not before.is_up and up and not story.deeds:
            yield f"{before.name} was started, although it was stopped before"
        for container in up:
            if container.page != container.image:
                yield f"{container.name} of the image {container.image} serves {container.page!r}"


def _never_two_at_once(story: Story) -> Iterator[str]:
    """Containers that interference started are not counted: the collection cannot prevent them."""
    by_others = {container for deed in story.deeds for container in deed.started}
    running = {(container.service, container.id) for container in story.before.containers if container.status == "running"}
    for change in story.changes:
        here = (change.service, change.container)
        if change.action != "start":
            running.discard(here)
            continue
        others = [container for service, container in running if service == change.service and container != change.container]
        if others and change.container not in by_others:
            yield f"{change.container[:12]} of {change.service} was started while {others[0][:12]} ran"
        running.add(here)


def _nothing_else_was_touched(story: Story) -> Iterator[str]:
    involved = set(story.scenario.targets())
    while more := {service.name for service in story.scenario.services if service.uses in involved} - involved:
        involved |= more
    disturbed = {deed.service for deed in story.deeds} if not story.did("restart engine", "kill engine") else {"everything"}
    for before in _services(story.before):
        if before.service in involved | disturbed or "everything" in disturbed:
            continue
        now = story.end.named(before.name)
        if now is None or dataclasses.replace(now, page=before.page) != before:
            yield f"{before.name} was {before}, and is {now}"
    if not story.did("prune networks") and story.before.networks - story.end.networks:
        yield f"networks are gone: {sorted(story.before.networks - story.end.networks)}"


def _settings_are_kept(story: Story) -> Iterator[str]:
    for before, now in _pairs(story):
        if now.policy != before.policy:
            yield f"the restart policy of {now.name} is {now.policy}, and not {before.policy}"
        if not story.did("disconnect", "prune networks") and now.networks != before.networks:
            yield f"{now.name} is in the networks {sorted(now.networks)}, and not {sorted(before.networks)}"
        changed = {key for key in before.labels if key != "com.docker.compose.image" and now.labels.get(key) != before.labels[key]}
        if changed:
            yield f"{now.name} has other labels: {sorted(changed)}"
        provider = story.scenario.service(before.service).uses
        holder = story.end.named(provider) if provider else None
        if before.joins and holder and now.joins != holder.id and now.is_up and not story.deeds_on(provider):
            yield f"{now.name} uses the container {now.joins[:12]}, and not {provider}, which is {holder.id[:12]}"


def _result_tells_the_truth(story: Story) -> Iterator[str]:
    earlier = story.before
    for run in (*story.runs, *story.reruns):
        yield from (f"{run.task}: {text}" for text in _untruths(story, run, earlier))
        earlier = run.after


def _untruths(story: Story, run: Run, earlier: Snapshot) -> Iterator[str]:
    if story.secret and story.secret in run.printed:
        yield "a secret was printed"
    if run.result is None:
        return
    if run.result.get("traceback") or run.result.get("stuck") or "Traceback" in run.printed or "Unexpected error" in run.printed:
        yield f"it ended with an unhandled error: {run.result.get('msg')}"
    name = run.task.target
    holder, before = run.after.named(name), earlier.named(name)
    deeds = [deed for deed in story.deeds_in(run) if deed.service == name]
    unnoticed = any(excuses.is_late(run, deed, holder) or not deed.event.moment.call for deed in deeds)
    if run.outcome == "skipped" and not run.warnings:
        yield "it skipped the update without a warning"
    claims_rollback = run.outcome == "rolled_back" and not run.result.get("rollback_failed")
    was_up = before and before.is_up and not any(excuses.existed_before(story, deed) for deed in deeds)
    if claims_rollback and was_up and not unnoticed and not (holder and holder.is_up):
        yield f"it says rolled back, and {_described(holder, name)}"
    if not run.failed and not unnoticed:
        yield from _false_claims(story, run, before, holder)
    alone = not deeds and not story.did("restart engine", "kill engine", "run task")
    then, now = ({(c.id, c.started_at, c.name) for c in snapshot.of(name)} for snapshot in (earlier, run.after))
    if run.result.get("changed") is False and alone and then != now:
        yield "it says that nothing changed, but containers changed"


def _false_claims(story: Story, run: Run, before: Container | None, holder: Container | None) -> Iterator[str]:
    """What an update that says that all is well claims wrongly."""
    name = run.task.target
    if run.outcome not in _CLAIMS_SUCCESS or run.task.module != "container_recreate":
        return
    claimed = ((run.result or {}).get("container") or {}).get("id")
    if holder is None:
        yield f"it says {run.outcome}, and no container is called {name}"
        return
    # Another task that ran at the same time may have replaced the container since.
    is_last = not run.meanwhile and not any(deed.event.act == "run task" for deed in story.deeds_in(run))
    if is_last and holder.image != run.task.image:
        yield f"it says {run.outcome}, and {name} runs the image {holder.image}"
    if is_last and claimed and claimed != holder.id:
        yield f"it says that {name} is {claimed[:12]}, and it is {holder.id[:12]}"
    if before and before.is_up and not holder.is_up and not run.warnings and not excuses.was_stopped_before(story, name):
        yield f"it says {run.outcome}, and {_described(holder, name)}"


def _known_problem_is_seen_before_the_stop(story: Story) -> Iterator[str]:
    """Without its bind source, neither the new container nor the old one can start. A run can know this before it changes anything."""
    for deed in story.deeds:
        calls = story.main_runs()[deed.run].calls
        is_first = not any(call.call.startswith("POST") for call in calls[: deed.call])
        if deed.event.act == "lose bind source" and is_first and "POST /containers/*/stop" in [call.call for call in calls]:
            yield f"the bind source of {deed.service} was gone from the beginning, and {deed.service} was stopped"


def _undisturbed_task_succeeds(story: Story) -> Iterator[str]:
    """Tasks on related containers may get in each other's way: then one says that it is busy."""
    if any(deed.event.act != "run task" for deed in story.deeds):
        return
    for run in story.runs:
        wanted = run.task.module != "container_recreate" or excuses.serves(story.scenario, run.task.target, run.task.image)
        busy = story.did("run task") and (run.result or {}).get("error_class") == "busy"
        if run.failed and wanted and not busy:
            yield f"{run.task} failed: {(run.result or {}).get('msg')}"
        if not run.failed and not wanted:
            yield f"{run.task} succeeded with a bad image: {run.outcome}"


def _rerun_ends_well(story: Story) -> Iterator[str]:
    for service in story.scenario.targets():
        tasks, reruns = story.tasks_on(service), [run for run in story.reruns if run.task.target == service]
        holder = story.end.named(service)
        if not tasks or not reruns or reruns[-1].task.module != "container_recreate" or holder is None or not holder.is_up:
            continue
        last, wanted = reruns[-1], reruns[-1].task.image
        taken = story.did("rename", "usurp", "start")  # Something else decided which container has the name.
        if excuses.serves(story.scenario, service, wanted) and not taken:
            if last.failed:
                yield f"the rerun failed: {(last.result or {}).get('msg')}"
            elif holder.image != wanted:
                yield f"the rerun says {last.outcome}, and {service} runs the image {holder.image}, not {wanted}"
        if not excuses.serves(story.scenario, service, wanted) and not taken:
            if holder.image == wanted:
                yield f"{service} runs the bad image {wanted}"
            if not any(run.failed for run in (*story.runs, *story.reruns) if run.result and run.task.target == service):
                yield f"the bad image {wanted} was tried, and no run failed"


def _nothing_is_left_behind(story: Story) -> Iterator[str]:
    if any(run.failed for run in story.reruns[-1:]):
        return
    new = [volume for volume in story.end.markers if volume not in story.before.markers]
    mounted = {source for container in story.end.containers for source in container.mounts.values()}
    pruned = story.did("remove", "prune containers", "usurp", "refuse call", "lose answer", "kill module", "kill engine", "restart engine")
    for volume in new:
        is_record = volume.startswith("evenkeel-")
        if (is_record and not volume.startswith(_COLLECTION_VOLUMES)) or (not is_record and volume not in mounted and not pruned):
            yield f"the volume {volume} is left"
    keeps = any(dict(run.task.options).get("keep_archive") for run in story.runs)
    for before in _services(story.before):
        extra = [container for container in story.end.of(before.service) if container.name != before.name]
        if extra and not keeps and not excuses.may_have_company(story, before.service):
            yield f"containers are left: {_listed(extra)}"
    unknown = [container.name for container in story.end.containers if not container.service]
    if unknown:
        yield f"containers are left: {', '.join(unknown)}"


RULES: tuple[Callable[[Story], Iterator[str]], ...] = (
    _data_is_intact,
    _one_container_serves,
    _never_two_at_once,
    _nothing_else_was_touched,
    _settings_are_kept,
    _result_tells_the_truth,
    _known_problem_is_seen_before_the_stop,
    _undisturbed_task_succeeds,
    _rerun_ends_well,
    _nothing_is_left_behind,
)


def _services(snapshot: Snapshot) -> list[Container]:
    return [container for container in snapshot.containers if container.service]


def _pairs(story: Story) -> Iterator[tuple[Container, Container]]:
    """Each container before the round, with the one that has its name in the end, unless something else put it there."""
    for before in _services(story.before):
        now = story.end.named(before.name)
        if now and not any(deed.event.act == "usurp" for deed in story.deeds_on(before.service)):
            yield before, now


def _listed(containers: tuple[Container, ...] | list[Container]) -> str:
    return ", ".join(f"{container.name} ({container.image}, {container.status})" for container in containers) or "there is none"


def _described(container: Container | None, name: str) -> str:
    return f"{name} is {container.status} {container.health}".strip() if container else f"no container is called {name}"
