# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update of the container web to an image given by its digest."""

from __future__ import annotations

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import FakeEngine, digest_of, fake_context, fake_lock

TAG, REPOSITORY = "docker.io/library/shop:1", "docker.io/library/shop"
TESTED, ELSEWHERE = digest_of("tested"), digest_of("elsewhere")


def web_behind_its_tag() -> FakeEngine:
    """The tested image is published, and its tag has moved on."""
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    engine.registry.update({TAG: "elsewhere", f"{REPOSITORY}@{TESTED}": "tested"})
    return engine


def recreate_by_digest(
    engine: FakeEngine, *, image: str | None = None, pull: PullPolicy = PullPolicy.ALWAYS, digest: str = TESTED
) -> CycleResult:
    request = RecreateRequest("web", image=image, pull=pull, image_digest=digest)
    health = HealthConfig(health_timeout=1)
    return recreate_with_health(fake_context(engine), fake_lock(), request, health, Cleanup())
