# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a scenario from a seed. The same seed makes the same scenario on every machine."""

from __future__ import annotations

import dataclasses
import random

from . import interference
from .scenario import (
    CRASHES,
    GOOD,
    LINK,
    NETWORK,
    NO_PROGRAM,
    PID,
    SICK,
    VOLUMES,
    WIDE,
    Event,
    Moment,
    Scenario,
    Service,
    Task,
)

TARGET, USER, BYSTANDER = "app", "side", "other"
_START = "POST /containers/*/start"
_LOOK = "GET /containers/*/json"

CHANGES = (
    "POST /volumes/create",
    "POST /containers/*/update",
    "POST /containers/*/stop",
    "POST /containers/*/rename",
    "POST /containers/create",
    "POST /networks/*/connect",
    _START,
    "DELETE /containers/*",
    "DELETE /volumes/*",
)
"""The calls of an update that change something."""
READS = ("GET /version", "GET /volumes", _LOOK, "GET /containers/json", "POST /images/create", "GET /images/*/json")
"""Calls that only read, or that pull."""

_ACTS = (
    # Each act with its possible victims, and its weight.
    ("kill module", ("",), 8),
    ("lose answer", ("",), 3),
    ("refuse call", ("",), 3),
    ("kill", (interference.HOLDER, interference.USER), 4),
    ("stop", (interference.HOLDER,), 2),
    ("pause", (interference.HOLDER,), 2),
    ("remove", (interference.HOLDER, interference.ARCHIVE, interference.USER), 4),
    ("rename", (interference.HOLDER, interference.ARCHIVE), 3),
    ("start", (interference.ARCHIVE,), 2),
    ("usurp", ("",), 3),
    ("disconnect", (interference.HOLDER,), 1),
    ("prune containers", ("",), 2),
    ("prune images", ("",), 1),
    ("prune networks", ("",), 1),
    ("prune volumes", ("",), 1),
    ("restart engine", ("",), 1),
    ("kill engine", ("",), 1),
    ("fill disk", ("",), 1),
    ("run task", ("",), 4),
    ("lose bind source", ("",), 2),
)


def scenario_of(seed: int) -> Scenario:
    chance = random.Random(seed)  # noqa: S311
    services = _services(chance)
    tasks = _tasks(chance, services)
    count = chance.choices((0, 1, 2, 3), weights=(1, 4, 3, 1))[0]
    events = [_event(chance, services, tasks) for _number in range(count)]
    return Scenario(seed, services, tasks, tuple(sorted(dict.fromkeys(events), key=lambda event: event.run)))


def _services(chance: random.Random) -> tuple[Service, ...]:
    relation = chance.choice(("", "", NETWORK, NETWORK, PID, VOLUMES, LINK))
    is_lender = relation == VOLUMES and chance.random() < 0.5
    project = chance.choice(("", "", "shop"))
    networks = () if relation == LINK else chance.choice(((), ("front",), ("front", "back")))
    target = Service(
        TARGET,
        anonymous=chance.choice(((), ("/cache",))) if not is_lender else (),
        named=chance.choice(((), ("/named",))),
        shared=chance.random() < 0.3,
        bind=chance.random() < 0.3,
        networks=networks,
        fixed_address=bool(networks) and chance.random() < 0.3,
        by_network_id=len(networks) == 1 and chance.random() < 0.2,
        published=chance.random() < 0.4,
        health=chance.random() < 0.7,
        restart=_policy(chance),
        project=project,
        running=relation in (PID, NETWORK, LINK) or chance.random() < 0.9,
    )
    others = [Service(BYSTANDER, shared=chance.random() < 0.5, health=False, restart=_policy(chance))]
    if chance.random() < 0.5:
        others.append(Service(f"{TARGET}-old-2", running=False))  # It only looks like an archive.
    if relation:
        anonymous = ("/cache",) if relation == VOLUMES else ()
        user = Service(USER, anonymous=anonymous, health=chance.random() < 0.4, restart=_policy(chance), project=project)
        others.append(dataclasses.replace(user, uses=TARGET, how=relation))
    return (target, *others)


def _policy(chance: random.Random) -> str:
    return chance.choice(("no", "always", "unless-stopped", "on-failure"))


def _tasks(chance: random.Random, services: tuple[Service, ...]) -> tuple[Task, ...]:
    target = services[0]
    user = next((service for service in services if service.uses), None)
    clock = chance.choices((0, -7200, 86400), weights=(8, 1, 1))[0]
    bad = (CRASHES, NO_PROGRAM, SICK) if target.health else (CRASHES, NO_PROGRAM)
    image = chance.choice(bad) if chance.random() < 0.35 and target.running else chance.choice((GOOD, GOOD, WIDE))
    options = (("health_timeout", 2),) if image == SICK else ()
    first = Task(TARGET, image=image, options=options, clock=clock)
    if user and chance.random() < 0.4:
        return (first, Task(user.name))
    if image in (GOOD, WIDE) and chance.random() < 0.25:
        archiving = Task(TARGET, image=image, options=(("keep_archive", True),), clock=clock)
        return (archiving, Task(TARGET, module=chance.choice(("container_rollback", "container_finalize"))))
    if target.health and target.running and chance.random() < 0.2:
        return (Task(TARGET, image=image, options=options, hooks=True, clock=clock),)
    return (first,)


def _event(chance: random.Random, services: tuple[Service, ...], tasks: tuple[Task, ...]) -> Event:
    run = chance.randrange(len(tasks))
    possible = [(act, victim, weight) for act, victims, weight in _ACTS for victim in victims if _is_possible(services, act, victim)]
    act, victim, _weight = chance.choices(possible, weights=[weight for _act, _victim, weight in possible])[0]
    moment = _moment(chance, act)
    if act != "run task":
        return Event(run, moment, act, victim)
    user = next((service.name for service in services if service.uses), TARGET)
    return Event(run, moment, act, task=Task(chance.choice((TARGET, user))))


def _is_possible(services: tuple[Service, ...], act: str, victim: str) -> bool:
    if act == "lose bind source":
        return services[0].bind
    return victim != interference.USER or any(service.uses for service in services)


def _moment(chance: random.Random, act: str) -> Moment:
    """Most interference comes at a call that changes something, or while the new container is in the health gate."""
    after = chance.random() < 0.5 and act not in ("lose answer", "refuse call")
    kind = chance.random()
    if kind < 0.25:
        return Moment(_LOOK, chance.randint(1, 3), since=_START, after=after)
    if kind < 0.40:
        return Moment(chance.choice(READS), chance.randint(1, 3), after=after)
    if kind < 0.50 and act not in interference.ON_MODULE:
        return Moment()
    return Moment(chance.choice(CHANGES), chance.choices((1, 2, 3), weights=(5, 3, 1))[0], after=after)
