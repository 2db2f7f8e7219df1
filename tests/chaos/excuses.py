# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What interference excuses. An actor that removes a container is the cause that it is gone; the collection is not.

The collection must notice what happens before its last look at a container, and it must look after its last change.
"""

from __future__ import annotations

from .scenario import NETWORK, PID, SERVES, SICK, Scenario
from .story import Container, Deed, Run, Story

_STOPS = ("kill", "stop")
_RESTARTS = ("restart engine", "kill engine")
_COMES_BACK = ("always", "unless-stopped")


def serves(scenario: Scenario, service: str, image: str) -> bool:
    """Whether a container of that service passes the gate with that image. Without a health check, a sick one does."""
    return image in SERVES or (image == SICK and not scenario.service(service).health)


def existed_before(story: Story, deed: Deed) -> bool:
    """Whether the container that was hit is older than the run."""
    main = story.main_runs()
    earlier = [story.before, *(run.after for run in main[: deed.run])]
    return any(deed.container in snapshot.ids() for snapshot in earlier)


def is_late(run: Run, deed: Deed, container: Container | None = None) -> bool:
    """Whether the run could not notice the deed: it had made its last change, and never looked at the container again."""
    names = {deed.container, *([container.id, container.name] if container else [])}
    from_then_on = run.calls[deed.call + 1 if deed.event.moment.after else deed.call :]
    looked = any(call.looks and (not call.container or call.container in names or deed.service == call.container) for call in from_then_on)
    return not looked and not any(call.changes for call in from_then_on)


def archive_was_gone(story: Story, deed: Deed) -> bool:
    """Whether the run had removed the old container when the deed was done, so that there was no way back."""
    run = story.main_runs()[deed.run]
    before = run.calls[: deed.call + deed.event.moment.after]
    return any(call.call == "DELETE /containers/*" and call.container.startswith(f"{deed.service}-old-") for call in before)


def may_be_down(story: Story, service: str) -> bool:
    """Whether the container with the name may be stopped in the end."""
    if may_be_gone(story, service) or was_stopped_before(story, service):
        return True
    here = story.scenario.service(service)
    stops = [deed for deed in story.deeds_on(service) if deed.event.act in _STOPS]
    if any(archive_was_gone(story, deed) or is_late(story.main_runs()[deed.run], deed) for deed in stops):
        return True
    return bool(here.uses) and here.how in (NETWORK, PID) and _was_disturbed(story, here.uses)


def was_stopped_before(story: Story, service: str) -> bool:
    """Whether something else stopped the container that was there before the run. An update leaves a stopped container stopped."""
    here = story.scenario.service(service)
    # A killed engine does not always start its containers again, and no task works on a bystander.
    left_to_engine = here.restart not in _COMES_BACK or here.uses or service not in story.scenario.targets()
    if story.did(*_RESTARTS) and left_to_engine:
        return True
    return any(deed.event.act in _STOPS and existed_before(story, deed) for deed in story.deeds_on(service))


def may_be_gone(story: Story, service: str) -> bool:
    """Whether no container of the service may be left, or none that can be started."""
    if story.did("prune networks") and story.scenario.service(service).networks:
        return True
    removals = [deed for deed in story.deeds_on(service) if deed.event.act in ("remove", "prune containers", "usurp")]
    old_was_removed = any(existed_before(story, deed) or deed.event.act != "remove" for deed in removals)
    others = [deed for deed in story.deeds_on(service) if deed not in removals]
    way_forward = all(serves(story.scenario, service, task.image) for task in story.tasks_on(service)) and not others and len(removals) == 1
    return any(not deed.left for deed in removals) or (old_was_removed and not way_forward)


def may_have_another_name(story: Story, service: str) -> bool:
    return any(deed.event.act in ("rename", "usurp") for deed in story.deeds_on(service))


def may_have_company(story: Story, service: str) -> bool:
    """Whether more than one container of the service may be left: something else started or moved one."""
    return any(deed.event.act in ("rename", "usurp", "start", "kill", "stop") for deed in story.deeds_on(service))


def _was_disturbed(story: Story, service: str) -> bool:
    stopped = any(deed.event.act in (*_STOPS, "remove", "usurp", "rename", "prune containers") for deed in story.deeds_on(service))
    return stopped or story.did(*_RESTARTS)
