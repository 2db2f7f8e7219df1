# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a failing scenario smaller: the fewest events, then the fewest containers and the plainest settings, that still fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from .scenario import Scenario, Service

Fails = Callable[[Scenario], bool]


def shrink(scenario: Scenario, fails: Fails) -> Scenario:
    """Return the smallest scenario that was found to fail. `fails` plays a scenario. The given one is known to fail."""
    while True:
        smaller = next((candidate for candidate in candidates(scenario) if fails(candidate)), None)
        if smaller is None:
            return scenario
        scenario = smaller


def candidates(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios that are one step smaller, the largest steps first."""
    if len(scenario.events) > 1:
        yield dataclasses.replace(scenario, events=())
    yield from _without_one_event(scenario)
    yield from _without_last_task(scenario)
    yield from _without_one_service(scenario)
    yield from _with_plainer_tasks(scenario)
    for service in scenario.services:
        for plainer in _plainer(service):
            services = tuple(plainer if other is service else other for other in scenario.services)
            yield dataclasses.replace(scenario, services=services)


def _without_one_event(scenario: Scenario) -> Iterator[Scenario]:
    for event in scenario.events:
        yield dataclasses.replace(scenario, events=tuple(other for other in scenario.events if other is not event))


def _without_last_task(scenario: Scenario) -> Iterator[Scenario]:
    last = len(scenario.tasks) - 1
    if last and all(event.run < last for event in scenario.events):
        yield dataclasses.replace(scenario, tasks=scenario.tasks[:last])


def _without_one_service(scenario: Scenario) -> Iterator[Scenario]:
    for service in scenario.services:
        if service.name not in scenario.targets() and not scenario.users_of(service.name):
            yield dataclasses.replace(scenario, services=tuple(other for other in scenario.services if other is not service))


def _with_plainer_tasks(scenario: Scenario) -> Iterator[Scenario]:
    for task in scenario.tasks:
        for plainer in (dataclasses.replace(task, clock=0), dataclasses.replace(task, hooks=False)):
            if plainer != task:
                yield dataclasses.replace(scenario, tasks=tuple(plainer if other is task else other for other in scenario.tasks))


def _plainer(service: Service) -> Iterator[Service]:
    """The service with one setting less. What others need stays: its name, what it uses, and whether it runs."""
    simplest = Service(service.name)
    for field in dataclasses.fields(service):
        if field.name not in ("name", "uses", "how", "running", "health") and getattr(service, field.name) != getattr(simplest, field.name):
            plainer = dataclasses.replace(service, **{field.name: getattr(simplest, field.name)})
            if plainer.networks or not (plainer.fixed_address or plainer.by_network_id):
                yield plainer
