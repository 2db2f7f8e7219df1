# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module says at its end: what happened, how things are now, and what to do next. last_words.py has the message after a rollback."""

from __future__ import annotations

import enum
import typing as t

from ..engine.errors import FleetError
from ..engine.model import ReturnValues
from ..plan.decision import Skipped, SkipReason
from .result import CycleResult, Outcome

NOTHING_TO_DO = "There is nothing to do."
_WITHOUT_CHECK_MODE = "To do it, run the task without check mode."


class Task(enum.Enum):
    """The module that ends."""

    RECREATE = "container_recreate"
    PREPARE = "container_prepare"
    ROLLBACK = "container_rollback"


_SAYS_SO_ALREADY = ("try again.", "try again later.", "run the task again.")


def message_values(what: str, next_step: str) -> ReturnValues:
    """Return the return values for a message. `msg` ends with the next step, unless `what` ends with the same advice."""
    if what.lower().endswith((next_step.lower(), *_SAYS_SO_ALREADY)):
        return {"msg": what, "next_step": next_step}
    return {"msg": f"{what if what.endswith('.') else f'{what}.'} {next_step}", "next_step": next_step}


def message_of_error(error: FleetError) -> ReturnValues:
    """Return the message of a module that failed before it had a result. The text of the error says what happened and how things are."""
    return message_values(str(error), error.next_step)


def message_of_finalize(container: str, dropped: t.Sequence[str], images_removed: t.Sequence[str], *, predicted: bool) -> ReturnValues:
    """Return the message of container_finalize."""
    if not dropped:
        return message_values(f"{container} was left as it is: there is no archive of it to remove.", NOTHING_TO_DO)
    would = "would be" if predicted else "were"
    archives = f"The archives of {container} {would} removed: {', '.join(dropped)}. {container} itself was not touched."
    images = f" The images of these archives were removed too: {', '.join(images_removed)}." if images_removed else ""
    return message_values(f"{archives}{images}", _WITHOUT_CHECK_MODE if predicted else NOTHING_TO_DO)


def message_of(result: CycleResult, task: Task, *, predicted: bool) -> ReturnValues:
    """Return the message of a result. `predicted` is true for a prediction."""
    if result.rollback and result.restored:
        from .last_words import after_rollback  # Only a run that replaced something needs it.

        return message_values(*after_rollback(result, result.rollback, result.restored, of_archive=task is Task.ROLLBACK))
    if result.lost:
        archive = f"container_rollback restores its archive {result.archive}." if result.archive else "Its archive is gone."
        what = f"{result.container_name} was replaced and passed its health gate, but then it {result.lost.why}. {archive}"
        return message_values(what, result.lost.next_step)
    if result.was_tried_before and result.interrupted and result.interrupted.rollback:
        from .last_words import after_interruption

        return message_values(*after_interruption(result, result.interrupted.rollback))
    if result.skipped:
        return message_values(result.skipped.why, _after_skip(result.container_name, result.skipped))
    if predicted and result.outcome in _PREDICTED:
        doubt = f" This may turn out otherwise: {result.doubt}." if result.doubt else ""
        what = f"{_PREDICTED[result.outcome].format(**_words(result))} It was not touched.{doubt}"
        return message_values(what, "To do it, run container_recreate." if task is Task.PREPARE else _WITHOUT_CHECK_MODE)
    what, next_step = _MESSAGES[result.outcome]
    if result.archive:
        what, next_step = f"{what} Its archive {{archive}} still exists.", _WITH_ARCHIVE
    return message_values(what.format(**_words(result)), next_step.format(**_words(result)))


_MESSAGES = {
    Outcome.RECREATED: ("{name} was recreated from {new}.", NOTHING_TO_DO),
    Outcome.RESTORED: (
        "{name} was restored from its archive, and has {new} again.",
        "To update it again, run container_recreate, with force: true for an image that was rejected.",
    ),
    Outcome.RECOVERED: (
        "An earlier run on {name} was interrupted. This run recovered it: {name} has {old}, and needs no update.",
        NOTHING_TO_DO,
    ),
    Outcome.UNCHANGED: ("{name} was left as it is: it already has {old}.", NOTHING_TO_DO),
    Outcome.SKIPPED: ("{name} was not updated.", NOTHING_TO_DO),
    Outcome.UNKNOWN: (
        "Whether {name} would change is unknown, and nothing was changed: {doubt}.",
        "Remove this obstacle, or run the update to find out.",
    ),
    Outcome.ROLLED_BACK: ("{name} was rolled back.", "Fix the cause, and run the task again."),
}
"""What happened and how things are, and what to do next."""

_PREDICTED = {
    Outcome.RECREATED: "{name} would be recreated from {new}.",
    Outcome.RESTORED: "{name} would be restored from its archive, and have {new} again.",
    Outcome.RECOVERED: "An earlier run on {name} was interrupted, and would be recovered.",
}

_WITH_ARCHIVE = "To go back to it, run container_rollback. To remove it, run container_finalize, or: docker rm {archive}"


def _words(result: CycleResult) -> dict[str, str]:
    return {
        "name": result.container_name,
        "old": result.old_image_in_words,
        "new": result.new_image_in_words,
        "archive": result.archive or "",
        "doubt": result.doubt,
    }


def _after_skip(name: str, skipped: Skipped) -> str:
    if skipped.reason is SkipReason.REJECTED:
        from ..state.rejections import how_to_try_again

        return how_to_try_again(name)
    return _AFTER_SKIP[skipped.reason]


_AFTER_SKIP = {
    SkipReason.EXCLUDED: "To update it all the same, set respect_labels: false, or remove the label.",
    SkipReason.TOO_YOUNG: "A later run updates it. To update it now, lower min_image_age.",
}
