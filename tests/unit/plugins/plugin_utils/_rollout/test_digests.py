# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of one digest per container for the whole fleet, and the name of the rollout."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.digests import choose, digest_for, rollout_of

A, B = "sha256:a", "sha256:b"
TODAY = "2026-11-23T10:00:00Z"
YESTERDAY = "2026-11-22T10:00:00Z"


def runs(digest: str, *rollouts: str | None, name: str = "web", reference: str = "shop:1", created: int = 0) -> dict[str, t.Any]:
    """Return a container with an archive for each rollout, newest first."""
    archives = [{"name": f"{name}-old", "kept": True, "rollout": rollout} for rollout in rollouts]
    return {"name": name, "image": {"reference": reference, "digest": digest}, "archives": archives, "created": created}


def foretold(digest: str | None, name: str = "web", reference: str = "shop:1", **settings: str) -> dict[str, t.Any]:
    image = {"new": {"reference": reference, "digest": digest}}
    return {"item": {"name": name, **settings}, "container": {"name": name}, "image": image}


def look(container: dict[str, t.Any] | None = None, *predictions: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"containers": [container] if container else [], "foretold": list(predictions)}


def test_digest_of_the_first_host_is_chosen() -> None:
    choice = choose([look(runs(A), foretold(None)), look(runs(A), foretold(B)), look(runs(A), foretold("sha256:later"))], TODAY)
    assert choice == {"rollout": TODAY, "run": TODAY, "resumed": False, "digests": {"web": {"shop:1": B}}}


def test_digest_is_chosen_for_each_reference_and_container() -> None:
    looks = [look(None, foretold(A)), look(None, foretold(B, reference="shop:2")), look(None, foretold(B, name="db"))]
    assert choose(looks, TODAY)["digests"] == {"web": {"shop:1": A, "shop:2": B}, "db": {"shop:1": B}}


class TestResumedRollout:
    LOOKS: t.ClassVar = [look(runs(B, YESTERDAY), foretold("sha256:later")), look(runs(A), foretold("sha256:later"))]

    def test_unfinished_rollout_is_resumed_with_its_digest(self) -> None:
        assert choose(self.LOOKS, TODAY) == {"rollout": YESTERDAY, "run": TODAY, "resumed": True, "digests": {"web": {"shop:1": B}}}

    def test_fresh_starts_a_new_rollout(self) -> None:
        choice = choose(self.LOOKS, TODAY, fresh=True)
        assert choice == {"rollout": TODAY, "run": TODAY, "resumed": False, "digests": {"web": {"shop:1": "sha256:later"}}}

    def test_other_image_starts_a_new_rollout(self) -> None:
        looks = [look(runs(B, YESTERDAY), foretold("sha256:2", reference="shop:2"))]
        assert choose(looks, TODAY) == {"rollout": TODAY, "run": TODAY, "resumed": False, "digests": {"web": {"shop:2": "sha256:2"}}}

    def test_other_image_digest_starts_a_new_rollout(self) -> None:
        def choice(digest: str) -> dict[str, t.Any]:
            return choose([look(runs(B, YESTERDAY), foretold(digest, image_digest=digest))], TODAY)

        assert choice(A) == {"rollout": TODAY, "run": TODAY, "resumed": False, "digests": {"web": {"shop:1": A}}}
        assert choice(B)["resumed"]

    def test_newest_of_several_unfinished_rollouts_is_resumed(self) -> None:
        assert choose([look(runs(A, "2026-11-01T10:00:00Z")), look(runs(B, YESTERDAY))], TODAY)["rollout"] == YESTERDAY

    @pytest.mark.parametrize(
        ("other", "resumed"),
        [
            (runs("sha256:later", created=1795428000), False),
            (runs("sha256:later", None, created=1795428000), False),
            (runs(A, created=1795341599), True),
            (runs(B, created=1795428000), True),
            (runs(B, YESTERDAY, created=1795428000), True),
            (runs("sha256:later", created=1795428000, reference="shop:2"), True),
            (runs("sha256:later", created=1795428000, name="db"), True),
            (runs(None, created=1795428000), True),  # type: ignore[arg-type]
        ],
        ids=[
            "finished a later rollout",
            "replaced by the user",
            "not reached",
            "finished this rollout",
            "reached",
            "another image",
            "another container",
            "locally built image",
        ],
    )
    def test_rollout_that_a_later_one_replaced_is_not_resumed(self, other: dict[str, t.Any], resumed: bool) -> None:
        choice = choose([look(other, foretold("sha256:later")), look(runs(B, YESTERDAY), foretold("sha256:later"))], TODAY)
        assert (choice["resumed"], choice["digests"]["web"]["shop:1"]) == (resumed, B if resumed else "sha256:later")

    def test_archive_without_a_rollout_is_not_resumed(self) -> None:
        assert choose([look(runs(A, None), foretold(B))], TODAY)["resumed"] is False
        assert rollout_of(runs(A, None, YESTERDAY)) is None, "the user replaced the container after the rollout"


def test_digest_for_a_container_follows_its_reference() -> None:
    choice = {"digests": {"web": {"shop:1": A, "shop:2": B}}}
    assert digest_for(choice, {"name": "web"}, look(runs(A))) == A
    assert digest_for(choice, {"name": "web", "image": "shop:2"}, look(runs(A))) == B
    assert digest_for(choice, {"name": "web"}, look()) is None
    assert digest_for(choice, {"name": "db"}, look(runs(A, name="db"))) is None
