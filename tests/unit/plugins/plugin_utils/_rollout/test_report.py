# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rollout as a table, a Markdown file and a sentence."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.final_record import failure_message
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.report import report_of

IMAGES = {
    "before": {"reference": "shop:1@sha256:x", "digest": f"sha256:{'a' * 64}"},
    "after": {"reference": "shop:1", "id": f"sha256:{'b' * 64}"},
}
WEB = {"name": "web", "outcome": "updated", "reason": "", "seconds_down": 0.5, "wanted": None, **IMAGES}
FLEET = {
    "hosts": ["h1", "h2"],
    "rollout": "2026-11-23T10:00:00Z",
    "run": "2026-11-24T08:30:00Z",
    "gate": {"reason": ""},
    "verdict": "commit",
    "goal": "update",
}


def record(host: str, outcome: str = "updated", **changes: t.Any) -> dict[str, t.Any]:
    containers = [{**WEB, "outcome": outcome}]
    return {"host": host, "outcome": outcome, "reason": "", "wave": 1, "under_way": False, "containers": containers, **changes}


def test_report_of_a_successful_rollout() -> None:
    report = report_of([record("h2"), record("h1")], FLEET)
    assert (report["ok"], report["sentence"]) == (True, "The rollout is over. Of 2 hosts: 2 updated.")
    assert [host["host"] for host in report["hosts"]] == ["h1", "h2"], "in the order of the inventory"
    assert report["file"] == "rollout-2026-11-24T083000Z"
    assert report["table"][1].split() == ["h1", "web", "shop:1", "a" * 12, "shop:1", "b" * 12, "updated", "0.50", "1"]
    assert f"| h1 | web | shop:1 {'a' * 12} | shop:1 {'b' * 12} | updated | 0.50 | 1 |  |" in report["markdown"]


@pytest.mark.parametrize(
    ("outcome", "verdict", "expected"),
    [
        ("rolled_back", "commit", "The rollout is over, with failures. Of 2 hosts: 1 updated, 1 failed and rolled back."),
        ("went_back", "rollback", "The rollout was taken back. Of 2 hosts: 1 updated, 1 put back on the old image."),
        (
            "planned",
            "halt",
            "The rollout was halted, and the old containers are kept. Of 2 hosts: 1 updated, 1 not reached, never touched.",
        ),
        ("rollback_failed", "rollback", "The rollout was taken back. Of 2 hosts: 1 updated, 1 NEED YOU: the rollback failed."),
    ],
)
def test_sentence_for_each_verdict(outcome: str, verdict: str, expected: str) -> None:
    report = report_of([record("h1"), record("h2", outcome)], {**FLEET, "verdict": verdict})
    assert (report["ok"], report["sentence"]) == (False, expected)
    assert [host["ok"] for host in report["hosts"]] == [True, False]


@pytest.mark.parametrize(("outcome", "expected"), [("planned", "unknown"), ("updated", "unknown"), ("rolled_back", "rolled_back")])
def test_host_lost_in_a_user_task_is_not_ok(outcome: str, expected: str) -> None:
    _other, host = report_of([record("h1"), record("h2", outcome, under_way=True)], FLEET)["hosts"]
    assert (host["outcome"], host["ok"], host["reason"]) == (expected, False, "the host was lost in one of your own tasks")


def test_sentence_of_a_rollback_counts_unchanged_hosts() -> None:
    report = report_of([record("h1", "unchanged"), record("h2", "went_back")], {**FLEET, "goal": "rollback", "verdict": "rollback"})
    assert report["sentence"] == "The rollout was taken back. Of 2 hosts: 1 left as they are, 1 put back on the old image."


def test_sentence_has_the_reason_of_the_gate() -> None:
    report = report_of([record("h1")], {**FLEET, "verdict": "rollback", "gate": {"reason": "1 failed (h1), and none may"}})
    assert "was taken back (1 failed (h1), and none may)" in report["sentence"]


def test_sentence_names_hosts_outside_their_window() -> None:
    fleet = {**FLEET, "verdict": "halt", "gate": {"reason": "", "waiting": ["h2"]}}
    sentence = report_of([record("h1"), record("h2", "outside_window")], fleet)["sentence"]
    assert sentence.startswith("The rollout was halted (outside of the maintenance window: h2), and the old containers are kept.")


def test_unverified_host_is_ok_only_in_check_mode() -> None:
    records = [record("h1", "unverified"), record("h2", "unchanged")]
    assert report_of(records, FLEET, dry=True)["ok"]
    assert not report_of(records, FLEET)["ok"], "no wave processed it"


def test_resumed_rollout_has_a_note() -> None:
    report = report_of([record("h1"), record("h2")], {**FLEET, "resumed": True})
    assert "begun at 2026-11-23T10:00:00Z and was not settled" in report["notes"][0]
    assert report["notes"][0] in report["markdown"]
    assert report_of([record("h1")], {**FLEET, "resumed": True, "goal": "rollback"})["notes"] == []
    assert report_of([record("h1")], FLEET)["notes"] == []


def test_host_without_a_record_is_unknown() -> None:
    report = report_of([record("h1")], FLEET)
    assert (report["hosts"][1]["outcome"], report["ok"]) == ("unknown", False)


def test_host_that_the_rollout_did_not_reach() -> None:
    [host] = report_of([record("h1", "planned")], {**FLEET, "hosts": ["h1"], "verdict": "halt"})["hosts"]
    assert (host["outcome"], host["reason"]) == ("not_reached", "the rollout did not get to it")


def test_host_that_is_to_go_back() -> None:
    records, fleet = [record("h1", "to_go_back"), record("h2", "unchanged")], {**FLEET, "goal": "rollback"}
    report = report_of(records, fleet, dry=True)
    assert (report["ok"], report["sentence"]) == (
        True,
        "Nothing was touched. Of 2 hosts: 1 left as they are, 1 to be put back on the old image.",
    )
    [left, _other] = report_of(records, {**fleet, "verdict": "rollback"})["hosts"]
    assert (left["ok"], left["reason"]) == (False, "the rollout did not get to it")


def test_requested_rollback_is_ok() -> None:
    assert report_of([record("h1", "went_back"), record("h2", "unchanged")], {**FLEET, "goal": "rollback", "verdict": "rollback"})["ok"]


def test_report_in_check_mode() -> None:
    wanted = {"reference": "shop:1", "digest": f"sha256:{'c' * 64}"}
    planned = record("h1", "planned", containers=[{**WEB, "outcome": "planned", "wanted": wanted, "seconds_down": None}])
    report = report_of([planned, record("h2", "unchanged")], FLEET, dry=True)
    assert ("wanted" in report["table"][0], "after" in report["table"][0]) == (True, False)
    assert (report["ok"], report["sentence"]) == (True, "Nothing was touched. Of 2 hosts: 1 had it already, 1 to be updated.")
    assert "c" * 12 in report["table"][1]


def test_reason_appears_once_and_is_escaped_in_the_table() -> None:
    why = "Smoke test: a|b"
    report = report_of([record("h1", "failed", reason=why), record("h2", reason="its archives were kept", containers=[])], FLEET)
    assert report["table"][1].count(why) == 1
    assert "Smoke test: a\\|b" in report["markdown"]
    assert report["table"][2].endswith("its archives were kept")


PLANNED = record("h1", "planned", wave=None)
UNREACHABLE = record("h2", "unknown", wave=None, reason="the host could not be reached", containers=[])


class TestPrediction:
    """F-N10: check mode does not promise waves that cannot begin."""

    @pytest.mark.parametrize(
        ("settings", "begins"),
        [
            ({"max_failures": 0, "tolerant": False}, False),
            ({"max_failures": 1, "tolerant": False}, True),
            ({"max_failures": "50%", "tolerant": False}, True),
            ({"max_failures": 0, "tolerant": True}, True),
            ({"max_failures": 0, "tolerant": False, "goal": "commit"}, True),
        ],
    )
    def test_wave_that_cannot_begin_is_not_predicted(self, settings: dict[str, t.Any], begins: bool) -> None:
        report = report_of([PLANNED, UNREACHABLE], {**FLEET, "gate": {}, **settings}, dry=True)
        assert [host["outcome"] for host in report["hosts"]] == ["planned" if begins else "not_reached", "unknown"]
        assert ("No wave would begin: 1 failed (h2), and none may." in report["sentence"]) is not begins
        assert report["hosts"][0]["ok"] is begins

    def test_unverified_host_is_out_of_reach_too(self) -> None:
        unverified = record("h1", "unverified", wave=None)
        report = report_of([unverified, UNREACHABLE], {**FLEET, "gate": {}, "max_failures": 0, "tolerant": False}, dry=True)
        assert report["hosts"][0]["reason"] == "no wave would begin: 1 failed (h2), and none may"

    def test_gate_that_was_judged_counts(self) -> None:
        closed = {**FLEET, "gate": {"open": False, "reason": "2 failed"}, "max_failures": 5, "tolerant": False}
        assert "No wave would begin: 2 failed." in report_of([PLANNED], closed, dry=True)["sentence"]


@pytest.mark.parametrize("verdict", ["rollback", "halt"])
def test_nothing_was_taken_back_where_no_wave_began(verdict: str) -> None:
    """F-N10"""
    fleet = {**FLEET, "verdict": verdict, "gate": {"open": False, "reason": "1 failed (h2), and none may"}}
    report = report_of([PLANNED, UNREACHABLE], fleet)
    assert report["sentence"].startswith("No wave began (1 failed (h2), and none may), and no container was touched. Of 2 hosts: ")
    assert "goal=rollback" not in " ".join(report["next_steps"]), "there is nothing to take back"


@pytest.mark.parametrize("outcome", ["went_back", "rolled_back", "rollback_failed"])
def test_host_of_an_earlier_run_that_went_back_was_taken_back(outcome: str) -> None:
    report = report_of([record("h1", outcome, wave=None)], {**FLEET, "hosts": ["h1"], "verdict": "rollback"})
    assert report["sentence"].startswith("The rollout was taken back")


@pytest.mark.parametrize(
    ("goal", "gate", "reason"),
    [
        (
            "update",
            {"reason": "1 failed (h2), and none may"},
            "it went back only because the rollout was taken back: 1 failed (h2), and none may. It did not reject the image",
        ),
        ("rollback", {}, "it was put back on the old image, as requested"),
    ],
)
def test_host_that_went_back_says_why(goal: str, gate: dict[str, str], reason: str) -> None:
    """F-N3, F-N10"""
    [host] = report_of([record("h1", "went_back")], {**FLEET, "hosts": ["h1"], "goal": goal, "verdict": "rollback", "gate": gate})["hosts"]
    assert host["reason"] == reason


FAILURE = {"reason": "crashed", "error": "web exited with code 1", "exit_code": 1, "logs": ["first", "v3: cannot read /etc/web.conf"]}
WANTED = {"reference": "shop:1", "digest": f"sha256:{'c' * 64}"}
ROLLED_BACK = record(
    "h2",
    "rolled_back",
    reason="it did not stay up: web exited with code 1",
    containers=[{**WEB, "outcome": "rolled_back", "wanted": WANTED, "failure": FAILURE}],
)


class TestLastWords:
    """F-N7, F-N11: the last words of a failed container, the wanted image, the next step and the report's path are everywhere."""

    report = report_of([record("h1"), ROLLED_BACK], {**FLEET, "verdict": "commit"}, folder="/srv/reports")
    words = "h2 web, with shop:1 cccccccccccc: Its last log lines: first | v3: cannot read /etc/web.conf."
    step = (
        "rolled_back: Fix the image and publish it, or fix the cause on the host. Then run the same command again with "
        "--limit h2 -e rolling_update_retry_rejected=true."
    )

    def test_json_report(self) -> None:
        assert self.report["details"] == [self.words]
        assert self.report["next_steps"] == [self.step]
        assert self.report["files"] == [f"/srv/reports/rollout-2026-11-24T083000Z.{suffix}" for suffix in ("md", "json")]
        failed = self.report["hosts"][1]
        assert failed["next_step"] == self.step.partition(": ")[2]
        assert failed["containers"][0]["failure"]["logs"] == FAILURE["logs"]
        assert failed["containers"][0]["wanted"] == WANTED

    def test_markdown(self) -> None:
        markdown = self.report["markdown"]
        for text in (f"\n    {self.words}\n", f"\n- {self.step}\n", "/rollout-2026-11-24T083000Z.json", "| shop:1 cccccccccccc |"):
            assert text in markdown

    def test_table(self) -> None:
        assert "wanted" in self.report["table"][0]
        assert "c" * 12 in self.report["table"][2]

    def test_message_of_the_host(self) -> None:
        message = failure_message(self.report["hosts"][1], self.report["files"])
        assert message == (
            f"rolled_back: it did not stay up: web exited with code 1. {self.words} {self.step.partition(': ')[2]} "
            "The report is in /srv/reports/rollout-2026-11-24T083000Z.md."
        )

    def test_report_that_is_not_written_has_no_path(self) -> None:
        report = report_of([ROLLED_BACK], {**FLEET, "hosts": ["h2"]})
        assert report["files"] == []
        assert "The report" not in failure_message(report["hosts"][0], report["files"])
