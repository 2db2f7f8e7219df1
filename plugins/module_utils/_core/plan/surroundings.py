# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inspect what surrounds a container: other containers, networks, dependents."""

from __future__ import annotations

from ..container.dependents import Dependent, find_dependents, with_image_behind_tag
from ..container.old_container import OldContainer
from ..container.trial import trial_of
from ..engine.errors import EngineError, InspectFailed
from ..engine.interfaces import Context
from ..engine.model import Document, Inspected, Surroundings
from ..state.archives import owner_of_archive


def inspect_surroundings(
    context: Context, old: OldContainer, container: Document, new_image_id: str
) -> tuple[Surroundings, tuple[Dependent, ...], tuple[Inspected, ...], tuple[str, ...]]:
    """Inspect what surrounds a container, and its dependents. Raise InspectFailed.

    An archive that depends on the container is no dependent: it works again once this container is restored. Return a warning for each.
    """
    try:
        surroundings = _without_trials(context.ops.surroundings(old.id, new_image_id), old.name)
        found = find_dependents(container, surroundings.others, context.clock.unix_seconds())
        archives = [dependent for dependent in found if owner_of_archive(context.memory, dependent.id, dependent.name)]
        dependents = tuple(with_image_behind_tag(context.ops, dependent) for dependent in found if dependent not in archives)
        inspected_dependents = tuple(context.ops.inspect(dependent.id) for dependent in dependents)
        return surroundings, dependents, inspected_dependents, tuple(_stranded(archive, old) for archive in archives)
    except EngineError as error:
        raise InspectFailed(
            f"Container {old.name} was not changed: the containers and networks around it could not be inspected: {error}"
        ) from error


def _without_trials(surroundings: Surroundings, container: str) -> Surroundings:
    """Set trial containers apart: they depend on what their model depends on, and are about to go."""
    trials = {other["Id"]: trial_of(other) for other in surroundings.others if trial_of(other)}
    return surroundings._replace(
        others=tuple(other for other in surroundings.others if other["Id"] not in trials),
        left_trials=tuple(trial for trial, owner in trials.items() if owner == container),
    )


def _stranded(archive: Dependent, provider: OldContainer) -> str:
    return (
        f"The archive {archive.name} depends on the container of {provider.name} that this run replaces. "
        f"To restore it, restore {provider.name} first."
    )
