# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module says after a rollback: why the container failed, its last words, how things are now, and what to do next."""

from __future__ import annotations

import typing as t

from ..engine.model import Failure
from ..state.rejections import how_to_try_again
from .result import CycleResult, RestoreResult, RollbackEvent, RollbackReason

LOG_LINES = 5
"""How many of the last log lines a message has. The return values have more."""
LONGEST_QUOTE = 300
"""Characters of a log line, or of the output of a health check, in a message."""

WHAT_FAILED = {
    RollbackReason.HEALTH_TIMEOUT: "did not become healthy",
    RollbackReason.CRASHED: "did not stay up",
    RollbackReason.CREATE_FAILED: "could not be created",
    RollbackReason.START_FAILED: "could not be started",
    RollbackReason.INTERFERED: "was not left alone",
}
"""The end of a sentence that starts with the container."""

_ADVICE = {
    RollbackReason.HEALTH_TIMEOUT: "Fix the image, or raise health_timeout if it needs more time.",
    RollbackReason.CRASHED: "Fix what made it exit.",
    RollbackReason.CREATE_FAILED: "Fix what the engine reports.",
    RollbackReason.START_FAILED: "Fix what the engine reports.",
    RollbackReason.INTERFERED: "Find out what else works on this container.",
}


def after_rollback(result: CycleResult, event: RollbackEvent, restored: RestoreResult, *, of_archive: bool) -> tuple[str, str]:
    """Return what happened, and what to do next. `of_archive` is true if an archive was restored and failed."""
    old, new = result.old_image_in_words, result.new_image_in_words
    subject = f"The {'restored' if of_archive else 'new'} container of {new} {WHAT_FAILED[event.reason]}"
    failure = " ".join((f"{subject}: {event.failure.error.rstrip('.')}.", *last_words(event.failure)))
    if restored.problem is None:
        how = f"runs {old} again" if restored.runs else f"has {old} again, stopped as before"
        state = f"{event.container} was rolled back and {how}, in the same container as before."
        return f"{failure} {state}", f"{_ADVICE[event.reason]} {_try_again(result, event, of_archive=of_archive)}"
    trouble = f"THE ROLLBACK FAILED TOO, and {event.container} needs your attention: {restored.problem}."
    current_name = f" Its old container is called {restored.archive}." if restored.archive else ""
    look = f"See what is wrong with it, for example with 'docker logs {result.container_name}'. Then run the task again."
    return f"{failure} {trouble}{current_name}", restored.remedy.strip() or look


def _try_again(result: CycleResult, event: RollbackEvent, *, of_archive: bool) -> str:
    if of_archive:
        return f"Then run container_rollback again: its archive {result.archive} is still there."
    if result.excuse:
        return f"Then run the task again. It tries this image again, which was not rejected, because {result.excuse}."
    return f"Later runs skip this image, and try a newer one. {how_to_try_again(event.container)}"


def last_words(failure: Failure) -> t.Iterator[str]:
    """Yield a sentence for each thing that a failed container left: exit code, memory, health check and log lines."""
    if failure.exit_code is not None and f"code {failure.exit_code}" not in failure.error:
        yield f"Its process ended with exit code {failure.exit_code}."
    if failure.oom_killed:
        yield "The kernel killed it because it ran out of memory."
    if failure.health_log:
        check = failure.health_log[-1]
        yield f"Its last health check ended with exit code {check.get('exit_code')}: {_quoted(check.get('output'))}."
    if failure.logs:
        yield f"Its last log lines: {' | '.join(map(_quoted, failure.logs[-LOG_LINES:]))}."


def _quoted(text: str | None) -> str:
    """Return the output of a program in one line. Only the end of a long line is left."""
    line = " ".join((text or "(no output)").split()).rstrip(".")
    return line if len(line) <= LONGEST_QUOTE else f"...{line[-LONGEST_QUOTE:]}"
