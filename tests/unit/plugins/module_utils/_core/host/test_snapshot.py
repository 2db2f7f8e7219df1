# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host as it was read."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity, Published, Record
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.snapshot import (
    LocalImages,
    ReadOnlyJournal,
    as_inspected,
    linked_by,
)

SHOP = ImageReference.parse("shop:1")
DIGEST = "sha256:" + "a" * 64
IMAGE = {"Id": "sha256:old", "RepoTags": ["shop:1"], "RepoDigests": [f"mirror.example/shop@{DIGEST}"], "Created": 1_790_000_000}


def journal() -> ReadOnlyJournal:
    return ReadOnlyJournal({"evenkeel-lock.web": Record("text", "2026-11-27T10:00:00Z")}, lambda _record: 5.0)


def test_a_read_only_journal_has_the_given_records() -> None:
    record = journal().read("evenkeel-lock.web")
    assert record == Record("text", "2026-11-27T10:00:00Z")
    assert journal().age(record) == 5.0
    assert journal().read("evenkeel-lock.db") is None
    assert (journal().keys("lock"), journal().keys("archives")) == (("evenkeel-lock.web",), ())


def test_a_read_only_journal_refuses_changes() -> None:
    with pytest.raises(EngineError, match="read-only: 4 characters could not be written to evenkeel-lock.db"):
        journal().write("evenkeel-lock.db", "text")
    with pytest.raises(EngineError, match="read-only: evenkeel-lock.web could not be erased"):
        journal().erase("evenkeel-lock.web")


def test_a_local_image_is_found_by_its_tag() -> None:
    assert LocalImages([IMAGE], {}).local_image(SHOP) == ImageIdentity("shop:1", "sha256:old", digests=(DIGEST,))


def test_a_tag_that_points_to_no_image_is_not_found() -> None:
    with pytest.raises(NotFound, match="shop:2 is not on this host"):
        LocalImages([IMAGE], {}).local_image(ImageReference.parse("shop:2"))


def test_an_image_with_a_digest_of_any_repository_was_not_built_here() -> None:
    images = LocalImages([IMAGE, {"Id": "built", "RepoTags": None, "RepoDigests": None}], {})
    assert (images.was_built_here("sha256:old"), images.was_built_here("built")) == (False, True)


def test_the_containerd_store_does_not_tell_where_an_image_came_from() -> None:
    assert LocalImages([{**IMAGE, "Descriptor": {"digest": "sha256:old"}}], {}).was_built_here("sha256:old") is None


def test_the_image_of_a_container_has_its_digest_in_the_repository_that_the_container_follows() -> None:
    images = LocalImages([IMAGE], {})
    assert images.image_of(as_inspected({**LISTED, "Image": "mirror.example/shop:1"})).digest == DIGEST
    assert images.image_of(as_inspected({**LISTED, "Image": "shop:1"})).digest is None
    assert images.image_of(as_inspected({**LISTED, "ImageID": "sha256:gone"})) == ImageIdentity("db:1", "sha256:gone")


def test_the_details_of_an_image_are_used_once_they_are_known() -> None:
    images = LocalImages([IMAGE], {})
    listed = images.local_image(SHOP)
    images.add_details({**IMAGE, "Os": "linux", "Architecture": "amd64", "RootFS": {"Layers": ["a"]}, "Config": {}})
    assert listed.content is None
    detailed = images.in_detail(listed)
    assert detailed.content
    assert detailed == images.local_image(SHOP)


def test_the_build_date_of_an_unknown_image_is_unknown() -> None:
    images = LocalImages([IMAGE], {})
    assert (images.created("sha256:old"), images.created("sha256:other")) == (1_790_000_000, None)
    assert (images.has("sha256:old"), images.has("sha256:other")) == (True, False)


def test_the_answer_of_a_registry_is_returned_or_raised() -> None:
    published = Published(DIGEST)
    assert LocalImages([], {SHOP.normalised: published}).published(SHOP) is published
    with pytest.raises(EngineError, match="no answer"):
        LocalImages([], {SHOP.normalised: EngineError("no answer")}).published(SHOP)
    with pytest.raises(EngineError, match="the registry was not asked"):
        LocalImages([], {}).published(SHOP)


LISTED = {
    "Id": "1",
    "Names": ["/web/db", "/db", "/app/db"],
    "Image": "db:1",
    "ImageID": "sha256:old",
    "Labels": {"tier": "data"},
    "State": "running",
    "HostConfig": {"NetworkMode": "front"},
}


def test_a_list_entry_becomes_a_part_of_an_inspect_document() -> None:
    assert as_inspected(LISTED) == {
        "Id": "1",
        "Name": "/db",
        "Image": "sha256:old",
        "Config": {"Image": "db:1", "Labels": {"tier": "data"}},
        "HostConfig": {"NetworkMode": "front"},
        "State": {"Status": "running"},
    }


def test_the_platform_of_a_list_entry_is_kept() -> None:
    assert as_inspected({**LISTED, "ImageManifestDescriptor": {"digest": DIGEST}})["ImageManifestDescriptor"] == {"digest": DIGEST}


def test_missing_fields_of_a_list_entry_become_empty_values() -> None:
    document = as_inspected({"Id": "1", "Image": "db:1", "ImageID": "sha256:old", "Names": None, "Labels": None, "HostConfig": None})
    assert (document["Name"], document["Config"]["Labels"], document["HostConfig"]) == ("", {}, {"NetworkMode": ""})


def test_the_names_of_a_list_entry_show_the_containers_that_link_to_it() -> None:
    assert linked_by(LISTED) == {"web", "app"}
    assert linked_by({"Names": None}) == frozenset()
