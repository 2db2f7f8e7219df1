# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the new image is obtained, and what is said where that fails."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    PullFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    PullPolicy,
)
from support.fakes.engine import (
    FakeEngine,
)
from support.fakes.update_of_web import REFUSAL, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestBeforeThereIsAnArchive:
    def test_pull_fails(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match="shop:2 could not be had, and container web was not touched"):
            recreate(engine, image="shop:2")
        assert engine.calls == ["inspect", "pull", "local_image"]

    def test_pull_fails_and_another_policy_would_help(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match=r"\. It is on this host already: pull=missing or pull=never would take that one\.$"):
            recreate(engine)
        engine.local.clear()
        for policy in (PullPolicy.ALWAYS, PullPolicy.MISSING):
            with pytest.raises(PullFailed) as raised:
                recreate(engine, pull=policy)
            assert "on this host already" not in str(raised.value)

    def test_pull_never(self, engine: FakeEngine) -> None:
        assert recreate(engine, pull=PullPolicy.NEVER).outcome is Outcome.UNCHANGED


class TestWhatIsSaid:
    def test_pull(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match=r"^Image shop:2 could not be had, .*: manifest for \S*/shop:2 not found\. Check the spelling"):
            recreate(engine, image="shop:2")

    @pytest.mark.parametrize(
        ("asked", "hint"),
        [("toomanyrequests: come back at noon.", r" \(come back at noon\)"), ("429 Too Many Requests", ""), ("connection refused", "")],
    )
    def test_the_hint_of_a_registry_that_only_a_question_gets(self, engine: FakeEngine, asked: str, hint: str) -> None:
        engine.errors.update(pull=EngineError("429 Too Many Requests"), published=EngineError(asked))
        with pytest.raises(PullFailed, match=f"rate limited by the registry: 429 Too Many Requests{hint}\\. Try again later"):
            recreate(engine)

    def test_any_error_of_a_pull(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match="the engine says no"):
            recreate(engine)
