# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing has one name. Names that were replaced do not come back, in the code, in the tests or in the documents."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PYTHON = [path for folder in ("plugins", "tests") for path in sorted((PROJECT / folder).rglob("*.py"))]
MODULE_UTILS = sorted((PROJECT / "plugins/module_utils").rglob("*.py"))

OLD_PACKAGES = ("_door", "_edge")
OLD_MODULES = """
attentive_client archive census cleanup comeback completion entry exact_image foresight guard kept_archives obtaining patience ports
preparation pull_problems rehearsal rejection replacing runs skipping spec update_order update_report whereabouts
choice containers lists problems records
"""
"""Files that moved to a file of another name."""

OLD_NAMES = """
Ports News Census SdkCensus ImagesAtHand NotesAtHand AttentiveClient LocalRuns Unfit
Guard Rescue Sighting note_touch note_new name_to_guard name_of_held lock_of successor_of new_container_of touch_of
Foreseen foresee at_hand meaning_of if_it_is_known Obtain obtain_image to_pull tag_is_elsewhere PullProblem problem_of in_words hint_in
let_tag_mean_its_image put_tag_back meaning_of_tag Follower
_config_wishes _drop_answers _OBJECTIONS refuse_if_unsafe why_irreplaceable plan_comeback look_around rehearse_recreation
rehearse_comeback rehearse_finalizing rehearse_preparation
see_through replace_if_as_planned _is_as_planned _what_counts _put_old_to_sleep ASLEEP wakes_by_itself let_stop_end LONGEST_COURTESY
Restored go_back _fill_gap WayOut Remains find_way_out foresee_recovery entry_for attention Repaired StillUnwell NothingToGoBackTo
Kept Archives look_at_host Question until_answered until_accepted _PATIENCE Ending if_it_is_a_bug
Scene Shelf Visitor Tally StandIns
"""
"""Names of classes and functions that have another name now."""

# Names that are too common to forbid, but not in this place.
OLD_QUALIFIED_NAMES = {
    ("lock.py", "RunLock"): {"settle", "begin", "end", "peek", "rescued"},
    ("interfaces.py", "HealthProbe"): {"news"},
    ("interfaces.py", "Journal"): {"places"},
    ("recovery.py", "RecoveryAction"): {"FORGET", "JUDGE", "STUCK"},
}

ONE_CLASS_EACH = ("Archive", "Finding", "Plan", "Report", "Gate")


def identifiers(path: Path) -> Iterator[str]:
    """All names that a file defines, imports or uses."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield from (node.name, node.asname or "")


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_no_replaced_name_is_used(path: Path) -> None:
    assert set(identifiers(path)).isdisjoint(OLD_NAMES.split())


def test_no_replaced_module_is_left() -> None:
    plugins = [
        path.relative_to(PROJECT)
        for path in PYTHON
        if path.parts[-2] != "doc_fragments" and "plugins" in path.relative_to(PROJECT).parts[:1]
    ]
    assert not {part for path in plugins for part in path.parts} & set(OLD_PACKAGES)
    assert not [path for path in plugins if path.stem in OLD_MODULES.split()]


def test_no_replaced_attribute_is_left() -> None:
    seen = set()
    for path in MODULE_UTILS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and (path.name, node.name) in OLD_QUALIFIED_NAMES:
                seen.add((path.name, node.name))
                defined = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
                defined |= {
                    target.id
                    for item in node.body
                    if isinstance(item, ast.Assign)
                    for target in item.targets
                    if isinstance(target, ast.Name)
                }
                assert defined.isdisjoint(OLD_QUALIFIED_NAMES[path.name, node.name])
    assert seen == OLD_QUALIFIED_NAMES.keys()


def test_no_class_name_is_used_twice() -> None:
    classes = Counter(
        node.name for path in MODULE_UTILS for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []
    assert not [name for name in classes if name.lstrip("_") in ONE_CLASS_EACH]


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md", *(path.as_posix() for path in Path("docs").glob("*.md"))])
def test_documents_do_not_name_replaced_modules(document: str) -> None:
    text = (PROJECT / document).read_text()
    assert not re.findall(rf"\b(?:{'|'.join(OLD_PACKAGES)})\b", text)


@pytest.mark.parametrize("path", MODULE_UTILS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_docstrings_quote_code_with_backticks(path: Path) -> None:
    """The markup of module documentation, such as C(name), is not rendered in a docstring."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            assert not re.search(r"\b[CIBV]\(", ast.get_docstring(node) or "")
