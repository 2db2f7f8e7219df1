# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of the journal, and what an entry says about the run that wrote it."""

from __future__ import annotations

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import (
    container_of_lock_key,
    is_record_of_run,
    lock_key,
    new_container_key,
    successor_key,
    touch_key,
)
from support.fakes.engine import a_journal_entry

ENTRY = a_journal_entry("a")


def test_keys() -> None:
    assert lock_key("web") == "evenkeel-lock.web"
    assert successor_key(ENTRY) == "evenkeel-lock-after.a.web"
    assert new_container_key(ENTRY) == "evenkeel-new.a.web"
    assert touch_key(ENTRY) == "evenkeel-touch.a.web"


def test_records_of_a_run_are_told_from_those_of_another_container() -> None:
    keys = (successor_key(ENTRY), new_container_key(ENTRY), touch_key(ENTRY))
    assert all(is_record_of_run(key, "web") for key in keys)
    assert not any(is_record_of_run(key, "b.web") or is_record_of_run(key, "eb") for key in keys)
    assert not is_record_of_run(lock_key("web"), "web")


def test_container_of_a_lock_key() -> None:
    assert container_of_lock_key(lock_key("a.web")) == "a.web"
    assert container_of_lock_key(successor_key(ENTRY)) is None


def test_entry_is_called_by_the_name_of_its_container() -> None:
    entry = a_journal_entry("a", old={"name": "shop"})
    assert (entry.container, entry.old_image.reference, entry.new_image.id) == ("shop", "shop:1", "new")
