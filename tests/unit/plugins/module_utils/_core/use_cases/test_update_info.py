# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_update_info predicts what container_recreate would do."""

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timezone

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import PullFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import UpdateQuery
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_update
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.update_info import inspect_host
from support.fakes.engine import FakeClock, FakeEngine, FakeProcesses, digest_of, fake_context
from support.fakes.host_of_web import DAY, NOW
from support.fakes.host_reader import FakeHostReader


def generated_host(seed: int) -> tuple[FakeHostReader, UpdateQuery]:
    """A random host, and a query about it."""
    chance = random.Random(seed)  # noqa: S311
    engine = FakeEngine()
    engine.clock = FakeClock(NOW)
    reader = FakeHostReader(engine)
    images = [f"image-{number}" for number in range(6)]
    for image in images:
        made = chance.choice((0, NOW - 3 * DAY, NOW - 3600))
        engine.images[image] = {"Created": datetime.fromtimestamp(made, timezone.utc).isoformat()}
    tags = [f"repo-{number}:{tag}" for number in range(3) for tag in ("1", "2")]
    for number in range(chance.randint(1, 6)):
        image, tag = chance.choice(images), chance.choice(tags)
        pin = chance.random() < 0.2
        reference = f"{tag}@{digest_of(image)}" if pin else tag
        engine.add_container(f"c{number}", reference, image, Labels=chance.choice((None, {"evenkeel.enable": "false"}, {"x": "y"})))
        if pin:
            engine.registry[ImageReference.parse(reference).normalised] = image
        if chance.random() < 0.3:
            rejected = chance.choice(images)
            Rejections(reader.records["memory"]).remember(f"c{number}", Rejected(tag, rejected, digest_of(rejected), "crashed", 1))
    for where in (engine.local, engine.registry):
        for tag in chance.sample(tags, chance.randint(0, len(tags))):
            where[ImageReference.parse(tag).normalised] = chance.choice(images)
    return reader, UpdateQuery(policy=chance.choice(list(PullPolicy)), min_image_age=chance.choice((0, DAY)))


@pytest.mark.properties
@pytest.mark.parametrize("seed", range(300))
def test_a_certain_prediction_agrees_with_the_plan_of_an_update(seed: int) -> None:
    """Each container is planned on a host of its own, because an update that moves a tag moves it for all containers."""
    reader, query = generated_host(seed)
    info = inspect_host(reader, FakeProcesses(), reader.engine.clock, query)
    for container in info.containers:
        engine, memory = generated_host(seed)[0].engine, reader.records["memory"]
        request = RecreateRequest(container.name, pull=query.policy, min_image_age=query.min_image_age, respect_labels=True)
        decision = None
        with contextlib.suppress(PullFailed):
            decision = plan_update(fake_context(engine, memory), Stopwatch(engine.clock), request)
        replaces = isinstance(decision, Replacement)
        if container.assessment.certain:
            assert (container.name in info.outdated) is replaces, container
        elif replaces:
            assert container.outdated, "an uncertain container may turn out to be up to date, but not the other way round"
