# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journal entries as text: what is written can be read, and so can the format of before November 2026."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.entry_format import VERSION, entry_from_text, entry_to_text
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Created, JournalEntry
from support.fakes.engine import UNHEALTHY, a_journal_entry

DEPENDENT = Dependent("2", "sidecar", "1", "web", runs=True, shares_with=("1", "3"), archive="sidecar-old-1000", tag_means="x")
RECORD = ArchiveRecord("back-id", "web-old-900", runs=True, restart_policy={"Name": "always"}, rollout="7")


@pytest.mark.parametrize("successor", [Created(runs=False), RECORD, None], ids=["created", "archive", "none"])
def test_entry_survives_the_journal(successor: Created | ArchiveRecord | None) -> None:
    old = {"dependents": (DEPENDENT,), "state": UNHEALTHY._replace(started_at="2026-11-27T10:00:00Z"), "time_to_health": 40.5}
    entry = a_journal_entry("a", old=old, successor=successor, announces_touch=True, keep_archive=True, rollout="7")
    text = entry_to_text(entry)
    assert entry_from_text(text) == entry
    assert json.loads(text)["version"] == VERSION


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"holder": 1}', '{"version": 1}', '{"version": 1, "old": {}}', '"version"', "null"]
)
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a journal entry of this collection"):
        entry_from_text(text)


@pytest.mark.parametrize("version", [VERSION + 1, 0, "2", [1]])
def test_unknown_version_is_refused_by_its_name(version: t.Any) -> None:
    text = json.dumps({**json.loads(entry_to_text(a_journal_entry("a"))), "version": version})
    with pytest.raises(InvalidInput) as caught:
        entry_from_text(text)
    assert f"format version {version}, and this version of the collection reads versions up to {VERSION}" in str(caught.value)


@pytest.mark.parametrize("successor", [Created(runs=False), RECORD, None], ids=["created", "archive", "none"])
def test_entry_of_version_1_is_read(successor: Created | ArchiveRecord | None) -> None:
    """It had of each image only what was known then."""
    entry = a_journal_entry("a", old={"dependents": (DEPENDENT,)}, successor=successor, rollout="7")
    fields = json.loads(entry_to_text(entry))
    old, new = fields.pop("old_image"), fields.pop("new_image")
    images = {"old_image_id": old["id"], "new_image_ref": new["reference"], "new_image_id": new["id"]}
    assert entry_from_text(json.dumps({**fields, **images, "version": 1})) == entry


def test_entry_keeps_everything_by_which_an_image_is_recognised() -> None:
    image = ImageIdentity("shop:2", "new", "sha256:d", "sha256:m", "content", ("sha256:d", "sha256:m"))
    assert entry_from_text(entry_to_text(a_journal_entry("a", new_image=image))).new_image == image


def unversioned(entry: JournalEntry, **changes: t.Any) -> str:
    """The flat object that was written before entries had a version."""
    archive = entry.successor if isinstance(entry.successor, ArchiveRecord) else None
    fields = {
        "container": entry.container,
        "archive": entry.archive,
        "old_id": entry.old.id,
        "old_image_ref": entry.old.image_ref,
        "old_image_id": entry.old_image.id,
        "old_status": entry.old.state.status.value,
        "old_started_at": entry.old.state.started_at,
        "runs": entry.old.runs,
        "restart_policy": entry.old.restart_policy,
        "time_to_health": entry.old.time_to_health,
        "dependents": [dependent._asdict() for dependent in entry.old.dependents],
        "new_image_ref": entry.new_image.reference,
        "new_image_id": entry.new_image.id,
        "stop_timeout": entry.stop_timeout,
        "returning": archive._asdict() if archive else None,
        "keep_archive": entry.keep_archive,
        "lease": entry.lease,
        "holder": entry.holder._asdict(),
        "announces_touch": entry.announces_touch,
        "rollout": entry.rollout,
    }
    return json.dumps({**fields, **changes})


@pytest.mark.parametrize("successor", [Created(runs=True), RECORD], ids=["created", "archive"])
def test_unversioned_entry_is_read(successor: Created | ArchiveRecord) -> None:
    entry = a_journal_entry("a", old={"dependents": (DEPENDENT,)}, successor=successor, announces_touch=True, rollout="7")
    assert entry_from_text(unversioned(entry)) == entry


def test_unversioned_entry_of_a_missing_container_has_no_successor() -> None:
    """The archive that was restored was its own successor."""
    entry = a_journal_entry("a", successor=None)
    assert entry_from_text(unversioned(entry, returning=RECORD._replace(id="old")._asdict())) == entry


def test_unversioned_entry_of_before_there_were_hooks_and_rollouts_is_read() -> None:
    fields = json.loads(unversioned(a_journal_entry("a")))
    del fields["announces_touch"], fields["rollout"]
    assert entry_from_text(json.dumps(fields)) == a_journal_entry("a")
