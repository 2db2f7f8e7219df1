# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's commands: in the old container before the stop, and in the new one after the gate."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..engine.errors import EngineError, HookFailed, InvalidInput, NoAnswer
from ..engine.interfaces import Context
from ..engine.model import HookResult, HookResults
from ..engine.timing import Stopwatch, parse_duration, require_seconds

LONGEST_OUTPUT = 4000
"""How many characters of a hook's output are kept: the last ones."""

CUT = "[the beginning was cut off]\n"

SHELL = ("/bin/sh", "-c")
HOOK_OVERHEAD = 180
"""Seconds that the calls around a hook can take beyond its timeout."""

Command = t.Tuple[str, ...]


@dataclass(frozen=True)
class Hooks:
    """The commands, or None, and the timeout for each in seconds. Raise InvalidInput."""

    pre_update: Command | None = None
    post_update: Command | None = None
    timeout: float = 60.0

    def __post_init__(self) -> None:
        require_seconds("hooks.timeout", self.timeout)

    @classmethod
    def from_options(cls, pre_update: t.Any = None, post_update: t.Any = None, timeout: t.Any = 60.0) -> Hooks:
        """Read each hook as the operator wrote it: a string for the shell, or a list of strings. Raise InvalidInput."""
        return cls(_command("pre_update", pre_update), _command("post_update", post_update), parse_duration("hooks.timeout", timeout))

    @property
    def longest(self) -> float:
        """Seconds that both hooks can take together."""
        return sum(self.timeout + HOOK_OVERHEAD for command in (self.pre_update, self.post_update) if command)


NO_HOOKS = Hooks()


def _command(hook: str, wanted: t.Any) -> Command | None:
    if wanted is None:
        return None
    if isinstance(wanted, str) and wanted.strip():
        return (*SHELL, wanted)
    if isinstance(wanted, list) and wanted and all(isinstance(word, str) for word in wanted) and wanted[0]:
        return tuple(wanted)
    raise InvalidInput(
        f"hooks.{hook} must be a shell command, or a list of strings whose first is the program. Put numbers in it in quotes."
    )


class HookRunner:
    """Runs the hooks of one run, and keeps their `results`."""

    def __init__(self, context: Context, stopwatch: Stopwatch, hooks: Hooks) -> None:
        self._context = context
        self._stopwatch = stopwatch
        self.hooks = hooks
        self.results = HookResults()

    def before_update(self, name: str, container: str) -> bool:
        """Run `pre_update` in the old container. Return False if there is none. Raise HookFailed if nothing may be stopped."""
        if self.hooks.pre_update is None:
            return False
        problem = self._problem("pre_update", self.hooks.pre_update, name, container)
        if problem:
            raise HookFailed(f"{problem} Nothing was stopped: container {name} was left as it is.")
        return True

    def after_update(self, name: str, container: str) -> tuple[str, ...]:
        """Run `post_update` in the new container. Return a warning if it fails."""
        if self.hooks.post_update is None:
            return ()
        problem = self._problem("post_update", self.hooks.post_update, name, container)
        return (f"{problem} The update was not undone.",) if problem else ()

    def _problem(self, hook: str, command: Command, name: str, container: str) -> str | None:
        began = self._context.clock.monotonic()
        try:
            with self._stopwatch.step(hook):
                run = self._context.ops.run_in(container, command, self.hooks.timeout)
        except NoAnswer as error:
            return f"The result of the hook {hook} in {name} is unknown, and the hook may still be running there: {error}."
        except EngineError as error:
            return f"The hook {hook} could not be run in {name}: {error}.{_hint(command)}"
        result = HookResult(run.exit_code, _last_of(run.output), self._context.clock.monotonic() - began)
        self.results = self.results._replace(**{hook: result})
        if result.timed_out:
            return (
                f"The hook {hook} did not finish in {name} within {self.hooks.timeout:g} s. "
                "The engine cannot stop it, so it may still be running there."
            )
        if result.exit_code:
            return f"The hook {hook} failed in {name} with exit code {result.exit_code}. The result has its output."
        return None


def _hint(command: Command) -> str:
    if command[: len(SHELL)] != SHELL:
        return ""
    return f" A hook given as a string needs {SHELL[0]} in the container; a hook given as a list does not."


def _last_of(output: str) -> str:
    return output if len(output) <= LONGEST_OUTPUT else CUT + output[-LONGEST_OUTPUT:]
