# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image a pull would get."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity, PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.resolve import ResolvedImage, match_running, resolve
from support.fakes.engine import FakeEngine, digest_of

SHOP = ImageReference.parse("shop:1")


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    return engine


def test_image_on_the_host_has_its_id(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "old"
    resolved = resolve(engine, SHOP, PullPolicy.ALWAYS)
    assert (resolved.image.id, resolved.image.digest, resolved.doubt) == ("old", digest_of("old"), "")


def test_image_that_is_not_on_the_host_has_only_a_digest(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "new"
    resolved = resolve(engine, SHOP, PullPolicy.ALWAYS)
    assert (resolved.image.id, resolved.image.digest) == ("", digest_of("new"))
    assert "compressed again" in resolved.doubt
    assert "pull" not in engine.calls


def test_new_index_is_doubtful(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "new"
    engine.publishes_indexes = True
    assert "only a pull can tell" in resolve(engine, SHOP, PullPolicy.ALWAYS).doubt


def test_known_index_is_not_doubtful(engine: FakeEngine) -> None:
    engine.registry[SHOP.normalised] = "old"
    engine.publishes_indexes = True
    assert resolve(engine, SHOP, PullPolicy.ALWAYS).doubt == ""


@pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
def test_registry_is_not_queried_if_the_policy_uses_the_local_image(engine: FakeEngine, policy: PullPolicy) -> None:
    assert resolve(engine, SHOP, policy).image.id == "old"
    assert "published" not in engine.calls


def test_missing_image_is_looked_up_in_the_registry_unless_never_pulled(engine: FakeEngine) -> None:
    other = ImageReference.parse("other:1")
    engine.registry[other.normalised] = "new"
    assert resolve(engine, other, PullPolicy.MISSING).image.digest == digest_of("new")
    with pytest.raises(NotFound, match="never"):
        resolve(engine, other, PullPolicy.NEVER)


def test_error_of_the_registry_is_raised(engine: FakeEngine) -> None:
    engine.errors["published"] = EngineError("denied")
    with pytest.raises(EngineError, match="denied"):
        resolve(engine, SHOP, PullPolicy.ALWAYS)


@pytest.mark.parametrize(
    ("platforms", "is_index", "engine", "architecture"),
    [
        (("linux/amd64", "linux/arm64"), True, "arm64", "arm64"),
        (("linux/386",), True, "amd64", "386"),
        (("linux/arm/v7", "linux/s390x"), True, "arm64", "arm"),
        (("linux/s390x",), False, "amd64", "s390x"),
    ],
    ids=["same", "386 on amd64", "arm on arm64", "single image of another platform"],
)
def test_architecture_that_an_engine_would_pull(platforms: tuple[str, ...], is_index: bool, engine: str, architecture: str) -> None:
    resolved = ResolvedImage(ImageIdentity("shop:1", "", "sha256:d"), platforms=platforms, is_index=is_index)
    assert resolved.architecture_for(engine) == architecture


def test_index_without_an_image_for_the_engine() -> None:
    resolved = ResolvedImage(ImageIdentity("shop:1", ""), platforms=("linux/s390x", "unknown/unknown"), is_index=True)
    with pytest.raises(EngineError, match="no matching manifest for amd64: the registry has the image for linux/s390x$"):
        resolved.architecture_for("amd64")


@pytest.mark.parametrize(
    ("image_id", "digest", "matched"), [("", "sha256:d", "running"), ("", "sha256:e", ""), ("known", "sha256:d", "known")]
)
def test_running_image_is_matched_by_digest(image_id: str, digest: str, matched: str) -> None:
    resolved = ResolvedImage(ImageIdentity("shop:1", image_id, "sha256:d"), doubt="maybe")
    running = ImageIdentity("mirror.example/shop:1", "running", digests=(digest,))
    image = match_running(resolved, running).image
    assert (image.reference, image.id, image.digest) == ("shop:1", matched, "sha256:d")
