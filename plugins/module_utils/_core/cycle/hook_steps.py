# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hooks as steps of a run: what may happen to the container while a hook runs in it, and what to do about it."""

from __future__ import annotations

import typing as t

from ..container.old_container import OldContainer
from ..engine.errors import EngineError, HookFailed, NotFound, StepFailed
from ..engine.interfaces import Context
from ..engine.model import Document, HookResult, has_ended, is_active, name_of
from ..engine.retry import retry_on_refusal
from .job import Run

_EXIT_NOTICED_WITHIN = 5.0
"""Seconds within which the engine notices that a container has exited."""
_LOOK_AGAIN_AFTER = 0.1
"""Seconds between two looks."""


def run_pre_update(run: Run, old: OldContainer, is_unchanged: t.Callable[[], bool]) -> None:
    """Run the hook in the old container if it runs, and record that the container is touched from now on.

    This is the last step before the first touch, so no run has to recover from a hook alone. Raise StepFailed, and release the lock, if
    nothing may be stopped: the hook failed, or the container changed meanwhile.
    """
    try:
        try:
            ran = old.runs and run.hooks.before_update(old.name, old.id)
        except HookFailed as error:
            raise (_stopped_by_hook(run, old) or error) from None
        if ran and not is_unchanged():
            raise _stopped_by_hook(run, old) or _changed_meanwhile(old)
        run.lock.confirm()
    except StepFailed:
        run.lock.release()
        raise


def run_post_update(run: Run, name: str, container: str) -> tuple[str, ...]:
    """Run the hook in the new container, and start the container again if the hook stopped it. Return warnings."""
    warnings = run.hooks.after_update(name, container)
    result = run.hooks.results.post_update
    if result is None:
        return warnings  # No hook was run, so whatever happened to the container, the second look judges it.
    try:
        if not has_ended(_look_after_hook(run.context, container, result)):
            return warnings
        retry_on_refusal(run.context.clock, lambda: run.context.ops.start(container))
    except EngineError as error:
        return (*warnings, f"Container {name} may have stopped during the post_update hook: {error}. Check it with: docker ps -a")
    ended = f"Container {name} stopped during the post_update hook and was restarted."
    return (*warnings, f"{ended} The hook must not kill the container's main process.")


def _changed_meanwhile(old: OldContainer) -> HookFailed:
    return HookFailed(
        f"Container {old.name} was modified, or could not be inspected, while the pre_update hook ran. Nothing was stopped. Try again."
    )


def _changed_by_others(old: OldContainer, did: str, remedy: str) -> HookFailed:
    error = HookFailed(f"Something else {did} container {old.name} while the pre_update hook ran. This run left it as it is.")
    error.next_step = f"{remedy}, and run the task again."
    return error


def _stopped_by_hook(run: Run, old: OldContainer) -> HookFailed | None:
    """Start the old container again if the hook stopped it. What something else did to it stays.

    Return None if it runs under its name, or if it cannot be inspected.
    """
    context = run.context
    try:
        now = _look_after_hook(context, old.id, run.hooks.results.pre_update)
    except NotFound:
        return _changed_by_others(old, "removed", "Create it again")
    except EngineError:
        return None
    if name_of(now) != old.name:
        return _changed_by_others(old, "renamed", f"Give it its name back with 'docker rename {name_of(now)} {old.name}'")
    if now["State"].get("Status") == "paused":
        return _changed_by_others(old, "paused", f"Let it go on with 'docker unpause {old.name}'")
    if not has_ended(now):
        return None
    if _was_stopped_by_others(context, old):
        return _changed_by_others(old, "stopped", f"Start it with 'docker start {old.name}'")
    try:
        retry_on_refusal(context.clock, lambda: context.ops.start(old.id))
    except EngineError as error:
        return HookFailed(
            f"Container {old.name} stopped during the pre_update hook and could not be restarted: {error}. "
            f"Bring it back with: docker start {old.name}",
            touched=True,
        )
    return HookFailed(
        f"Container {old.name} stopped during the pre_update hook and was restarted. The hook must not kill the container's main process.",
        touched=True,
    )


def _was_stopped_by_others(context: Context, old: OldContainer) -> bool:
    """Whether the engine was asked to stop the container. It reports that after the end of the process; a hook ends it without that."""
    actions = context.probe.events(old.id).log(old.state.started_at).actions
    last_end = max((at for at, action in enumerate(actions) if action == "die"), default=len(actions))
    return "stop" in actions[last_end:]


def _look_after_hook(context: Context, container: str, hook: HookResult | None) -> Document:
    """Inspect a container after a hook. If the hook was killed, the container may have exited, which the engine may notice later."""
    deadline = context.clock.monotonic() + (_EXIT_NOTICED_WITHIN if hook and hook.was_killed else 0)
    while True:
        now = context.ops.inspect(container).container
        if not is_active(now) or context.clock.monotonic() >= deadline:
            return now
        context.clock.sleep(_LOOK_AGAIN_AFTER)
