# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try before the stop whether the engine would create the successor, with a trial container that is removed at once.

The name of the trial container contains the token of the run, which is in its journal entry. So the next run finds it after a kill.
"""

from __future__ import annotations

import contextlib

from ..container.trial import Trial, explain, trial_name, with_volume_paths
from ..engine.errors import Conflict, CreateIncomplete, EngineError, NoAnswer, NotFound, RecoveryFailed, Refused, TrialLeft
from ..engine.interfaces import Context
from ..engine.retry import retry_on_no_answer
from ..plan.decision import Replacement
from ..state.journal import JournalEntry


def try_to_create(context: Context, plan: Replacement, token: str) -> None:
    """Create and remove the trial container. Raise Refused if the engine would not create the successor.

    Raise TrialLeft if the trial container could not be removed. Nothing else is touched in either case.
    """
    for leftover in plan.left_trials:
        _remove(context, plan.old.name, leftover, leftover)
    if plan.trial is None:
        return
    name = trial_name(plan.old.name, token)
    trial = with_volume_paths(plan.trial, _paths_of_volumes(context, plan.trial))
    try:
        created = context.ops.create(name, trial.body)
    except EngineError as error:
        if isinstance(error, (CreateIncomplete, NoAnswer)):
            _remove(context, plan.old.name, name, name)
        raise Refused(f"Container {plan.old.name} was not changed: {_reason(trial, error)}") from error
    _remove(context, plan.old.name, created, name)


def remove_trial_of(context: Context, entry: JournalEntry) -> None:
    """Remove the trial container of an interrupted run, if it left one. Raise RecoveryFailed."""
    name = trial_name(entry.container, entry.holder.token)
    try:
        _remove_if_there(context, name)
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted before it changed anything, but the container {name}, with which it "
            f"tried whether the engine would create a new one, could not be removed: {error}. Remove it with: docker rm --force {name}"
        ) from error


def _paths_of_volumes(context: Context, trial: Trial) -> tuple[str, ...]:
    if not trial.volumes:
        return ()
    try:
        return context.ops.paths_of_volumes(trial.volumes)
    except EngineError:
        return ()  # Whatever prevents the look does not have to prevent the update.


def _reason(trial: Trial, error: EngineError) -> str:
    if isinstance(error, NoAnswer):
        return f"whether the engine would create its new container could not be found out: {error}. Run the task again."
    return explain(trial, str(error), error.said)


def _remove(context: Context, container: str, trial: str, name: str) -> None:
    """Remove a trial container by its ID if that is known: it may have been renamed. `name` is for the operator."""
    try:
        _remove_if_there(context, trial)
    except EngineError as error:
        raise TrialLeft(
            f"Container {container} was not changed: the container {name}, with which the run tried whether the engine would create a new "
            f"one, could not be removed: {error}. A new container that fails could not be removed either. Allow the removal of containers, "
            "and run the task again; it removes this one first."
        ) from error


def _remove_if_there(context: Context, trial: str) -> None:
    def remove() -> None:
        with contextlib.suppress(NotFound):
            context.ops.remove(trial, force=True)

    retry_on_no_answer(context.clock, remove, also=Conflict)
