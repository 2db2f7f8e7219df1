# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of tested versions has a row for each run of the matrix, and says what the runs recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.docs import tested_versions
from support.docs.tested_versions import DOCUMENT, ROOT, RUNS, Record, document, records
from testbed.engines import KINDS

OLD = Record("28.5.2", "classic", "1.24 to 1.51", "7.2.0", "2.21.0", "3.13.1", "3.13.1", "2.40.3", 1, 0, 2, "2026-11-28")
NEW = OLD._replace(passed=9)


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == document(), "run: make tested-versions"


def test_every_run_of_the_matrix_has_a_row() -> None:
    makefile = (ROOT / "Makefile").read_text()
    engines, cores = (re.findall(rf"^{name} := (.*)$", makefile, re.MULTILINE)[0].split() for name in ("ENGINES", "CORES"))
    assert set(engines) == set(KINDS)
    assert set(RUNS) == {*engines, "floor", *(f"core-{core}" for core in cores)}


@pytest.mark.parametrize("name", records())
def test_published_runs_are_complete_and_without_a_failure(name: str) -> None:
    record = records()[name]
    assert all(record._replace(failed=1, skipped=1)), "a value is missing"
    assert record.failed == 0


def test_a_new_record_replaces_the_one_of_the_same_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tested_versions, "DATA", tmp_path / "published.json")
    monkeypatch.setattr(tested_versions, "RECORDS", tmp_path)
    tested_versions.DATA.write_text(json.dumps({name: OLD._asdict() for name in ("28", "floor")}))
    (tmp_path / "28.json").write_text(json.dumps(NEW._asdict()))
    tested_versions.add_new_records()
    assert records() == {"28": NEW, "floor": OLD}
    assert f"| 28: {RUNS['28']} | 28.5.2 | classic | 1.24 to 1.51 | 7.2.0 |" in document()
