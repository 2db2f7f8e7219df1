# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands of the operator in the container: before the old one is stopped, and after the new one has passed the gate."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..engine.errors import EngineError, HookFailed, InvalidInput, NoAnswer
from ..engine.interfaces import Context
from ..engine.model import HookResult, HookResults
from ..engine.timing import Stopwatch, require_seconds

LONGEST_OUTPUT = 4000
"""Characters of a hook's output that are kept: the last ones."""

CUT = "[the beginning was cut off]\n"

SHELL = ("/bin/sh", "-c")
A_HOOK_MORE = 180
"""Seconds: the longest that the calls around a hook can take beyond its timeout."""

Command = t.Tuple[str, ...]


@dataclass(frozen=True)
class Hooks:
    """What to run, None where there is nothing, and how long each may take, in seconds. Raises InvalidInput."""

    pre_update: Command | None = None
    post_update: Command | None = None
    timeout: float = 60.0

    def __post_init__(self) -> None:
        require_seconds("hooks.timeout", self.timeout, positive=True)

    @classmethod
    def from_options(cls, pre_update: t.Any = None, post_update: t.Any = None, timeout: float = 60.0) -> Hooks:
        """Each hook as the operator wrote it: a string for the shell, a list of strings as it is. Raises InvalidInput."""
        return cls(_command("pre_update", pre_update), _command("post_update", post_update), timeout)

    @property
    def longest(self) -> float:
        """Seconds that they can take together."""
        return sum(self.timeout + A_HOOK_MORE for command in (self.pre_update, self.post_update) if command)


NO_HOOKS = Hooks()


def _command(hook: str, wanted: t.Any) -> Command | None:
    if wanted is None:
        return None
    if isinstance(wanted, str) and wanted.strip():
        return (*SHELL, wanted)
    if isinstance(wanted, list) and wanted and all(isinstance(word, str) for word in wanted) and wanted[0]:
        return tuple(wanted)
    raise InvalidInput(
        f"hooks.{hook} must be a command for the shell, or a list of strings that begins with a program. Put numbers in it in quotes."
    )


class HookRunner:
    """Runs the hooks of one run, and keeps what came of them in `results`."""

    def __init__(self, context: Context, watch: Stopwatch, hooks: Hooks) -> None:
        self._context = context
        self._watch = watch
        self.hooks = hooks
        self.results = HookResults()

    def before_update(self, name: str, container: str) -> bool:
        """Run `pre_update` in the old container. False when there is none. Raises HookFailed: nothing is to be stopped then."""
        if self.hooks.pre_update is None:
            return False
        problem = self._problem("pre_update", self.hooks.pre_update, name, container)
        if problem:
            raise HookFailed(f"{problem} So nothing was stopped: container {name} was left as it is.")
        return True

    def after_update(self, name: str, container: str) -> tuple[str, ...]:
        """Run `post_update` in the new container. Returns a warning when it failed."""
        if self.hooks.post_update is None:
            return ()
        problem = self._problem("post_update", self.hooks.post_update, name, container)
        return (f"{problem} The update stands.",) if problem else ()

    def _problem(self, hook: str, command: Command, name: str, container: str) -> str | None:
        began = self._context.clock.monotonic()
        try:
            with self._watch.step(hook):
                run = self._context.ops.run_in(container, command, self.hooks.timeout)
        except NoAnswer as error:
            return f"What became of the hook {hook} in {name} is not known, and it may still be running there: {error}."
        except EngineError as error:
            return f"The hook {hook} could not be run in {name}: {error}.{_hint(command)}"
        # First masked, then cut: a secret that is cut in two would not be recognized.
        result = HookResult(run.exit_code, _last_of(self._context.mask(run.output)), self._context.clock.monotonic() - began)
        self.results = self.results._replace(**{hook: result})
        if result.timed_out:
            return (
                f"The hook {hook} did not end in {name} within {self.hooks.timeout:g} s. "
                "The engine has no way to end it, so it may still be running there."
            )
        if result.exit_code:
            return f"The hook {hook} failed in {name} with exit code {result.exit_code}. The result has its output."
        return None


def _hint(command: Command) -> str:
    if command[: len(SHELL)] != SHELL:
        return ""
    return f" A hook that is a string needs {SHELL[0]} in the container. One that is a list is run without it."


def _last_of(output: str) -> str:
    return output if len(output) <= LONGEST_OUTPUT else CUT + output[-LONGEST_OUTPUT:]
