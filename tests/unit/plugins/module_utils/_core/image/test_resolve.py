# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pull would bring is told without one."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.resolve import resolve
from support.fakes.engine import FakeEngine, digest_of

SHOP = ImageReference.parse("shop:1")


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    return engine


def test_an_image_that_is_here_is_known_by_its_id(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "old"
    resolved = resolve(engine, SHOP, PullPolicy.ALWAYS)
    assert (resolved.image.id, resolved.image.digest, resolved.doubt) == ("old", digest_of("old"), "")


def test_one_that_is_not_has_a_digest_only(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "new"
    resolved = resolve(engine, SHOP, PullPolicy.ALWAYS)
    assert (resolved.image.id, resolved.image.digest) == ("", digest_of("new"))
    assert "packed anew" in resolved.doubt
    assert "pull" not in engine.calls


def test_of_another_index_nobody_knows_what_it_means_here(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "new"
    engine.publishes_indexes = True
    assert "only a pull can tell" in resolve(engine, SHOP, PullPolicy.ALWAYS).doubt


def test_there_is_no_doubt_about_an_index_that_is_known(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "old"
    engine.publishes_indexes = True
    assert resolve(engine, SHOP, PullPolicy.ALWAYS).doubt == ""


@pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
def test_nobody_is_asked_about_what_need_not_be_pulled(engine: FakeEngine, policy: PullPolicy) -> None:
    assert resolve(engine, SHOP, policy).image.id == "old"
    assert "published" not in engine.calls


def test_what_is_missing_is_asked_for(engine: FakeEngine) -> None:
    other = ImageReference.parse("other:1")
    engine.registry[other.normalised] = "new"
    assert resolve(engine, other, PullPolicy.MISSING).image.digest == digest_of("new")
    with pytest.raises(NotFound, match="never"):
        resolve(engine, other, PullPolicy.NEVER)


def test_the_registrys_refusal_is_the_answer(engine: FakeEngine) -> None:
    engine.errors["published"] = EngineError("denied")
    with pytest.raises(EngineError, match="denied"):
        resolve(engine, SHOP, PullPolicy.ALWAYS)
