# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook does to whom, in which order, and what it says in the end; on hosts that only pretend."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from support.playbook.rollout import Ended
from support.playbook.stub_modules import BAD, GOOD, IMAGE, OLD, StubModules
from support.real.sandbox import wait_for

WAVES = {"waves": [1, 2, "100%"]}
"""h1; h2 and h3; the others."""

TAKEN_BACK = {"h1": "went_back", "h2": "rolled_back", "h3": "went_back", "h4": "not_reached", "h5": "not_reached"}
"""When h2 fails."""


def assert_untouched(fleet: StubModules, *hosts: str) -> None:
    touched = {entry["host"] for entry in fleet.changes}
    assert not touched & set(hosts)
    assert all(fleet.state(host)["runs"] == OLD for host in hosts)


def assert_rejected(fleet: StubModules, *hosts: str) -> None:
    assert {host for host in fleet.hosts if fleet.state(host)["rejected"]} == set(hosts), "a host that went back has nothing against it"


def assert_runs(fleet: StubModules, **digests: str) -> None:
    assert {host: fleet.state(host)["runs"] for host in digests} == digests


@pytest.mark.behaviour("K12")
def test_all_hosts_are_updated_in_waves(fleet: StubModules) -> None:
    run = fleet.run(**WAVES)
    assert run.returncode == 0, run.stdout
    assert [sorted(wave) for wave in fleet.waves(1, 2, 2)] == [["h1"], ["h2", "h3"], ["h4", "h5"]]
    assert_runs(fleet, **dict.fromkeys(fleet.hosts, GOOD))
    assert [fleet.state(host)["archives"] for host in fleet.hosts] == [[]] * 5
    report = fleet.report()
    assert (report["ok"], report["sentence"]) == (True, "The rollout is over. Of 5 hosts: 5 updated.")
    assert "The rollout is over. Of 5 hosts: 5 updated." in run.stdout
    again = fleet.run(**WAVES)
    assert (again.returncode, fleet.changes) == (0, [])
    assert set(fleet.rollout.outcomes().values()) == {"unchanged"}


class TestBadImage:
    @pytest.mark.behaviour("K1")
    def test_bad_image_stops_at_the_canary(self, fleet: StubModules) -> None:
        fleet.change_all(bad=[GOOD])
        run = fleet.run(**WAVES)
        assert run.returncode == Ended.HOSTS_FAILED
        assert fleet.finished("container_recreate") == ["h1"]
        assert_untouched(fleet, "h2", "h3", "h4", "h5")
        assert fleet.rollout.outcomes() == {"h1": "rolled_back", **dict.fromkeys(("h2", "h3", "h4", "h5"), "not_reached")}
        assert "1 failed (h1), and none may" in fleet.report()["sentence"]

    @pytest.mark.behaviour("K3", "K4", "K5", "F-N3")
    def test_failure_in_the_second_wave_rolls_back_all_hosts(self, fleet: StubModules) -> None:
        fleet.change("h2", bad=[GOOD])
        run = fleet.run(**WAVES)
        assert run.returncode == Ended.HOSTS_FAILED
        assert "not_reached: the rollout did not get to it" in run.stdout
        assert "went_back: it went back only because the rollout was taken back: 1 failed (h2), and none may." in run.stdout
        assert sorted(fleet.finished("container_rollback")) == ["h1", "h3"]
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, OLD))
        assert_untouched(fleet, "h4", "h5")
        assert fleet.rollout.outcomes() == {
            "h1": "went_back",
            "h2": "rolled_back",
            "h3": "went_back",
            "h4": "not_reached",
            "h5": "not_reached",
        }
        assert [fleet.state(host)["archives"] for host in fleet.hosts] == [[]] * 5
        assert_rejected(fleet, "h2")


class TestWhatIsSaidInTheEnd:
    @pytest.mark.behaviour("F-N7", "F-N11")
    def test_last_words_next_step_and_path_are_on_the_screen_and_in_both_reports(self, fleet: StubModules) -> None:
        fleet.change_all(bad=[GOOD])
        run = fleet.run(**WAVES)
        markdown = max((fleet.folder / "rolling_update_reports").glob("*.md"))
        words = f"h1 web, with {IMAGE} {GOOD[7:19]}: Its last log lines: boom."
        step = "Then run the same command again. To try the same image again, add -e rolling_update_retry_rejected=true."
        report = fleet.report()
        for text in (run.stdout, markdown.read_text(), "\n".join((*report["details"], *report["next_steps"], *report["files"]))):
            assert words in text
            assert step in text
            assert str(markdown) in text
        assert report["hosts"][0]["containers"][0]["failure"]["exit_code"] == 3
        assert "rolled_back: it did not stay up: web exited with code 3." in run.stdout

    @pytest.mark.behaviour("F-N10")
    def test_module_that_was_killed_is_explained(self, fleet: StubModules) -> None:
        fleet.change("h1", dies_in=["container_recreate"])
        run = fleet.run("--limit", "h1", **WAVES)
        assert run.returncode == Ended.HOSTS_FAILED
        [host] = fleet.report()["hosts"]
        assert (host["outcome"], host["reason"][:44]) == ("failed", "the module was killed (SIGKILL, exit status ")

    @pytest.mark.behaviour("F-N10")
    def test_check_mode_predicts_no_wave_that_cannot_begin(self, fleet: StubModules) -> None:
        fleet.make_unreachable("h4")
        run = fleet.run("--check", **WAVES)
        assert run.returncode == Ended.HOSTS_FAILED
        assert "Nothing was touched. No wave would begin: 1 failed (h4), and none may." in run.stdout
        assert "to be updated" not in run.stdout
        assert "not_reached: no wave would begin: 1 failed (h4), and none may." in run.stdout
        assert "The report is in" not in run.stdout, "check mode writes none"

    @pytest.mark.behaviour("F-N10")
    def test_nothing_was_taken_back_where_no_wave_began(self, fleet: StubModules) -> None:
        fleet.make_unreachable("h4")
        run = fleet.run(**WAVES)
        assert "No wave began (1 failed (h4), and none may), and no container was touched." in run.stdout
        assert "taken back" not in run.stdout


class TestBudget:
    def test_one_failure_within_the_budget_is_tolerated(self, fleet: StubModules) -> None:
        fleet.change("h2", bad=[GOOD])
        run = fleet.run(**WAVES, max_failures=1)
        assert run.returncode == Ended.HOSTS_FAILED
        assert_runs(fleet, h1=GOOD, h2=OLD, h3=GOOD, h4=GOOD, h5=GOOD)
        assert "The rollout is over, with failures. Of 5 hosts: 4 updated, 1 failed and rolled back." in run.stdout

    def test_bad_image_stops_at_the_canary_despite_the_budget(self, fleet: StubModules) -> None:
        """A budget is for hosts that are not well."""
        fleet.change_all(bad=[GOOD])
        run = fleet.run(**WAVES, max_failures=3)
        assert run.returncode == Ended.HOSTS_FAILED
        assert fleet.finished("container_recreate") == ["h1"]
        assert "(nobody has come through so far, h1 failed)" in run.stdout

    @pytest.mark.behaviour("K2")
    def test_failures_over_the_budget_roll_back_all_hosts(self, fleet: StubModules) -> None:
        for host in ("h2", "h3"):
            fleet.change(host, bad=[GOOD])
        fleet.run(**WAVES, max_failures="20%")
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, OLD))
        assert_untouched(fleet, "h4", "h5")
        assert fleet.rollout.outcomes()["h1"] == "went_back"

    def test_on_failure_continue_updates_all_hosts(self, fleet: StubModules) -> None:
        fleet.change_all(bad=[GOOD])
        fleet.change("h5", bad=[])
        run = fleet.run(**WAVES, on_failure="continue")
        assert run.returncode == Ended.HOSTS_FAILED
        assert len(fleet.finished("container_recreate")) == 5
        assert_runs(fleet, h4=OLD, h5=GOOD)


class TestUnreachable:
    @pytest.mark.behaviour("K6")
    def test_unreachable_host_spends_the_budget(self, fleet: StubModules) -> None:
        fleet.make_unreachable("h4")
        run = fleet.run(**WAVES)
        assert run.returncode == Ended.HOSTS_FAILED, run.stdout
        assert fleet.changes == []
        assert fleet.rollout.outcomes()["h4"] == "unknown"

    def test_unreachable_host_within_the_budget_is_tolerated(self, fleet: StubModules) -> None:
        fleet.make_unreachable("h1")
        run = fleet.run(**WAVES, max_failures=1)
        assert run.returncode == Ended.HOSTS_FAILED, run.stdout
        assert_runs(fleet, h1=OLD, h2=GOOD, h3=GOOD, h4=GOOD, h5=GOOD)
        assert [fleet.state(host)["archives"] for host in fleet.hosts] == [[]] * 5

    def lost_in(self, fleet: StubModules, name: str, host: str) -> str:
        """A file with tasks in which a host is lost."""
        nobody = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_retries": 0}
        (fleet.folder / name).write_text(
            json.dumps([{"ansible.builtin.command": "true", "vars": nobody, "when": f"inventory_hostname == '{host}'"}])
        )
        return name

    @pytest.mark.behaviour("K6")
    def test_host_lost_before_its_update_rolls_back_the_others(self, fleet: StubModules) -> None:
        run = fleet.run(**WAVES, pre_tasks=self.lost_in(fleet, "before.yml", "h2"))
        assert run.returncode != 0
        assert_untouched(fleet, "h2", "h4", "h5")
        assert fleet.rollout.outcomes() == {**TAKEN_BACK, "h2": "unknown"}

    def test_host_lost_during_verification_is_rolled_back(self, fleet: StubModules) -> None:
        run = fleet.run(**WAVES, verify_tasks=self.lost_in(fleet, "verify.yml", "h2"))
        assert run.returncode != 0
        assert_untouched(fleet, "h4", "h5")
        assert fleet.rollout.outcomes()["h4"] == "not_reached"
        assert_runs(fleet, h1=OLD, h2=OLD, h3=OLD)
        assert fleet.rollout.outcomes()["h2"] == "went_back", "also one that is alone in its batch when the fleet goes back"

    def test_archive_of_an_unverified_host_is_kept(self, fleet: StubModules) -> None:
        fleet.run(**WAVES, verify_tasks=self.lost_in(fleet, "verify.yml", "h2"), max_failures=1)
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, GOOD))
        assert {host for host in fleet.hosts if fleet.state(host)["archives"]} == {"h2"}
        assert "1 unknown" in fleet.report()["sentence"]


@pytest.mark.behaviour("K11")
def test_image_that_one_host_cannot_pull_prevents_the_rollout(fleet: StubModules) -> None:
    fleet.change("h5", errors={"container_prepare": "the registry cannot be reached"})
    run = fleet.run(**WAVES)
    assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
    assert fleet.rollout.outcomes() == {**dict.fromkeys(("h1", "h2", "h3", "h4"), "not_reached"), "h5": "failed"}
    assert "the registry cannot be reached" in run.stdout


class TestSameDigestForAllHosts:
    @pytest.mark.behaviour("K7")
    def test_all_hosts_get_one_digest_although_the_tag_moves(self, fleet: StubModules) -> None:
        """Somebody moves the tag while the canary is under way."""
        moved = {"path": "{{ item }}", "regexp": '("registry": "sha256:)c{64}', "replace": rf"\g<1>{'d' * 64}"}
        tasks = [{"ansible.builtin.replace": moved, "with_fileglob": f"{fleet.folder}/hosts/*"}]
        (fleet.folder / "move.yml").write_text(json.dumps(tasks))
        fleet.change_all(registry=BAD, bad=[])
        assert fleet.run(**WAVES, pre_tasks="move.yml").returncode == 0
        assert {fleet.state(host)["registry"] for host in fleet.hosts} == {f"sha256:{'d' * 64}"}
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, BAD))

    def test_host_whose_registry_has_another_digest_gets_the_common_one(self, fleet: StubModules) -> None:
        fleet.change("h5", registry=BAD)
        assert fleet.run(**WAVES).returncode == 0
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, GOOD))


class TestUserTasks:
    def put(self, fleet: StubModules, name: str, fails_on: str = "") -> str:
        """A file with tasks that writes down on whom it was run, and fails on one host."""
        (fleet.folder / name).write_text(
            f"- ansible.builtin.shell: echo {name} {{{{ inventory_hostname }}}} >> {fleet.folder}/told\n"
            f"- ansible.builtin.fail: {{msg: it is still busy}}\n  when: inventory_hostname == '{fails_on}'\n"
        )
        return name

    def told(self, fleet: StubModules, host: str) -> list[str]:
        lines = (fleet.folder / "told").read_text().splitlines()
        return [line.split()[0] for line in lines if line.split()[1] == host]

    @pytest.mark.behaviour("K9")
    def test_failed_pre_tasks_prevent_the_update_of_the_host(self, fleet: StubModules) -> None:
        before, after = self.put(fleet, "before", fails_on="h2"), self.put(fleet, "after")
        fleet.run(**WAVES, pre_tasks=before, post_tasks=after)
        assert_untouched(fleet, "h2", "h4", "h5")
        assert "it is still busy" in next(host["reason"] for host in fleet.report()["hosts"] if host["host"] == "h2")
        assert self.told(fleet, "h2") == ["before", "after"]
        assert self.told(fleet, "h1") == ["before", "after", "before", "after"], "it was drained for the way back as well"

    def test_report_has_no_credentials_that_a_task_returned_and_is_for_its_owner_only(self, fleet: StubModules) -> None:
        (fleet.folder / "before").write_text("- ansible.builtin.fail: {msg: cannot clone https://shop:hunter22@git.example/shop}\n")
        fleet.run(pre_tasks="before")
        files = list((fleet.folder / "rolling_update_reports").iterdir())
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        text = "".join(file.read_text() for file in files)
        assert ("cannot clone" in text, "git.example/shop" in text, "hunter22" in text) == (True, True, False)

    @pytest.mark.parametrize("mistake", ["- ansible.builtin.fail: [", "- there_is_no_such_module: {}"])
    def test_syntax_error_is_found_before_any_change(self, fleet: StubModules, mistake: str) -> None:
        (fleet.folder / "verify.yml").write_text(f"{mistake}\n")
        assert fleet.run(verify_tasks="verify.yml").returncode != 0
        assert fleet.changes == []

    def test_include_that_fails_at_run_time_rolls_back(self, fleet: StubModules) -> None:
        """Ansible says nothing of an include that fails when its turn comes."""
        (fleet.folder / "verify.yml").write_text(
            '- ansible.builtin.include_tasks: "/nowhere/{{ inventory_hostname }}.yml"\n  when: inventory_hostname == "h2"\n'
        )
        after = self.put(fleet, "after")
        fleet.run(**WAVES, verify_tasks="verify.yml", post_tasks=after)
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, OLD))
        assert (fleet.rollout.outcomes()["h2"], self.told(fleet, "h2")) == ("rolled_back", ["after"])
        assert_rejected(fleet, "h2")

    def test_report_omits_what_no_log_hides(self, fleet: StubModules) -> None:
        (fleet.folder / "before.yml").write_text(
            "- name: Drain\n  ansible.builtin.assert: {that: false, fail_msg: no to hunter2}\n  no_log: true\n"
        )
        fleet.run(**WAVES, pre_tasks="before.yml")
        assert fleet.report()["hosts"][0]["reason"] == "Drain: it failed, and no_log hides why"
        assert "hunter2" not in json.dumps(fleet.report())

    def test_handlers_run_before_the_update(self, fleet: StubModules) -> None:
        """A load balancer that is told of a drain after the update is told too late."""
        role = fleet.folder / "roles/balancer"
        for name in ("tasks", "handlers"):
            (role / name).mkdir(parents=True)
        (role / "tasks/main.yml").write_text("- ansible.builtin.command: 'true'\n  notify: Reload it\n")
        handler = f"echo reloaded {{{{ inventory_hostname }}}} >> {fleet.folder}/told; test {{{{ inventory_hostname }}}} != h2"
        (role / "handlers/main.yml").write_text(f"- name: Reload it\n  ansible.builtin.shell: {handler}\n")
        (fleet.folder / "ansible.cfg").write_text("[defaults]\nroles_path = roles\n")
        (fleet.folder / "before.yml").write_text("- ansible.builtin.include_role: {name: balancer}\n")
        after = self.put(fleet, "after")
        fleet.run(**WAVES, pre_tasks="before.yml", post_tasks=after)
        assert_untouched(fleet, "h2", "h4", "h5")
        assert self.told(fleet, "h1") == ["reloaded", "after"] * 2
        assert fleet.rollout.outcomes()["h2"] == "failed"

    @pytest.mark.parametrize("neighbour", ["prepare.yml", "commit.yml"])
    def test_user_tasks_may_include_files_with_any_name(self, fleet: StubModules, neighbour: str) -> None:
        (fleet.folder / "tasks").mkdir()
        (fleet.folder / "tasks/before.yml").write_text(f"- ansible.builtin.include_tasks: {neighbour}\n")
        self.put(fleet, f"tasks/{neighbour}")
        assert fleet.run(**WAVES, pre_tasks="tasks/before.yml").returncode == 0
        assert self.told(fleet, "h5") == [f"tasks/{neighbour}"]

    def test_failed_verify_tasks_roll_back_all_hosts(self, fleet: StubModules) -> None:
        verify, after = self.put(fleet, "verify", fails_on="h2"), self.put(fleet, "after")
        fleet.run(**WAVES, verify_tasks=verify, post_tasks=after)
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, OLD))
        assert_untouched(fleet, "h4", "h5")
        assert self.told(fleet, "h2") == ["verify", "after"]
        assert fleet.rollout.outcomes() == {
            "h1": "went_back",
            "h2": "rolled_back",
            "h3": "went_back",
            "h4": "not_reached",
            "h5": "not_reached",
        }

    def test_run_after_a_kill_verifies_the_host_and_puts_it_back_in_service(self, fleet: StubModules) -> None:
        """The next run does both, and stops nothing for it."""
        verify, after, patience = self.put(fleet, "verify"), self.put(fleet, "after"), fleet.folder / "patience"
        with (fleet.folder / verify).open("a") as tasks:
            tasks.write(f"- ansible.builtin.wait_for: {{path: {patience}, state: absent, timeout: 300}}\n")
        patience.touch()
        run = fleet.start(**WAVES, verify_tasks=verify, post_tasks=after)
        wait_for((fleet.folder / "told").exists, "the test of the canary", seconds=120)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        patience.unlink()
        again = fleet.run(**WAVES, verify_tasks=verify, post_tasks=after)
        assert again.returncode == 0, again.stdout
        assert self.told(fleet, "h1") == ["verify", "verify", "after"]
        assert sorted(fleet.finished("container_recreate")) == ["h2", "h3", "h4", "h5"]
        assert fleet.rollout.outcomes()["h1"] == "unchanged"
        assert [fleet.state(host)["archives"] for host in fleet.hosts] == [[]] * 5

    def test_failed_post_tasks_halt_the_rollout(self, fleet: StubModules) -> None:
        after = self.put(fleet, "after", fails_on="h1")
        assert fleet.run(**WAVES, post_tasks=after, on_failure="halt").returncode == Ended.HOSTS_FAILED
        assert fleet.rollout.outcomes()["h1"] == "failed"
        assert_untouched(fleet, "h2", "h3", "h4", "h5")


class TestArchivesAreKept:
    """No rollout drops one whose host is not well, or of which nobody knows."""

    @staticmethod
    def fail_on_h2(fleet: StubModules, **change: object) -> str:
        """A file with tasks that find h2 not to be well, and after which it stands as told."""
        state = {
            **fleet.state("h2"),
            "runs": GOOD,
            "archives": [{"name": "web-old-1", "kept": True, "rollout": "", "digest": OLD}],
            **change,
        }
        copy = {"dest": str(fleet.folder / "hosts/h2"), "content": json.dumps(state)}
        here = "inventory_hostname == 'h2'"
        tasks = [
            {"ansible.builtin.copy": copy, "when": f"{here} and {bool(change)}"},
            {"ansible.builtin.fail": {"msg": "no page"}, "when": here},
        ]
        (fleet.folder / "verify.yml").write_text(json.dumps(tasks))
        return "verify.yml"

    def test_archive_is_kept_when_the_rollback_failed(self, fleet: StubModules) -> None:
        fleet.change("h2", errors={"container_rollback": "it is unhealthy"})
        fleet.run(**WAVES, max_failures=1, verify_tasks=self.fail_on_h2(fleet))
        assert fleet.rollout.outcomes() == {**dict.fromkeys(fleet.hosts, "updated"), "h2": "rollback_failed"}
        assert {host for host in fleet.hosts if fleet.state(host)["archives"]} == {"h2"}

    @pytest.mark.parametrize("change", [{"errors": {"container_update_info": "no engine"}}, {"hides_archives": True}], ids=str)
    def test_archive_is_kept_when_the_state_of_the_host_is_unknown(self, fleet: StubModules, change: dict[str, object]) -> None:
        (fleet.folder / "after.yml").write_text(f"- ansible.builtin.shell: echo {{{{ inventory_hostname }}}} >> {fleet.folder}/after\n")
        fleet.run(**WAVES, max_failures=1, verify_tasks=self.fail_on_h2(fleet, **change), post_tasks="after.yml")
        assert fleet.rollout.outcomes()["h2"] == "unknown"
        assert "h2" not in (fleet.folder / "after").read_text().split(), "it is not put back in service"
        assert fleet.state("h2")["archives"]


class TestHalt:
    @pytest.fixture
    def halted(self, fleet: StubModules) -> StubModules:
        fleet.change("h2", bad=[GOOD])
        run = fleet.run(**WAVES, on_failure="halt")
        assert run.returncode == Ended.HOSTS_FAILED
        assert_runs(fleet, h1=GOOD, h2=OLD, h3=GOOD)
        assert_untouched(fleet, "h4", "h5")
        assert fleet.state("h1")["archives"]
        return fleet

    def test_halted_rollout_can_be_rolled_back(self, halted: StubModules) -> None:
        assert halted.run(goal="rollback", fresh=True).returncode == 0, "nothing of an update counts"
        assert_runs(halted, **dict.fromkeys(halted.hosts, OLD))
        assert sorted(halted.finished("container_rollback")) == ["h1", "h3"]

    def test_check_mode_shows_the_rollback_of_a_halted_rollout(self, halted: StubModules) -> None:
        run = halted.run("--check", goal="rollback")
        assert (run.returncode, halted.changes) == (0, [])
        assert "Nothing was touched. Of 5 hosts: 3 left as they are, 2 to be put back on the old image." in run.stdout

    def test_halted_rollout_is_resumed_with_the_same_digest(self, halted: StubModules) -> None:
        halted.change_all(bad=[], registry=BAD)
        run = halted.run(**WAVES, retry_rejected=True)
        assert run.returncode == 0, run.stdout
        assert run.stdout.count("This goes on with the rollout that was begun at") == 2, "in the plan, and in the end"
        assert_runs(halted, **dict.fromkeys(halted.hosts, GOOD))
        assert sorted(halted.finished("container_recreate")) == ["h2", "h4", "h5"]
        assert [halted.state(host)["archives"] for host in halted.hosts] == [[]] * 5
        assert [report["ok"] for report in halted.rollout.reports()] == [False, True]

    def test_new_rollout_drops_the_archives_of_a_halted_one(self, halted: StubModules) -> None:
        """Otherwise a later run would take this rollout for one that goes on, and might take it back."""
        halted.change_all(bad=[], registry=BAD)
        assert halted.run(**WAVES, fresh=True).returncode == 0
        assert_runs(halted, **dict.fromkeys(halted.hosts, BAD))
        assert [halted.state(host)["archives"] for host in halted.hosts] == [[]] * 5

    def test_fresh_rollout_of_the_same_image_settles_all_hosts(self, halted: StubModules) -> None:
        halted.change_all(bad=[])
        assert halted.run(**WAVES, fresh=True, retry_rejected=True).returncode == 0
        assert [halted.state(host)["archives"] for host in halted.hosts] == [[]] * 5

    def test_resumed_rollout_with_force_replaces_no_container_twice(self, halted: StubModules) -> None:
        """What the rollout has replaced is not replaced again."""
        halted.change_all(bad=[])
        assert halted.run(**WAVES, containers=[{"name": "web", "force": True}]).returncode == 0
        assert sorted(halted.finished("container_recreate")) == ["h2", "h4", "h5"]

    def test_halted_rollout_can_be_committed(self, halted: StubModules) -> None:
        run = halted.run(goal="commit")
        assert run.returncode == 0
        assert "Could not match" not in run.stdout + run.stderr, "there is nothing to do for a wave"
        assert halted.finished("container_recreate") == halted.finished("container_rollback") == []
        assert [halted.state(host)["archives"] for host in halted.hosts] == [[]] * 5

    def test_failed_post_tasks_after_the_rollback_are_reported(self, halted: StubModules) -> None:
        (halted.folder / "after.yml").write_text("- ansible.builtin.fail: {msg: the load balancer says no}\n")
        assert halted.run(goal="rollback", post_tasks="after.yml").returncode == Ended.HOSTS_FAILED
        assert_runs(halted, **dict.fromkeys(halted.hosts, OLD))
        assert halted.rollout.outcomes()["h1"] == "failed"
        assert "the load balancer says no" in halted.report()["hosts"][0]["reason"]

    def test_unreachable_load_balancer_does_not_prevent_the_rollback(self, halted: StubModules) -> None:
        nobody = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_retries": 0}
        (halted.folder / "before.yml").write_text(json.dumps([{"ansible.builtin.command": "true", "vars": nobody}]))
        assert halted.run(goal="rollback", pre_tasks="before.yml").returncode == 0
        assert_runs(halted, h1=OLD)

    def test_rollback_without_a_rollout_is_an_error(self, fleet: StubModules) -> None:
        run = fleet.run(goal="rollback")
        assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
        assert "There is no rollout to take back" in run.stdout

    @pytest.mark.behaviour("K8")
    def test_unconfirmed_canary_halts_the_rollout(self, fleet: StubModules) -> None:
        assert fleet.run(**WAVES, confirm_canary=True).returncode == Ended.HOSTS_FAILED
        assert_runs(fleet, h1=GOOD)
        assert fleet.state("h1")["archives"]
        assert_untouched(fleet, "h2", "h3", "h4", "h5")
        assert "nobody confirmed" in fleet.report()["sentence"]


def test_returning_host_joins_the_latest_rollout(fleet: StubModules) -> None:
    """A host that was away comes back with what the first has left there."""
    fleet.change("h2", runs=GOOD, archives=[{"name": "web-old-1", "kept": True, "rollout": "2026-11-01T01:00:00Z", "digest": OLD}])
    for host in ("h1", "h3", "h4", "h5"):
        fleet.change(host, runs=BAD, created=time.time())
    fleet.change_all(registry=BAD, bad=[])
    run = fleet.run(**WAVES)
    assert run.returncode == 0, run.stdout
    assert_runs(fleet, **dict.fromkeys(fleet.hosts, BAD))
    assert fleet.finished("container_recreate") == ["h2"]
    assert fleet.state("h2")["archives"] == []


class TestMistakes:
    """They end the run with one sentence before anything is touched."""

    def refusal(self, fleet: StubModules, *arguments: str, **variables: object) -> str:
        run = fleet.run(*arguments, **variables)
        assert run.returncode != 0
        assert fleet.log == []
        text = " ".join((run.stdout + run.stderr).split())
        assert len(text) < 3000
        return text

    @pytest.mark.behaviour("F-N5")
    def test_mistyped_variable(self, fleet: StubModules) -> None:
        inventory = json.loads(fleet.rollout.inventory.read_text())
        inventory["all"]["hosts"]["h4"]["rolling_update_window_"] = "22:00-06:00"
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        assert "no variable rolling_update_window_. Did you mean rolling_update_window?" in self.refusal(fleet)
        assert "Did you mean rolling_update_max_failures?" in self.refusal(fleet, max_faliures=1)

    @pytest.mark.behaviour("F-N5")
    def test_mistyped_option_of_a_container(self, fleet: StubModules) -> None:
        text = self.refusal(fleet, containers=[{"name": "web", "helth_timeout": 3}])
        assert "web has options that a rollout does not support: helth_timeout. Did you mean health_timeout?" in text

    def test_no_container(self, fleet: StubModules) -> None:
        assert "rolling_update_containers is empty" in self.refusal(fleet, containers="")

    @pytest.mark.behaviour("F-N5")
    @pytest.mark.parametrize(("arguments", "pattern"), [((), "wbe*"), (("--limit", "h1"), "h2:h3")])
    def test_pattern_without_a_host(self, fleet: StubModules, arguments: tuple[str, ...], pattern: str) -> None:
        text = self.refusal(fleet, *arguments, hosts=pattern)
        assert "No host matches" in text
        assert pattern in text


@pytest.mark.parametrize("option", ["--syntax-check", "--list-tasks"])
def test_playbook_is_checked_and_listed_without_hosts(fleet: StubModules, option: str) -> None:
    fleet.rollout.inventory.write_text(json.dumps({"all": {"hosts": {}}}))
    run = fleet.run(option)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.behaviour("F-N1")
def test_host_with_a_rejected_image_is_left_as_it_is_if_that_is_no_failure(fleet: StubModules) -> None:
    fleet.change("h1", rejected=[GOOD])
    run = fleet.run("--limit", "h1:h2", **WAVES, fail_on_rejected=False)
    assert run.returncode == 0, run.stdout
    assert fleet.rollout.outcomes() == {"h1": "held", "h2": "updated"}
    assert "it was rolled back before" in run.stdout


def test_interrupted_container_is_recovered_when_the_fleet_is_rolled_back(fleet: StubModules) -> None:
    fleet.change("h1", rejected=[GOOD])
    fleet.change("h3", interrupted=True)
    assert fleet.run(**WAVES).returncode == Ended.HOSTS_FAILED
    assert fleet.finished("container_recreate") == []
    assert fleet.finished("container_rollback") == ["h3"]
    assert fleet.rollout.outcomes()["h3"] == "went_back"


def test_host_whose_module_died_is_rolled_back_before_it_is_in_service(fleet: StubModules) -> None:
    """As when the kernel ends the module for want of memory."""
    fleet.change("h2", errors={"container_recreate": "the module ended without an answer"}, interrupted=True)
    fleet.run(**WAVES, max_failures=1)
    assert fleet.finished("container_rollback") == ["h2"]
    assert fleet.rollout.outcomes() == {**dict.fromkeys(fleet.hosts, "updated"), "h2": "rolled_back"}


@pytest.mark.behaviour("K7")
def test_run_after_a_kill_resumes_with_the_same_digest(fleet: StubModules) -> None:
    fleet.change_all(delay=3)
    run = fleet.start(**WAVES)
    wait_for(lambda: len(fleet.started("container_recreate")) >= 2, "the second wave", seconds=120)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    fleet.change_all(delay=0, registry=BAD)
    before = {host: fleet.state(host)["runs"] for host in fleet.hosts}
    assert before["h1"] == GOOD
    assert before["h5"] == OLD
    again = fleet.run(**WAVES)
    assert again.returncode == 0, again.stdout
    assert_runs(fleet, **dict.fromkeys(fleet.hosts, GOOD))
    assert "h1" not in fleet.finished("container_recreate"), "it was done"
    assert [fleet.state(host)["archives"] for host in fleet.hosts] == [[]] * 5


def test_second_rollout_of_a_run_has_its_own_canary(fleet: StubModules) -> None:
    """Each time with a canary of its own."""
    inventory = fleet.inventory()
    inventory["all"]["children"] = {"a": {"hosts": {"h1": {}, "h2": {}}}, "b": {"hosts": {"h3": {}, "h4": {}, "h5": {}}}}
    fleet.rollout.inventory.write_text(json.dumps(inventory))
    for host in ("h3", "h4", "h5"):
        fleet.change(host, bad=[GOOD])
    imports = [{"import_playbook": "evenkeel.fleet.rolling_update", "vars": {"rolling_update_hosts": group}} for group in ("a", "b")]
    (fleet.folder / "site.yml").write_text(json.dumps(imports))
    assert fleet.run(playbook=fleet.folder / "site.yml", waves=[1, "100%"]).returncode == Ended.HOSTS_FAILED
    assert fleet.started("container_recreate") == ["h1", "h2", "h3"]
    assert fleet.rollout.outcomes() == {"h3": "rolled_back", "h4": "not_reached", "h5": "not_reached"}


def test_resuming_rollout_does_not_settle_a_host_it_could_not_plan_for(fleet: StubModules) -> None:
    """Nothing is known of a host that the second run could not even plan for, whatever the first one knew of it."""
    fleet.change("h4", bad=[GOOD])
    first = {"rolling_update_hosts": "h2,h3,h4", "rolling_update_on_failure": "halt"}
    mistake = "{{ [{'name': 'web', 'grace': 3}] if inventory_hostname == 'h2' else 'web' }}"
    second = {"rolling_update_hosts": "h1,h2,h3", "rolling_update_max_failures": 1, "rolling_update_containers": mistake}
    imports = [
        {"import_playbook": "evenkeel.fleet.rolling_update", "vars": {"rolling_update_containers": "web", **variables}}
        for variables in (first, second)
    ]
    (fleet.folder / "site.yml").write_text(json.dumps(imports))
    del fleet.rollout.variables["containers"]
    assert fleet.run(playbook=fleet.folder / "site.yml", waves=["100%"]).returncode == Ended.HOSTS_FAILED
    assert_runs(fleet, h1=GOOD, h2=GOOD, h3=GOOD, h4=OLD)
    assert [len(fleet.state(host)["archives"]) for host in ("h1", "h2", "h3")] == [0, 1, 0]
    assert fleet.rollout.outcomes()["h2"] == "unknown"


@pytest.mark.parametrize("option", [{"confirm_canary": True}, {"pause": 5}], ids=str)
def test_options_of_the_playbook_are_refused_in_a_custom_play(fleet: StubModules, option: dict[str, object]) -> None:
    play = {"hosts": "all", "serial": 1, "gather_facts": False, "roles": ["evenkeel.fleet.rolling_update"]}
    (fleet.folder / "site.yml").write_text(json.dumps([play]))
    run = fleet.run(playbook=fleet.folder / "site.yml", **option)
    assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
    assert "are for the playbook evenkeel.fleet.rolling_update" in run.stdout


class TestReport:
    def test_report_tasks_see_the_report_on_the_controller(self, fleet: StubModules) -> None:
        (fleet.folder / "mail.yml").write_text(f"- ansible.builtin.shell: echo {{{{ rolling_update__report.ok }}}} > {fleet.folder}/mail\n")
        fleet.make_unreachable("h1")
        fleet.run(report_tasks="mail.yml")
        assert (fleet.folder / "mail").read_text() == "False\n"

    @pytest.mark.parametrize("hindrance", ["the folder", "the user's own tasks"])
    def test_report_is_printed_although_it_cannot_be_written_or_sent(self, fleet: StubModules, hindrance: str) -> None:
        (fleet.folder / "mail.yml").write_text("- ansible.builtin.fail: {msg: no mail today}\n")
        if hindrance == "the folder":
            (fleet.folder / "rolling_update_reports").touch()
        run = fleet.run(report_tasks="" if hindrance == "the folder" else "mail.yml")
        assert run.returncode == Ended.HOSTS_FAILED
        assert "The rollout is over. Of 5 hosts: 5 updated." in run.stdout


class TestAnsibleConfiguration:
    """What somebody's ansible.cfg says for all playbooks."""

    def test_any_errors_fatal_does_not_stop_the_rollout(self, fleet: StubModules) -> None:
        (fleet.folder / "ansible.cfg").write_text("[defaults]\nany_errors_fatal = true\n")
        fleet.change("h2", bad=[GOOD])
        fleet.make_unreachable("h4")
        fleet.run(**WAVES, max_failures=2)
        assert_runs(fleet, h1=GOOD, h2=OLD, h3=GOOD, h4=OLD, h5=GOOD)

    def test_become_does_not_apply_to_the_controller(self, fleet: StubModules) -> None:
        """The hosts may need it. Who writes the report on the controller may not even have it."""
        (fleet.folder / "ansible.cfg").write_text("[privilege_escalation]\nbecome = true\nbecome_exe = /no/sudo\n")
        inventory = fleet.inventory()
        inventory["all"]["hosts"] = {host: {"ansible_become": False} for host in fleet.hosts}
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        run = fleet.run()
        assert run.returncode == 0, run.stdout
        assert fleet.report()["ok"]


class TestInventoryVariables:
    def put(self, fleet: StubModules, host: str, **variables: object) -> None:
        inventory = fleet.inventory()
        inventory["all"]["vars"].update({"rolling_update_containers": "web", "rolling_update_max_failures": 0})
        inventory["all"]["hosts"][host] = variables
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        fleet.rollout.variables = {"docker": fleet.rollout.variables["docker"]}

    def test_invalid_containers_of_one_host_prevent_the_rollout(self, fleet: StubModules) -> None:
        self.put(fleet, "h2", rolling_update_containers=[{"name": "web", "grace": 3}])
        run = fleet.run()
        assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
        assert fleet.rollout.outcomes()["h2"] == "unknown"
        assert "1 failed (h2), and none may" in fleet.report()["sentence"]

    def test_hosts_option_in_the_inventory_is_refused(self, fleet: StubModules) -> None:
        self.put(fleet, "h1", rolling_update_hosts="h1")
        run = fleet.run()
        assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
        assert "rolling_update_hosts is h1, but this run is for other hosts as well, such as h2" in run.stdout
        assert fleet.run(hosts="h1").returncode == 0
        assert fleet.finished("container_recreate") == ["h1"]


class TestUsualOptions:
    def test_lists_are_accepted_on_the_command_line(self, fleet: StubModules) -> None:
        run = fleet.run("-e", "rolling_update_waves=1,2,100%", "-e", '{"rolling_update_containers": "[\\"web\\"]"}')
        assert run.returncode == 0, run.stdout
        assert fleet.waves(1, 2, 2)[0] == ["h1"]

    def test_pull_never_is_passed_to_the_modules(self, fleet: StubModules) -> None:
        fleet.run(containers=[{"name": "web", "pull": "never"}])
        assert {entry["pull"] for entry in fleet.log if entry["module"] in ("container_prepare", "container_recreate")} == {"never"}

    def test_host_lost_before_its_turn_has_failed(self, fleet: StubModules) -> None:
        inventory = fleet.inventory()
        later = "{{ 'ssh' if ansible_play_name is match('Update') else 'local' }}"
        inventory["all"]["hosts"]["h2"] = {"ansible_connection": later, "ansible_host": "127.0.0.1", "ansible_port": 1}
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        fleet.run(**WAVES, window="00:00-23:59")
        assert_untouched(fleet, "h2", "h4", "h5")
        assert fleet.rollout.outcomes()["h2"] == "failed"

    def test_host_name_with_a_port_is_refused(self, fleet: StubModules) -> None:
        inventory = fleet.inventory()
        inventory["all"]["hosts"]["edge:8080"] = {"ansible_host": "h1"}
        (fleet.folder / "inventory.py").write_text(f"""#!/usr/bin/env python3
import json
inventory = json.loads({json.dumps(inventory)!r})
hosts = inventory["all"]["hosts"]
print(json.dumps({{"all": {{"hosts": list(hosts), "vars": inventory["all"]["vars"]}}, "_meta": {{"hostvars": hosts}}}}))
""")
        (fleet.folder / "inventory.py").chmod(0o755)
        run = fleet.run("--inventory", str(fleet.folder / "inventory.py"))
        assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
        assert "edge:8080 cannot be put into a wave" in run.stdout

    def test_check_mode_changes_nothing(self, fleet: StubModules) -> None:
        run = fleet.run("--check", **WAVES)
        assert (run.returncode, fleet.changes) == (0, [])
        assert "Nothing was touched. Of 5 hosts: 5 to be updated." in run.stdout

    def test_limit_updates_only_those_hosts(self, fleet: StubModules) -> None:
        assert fleet.run("--limit", "h2,h4").returncode == 0
        assert_untouched(fleet, "h1", "h3", "h5")
        assert_runs(fleet, h2=GOOD, h4=GOOD)

    def test_containers_are_updated_in_order(self, fleet: StubModules) -> None:
        fleet.change_all(containers=["db", "web"])
        assert fleet.run(containers=["db", {"name": "web", "grace_period": 5}]).returncode == 0
        h1 = [entry["container"] for entry in fleet.changes if entry["host"] == "h1" and entry["module"] == "container_recreate"]
        assert h1 == ["db", "web"]

    @pytest.mark.behaviour("K10")
    def test_hosts_outside_their_window_are_not_updated(self, fleet: StubModules) -> None:
        run = fleet.run(window="00:00-00:00")
        assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
        assert set(fleet.rollout.outcomes().values()) == {"outside_window"}

    def test_canary_is_a_host_within_its_window(self, fleet: StubModules) -> None:
        inventory = fleet.inventory()
        inventory["all"]["hosts"]["h1"] = {"rolling_update_window": "00:00-00:00"}
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        fleet.change_all(bad=[GOOD])
        fleet.run(waves=[1, "100%"])
        assert fleet.started("container_recreate") == ["h2"]
        assert_untouched(fleet, "h1", "h3", "h4", "h5")

    def test_rollout_is_resumed_when_the_window_of_a_host_opens(self, fleet: StubModules) -> None:
        """The rest gets the same digest when it opens again, and until then all can go back."""
        inventory = fleet.inventory()
        inventory["all"]["hosts"]["h4"] = {"rolling_update_window": "00:00-00:00"}
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        assert fleet.run(**WAVES).returncode == Ended.HOSTS_FAILED
        assert_runs(fleet, h1=GOOD, h3=GOOD, h4=OLD, h5=GOOD)
        assert all(fleet.state(host)["archives"] for host in ("h1", "h2", "h3", "h5"))
        assert "halted (outside of the maintenance window: h4)" in fleet.report()["sentence"]
        fleet.change_all(registry=BAD)
        inventory["all"]["hosts"]["h4"] = {}
        fleet.rollout.inventory.write_text(json.dumps(inventory))
        assert fleet.run(**WAVES).returncode == 0
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, GOOD))
        assert [fleet.state(host)["archives"] for host in fleet.hosts] == [[]] * 5

    def test_archive_that_could_not_be_dropped_is_dropped_by_a_commit(self, fleet: StubModules) -> None:
        fleet.change("h2", errors={"container_finalize": "it is unhealthy now"})
        assert fleet.run(**WAVES).returncode == Ended.HOSTS_FAILED
        assert_runs(fleet, **dict.fromkeys(fleet.hosts, GOOD))
        assert fleet.rollout.outcomes() == {**dict.fromkeys(fleet.hosts, "updated"), "h2": "unsettled"}
        fleet.change("h2", errors={})
        assert fleet.run(goal="commit").returncode == 0
        assert fleet.state("h2")["archives"] == []

    @pytest.mark.parametrize(
        ("variables", "told"),
        [
            ({"containers": ""}, "rolling_update_containers is empty or not a valid list"),
            ({"containers": [{"name": "web", "grace": 3}]}, "web has options that a rollout does not support: grace"),
            ({"waves": [0]}, "rolling_update_waves is [0], which is not valid"),
            ({"max_failures": "some"}, "rolling_update_max_failures is 'some', which is not valid"),
            ({"on_failure": "panic"}, "value of rolling_update_on_failure must be one of"),
            ({"pre_tasks": "drain.yml"}, "rolling_update_pre_tasks is drain.yml, but the controller has no such file"),
            ({"docker": "unix:///run/docker.sock"}, "rolling_update_docker"),
            ({"window": "at night"}, "rolling_update_window is 'at night', which is not valid"),
        ],
    )
    def test_invalid_input_is_refused(self, fleet: StubModules, variables: dict[str, object], told: str) -> None:
        run = fleet.run(**variables)
        assert run.returncode != 0
        assert told in " ".join(run.stdout.split()), run.stdout
        assert "caused by" not in run.stdout
        assert fleet.changes == []

    def test_registry_password_is_never_printed(self, fleet: StubModules) -> None:
        fleet.change("h1", bad=[GOOD])
        secret = {"registry_username": "robot", "registry_password": "hunter2-of-the-registry"}
        (fleet.folder / "secret.json").write_text(json.dumps({f"rolling_update_{name}": value for name, value in secret.items()}))
        run = fleet.run("-vvv", "--extra-vars", "@secret.json")
        assert run.returncode == Ended.HOSTS_FAILED
        shown = run.stdout + run.stderr + "".join(file.read_text() for file in (fleet.folder / "rolling_update_reports").iterdir())
        assert "hunter2-of-the-registry" not in shown


class TestCustomPlay:
    PLAY = """\
- hosts: all
  gather_facts: false
  {more}
  module_defaults:
    group/evenkeel.fleet.docker: "{{{{ rolling_update_docker }}}}"
  roles:
    - role: evenkeel.fleet.rolling_update
"""

    def put(self, fleet: StubModules, more: str = "") -> Path:
        playbook = fleet.folder / "own.yml"
        playbook.write_text(self.PLAY.format(more=more))
        return playbook

    def test_custom_play_without_serial_is_refused(self, fleet: StubModules) -> None:
        run = fleet.run(playbook=self.put(fleet))
        assert (run.returncode, fleet.changes) == (Ended.HOSTS_FAILED, [])
        assert '"serial: 1" and "max_fail_percentage: 0"' in run.stdout.replace("\\", "")

    @pytest.mark.parametrize("parallel", [1, 4])
    def test_custom_play_without_serial_is_refused_when_a_host_is_lost(self, fleet: StubModules, parallel: int) -> None:
        fleet.make_unreachable("h5")
        run = fleet.run(playbook=self.put(fleet, "pre_tasks: [{ansible.builtin.ping: }]"), max_parallel=parallel)
        assert run.returncode != 0
        assert_untouched(fleet, *(fleet.hosts if parallel == 1 else ["h5"]))
        assert_runs(fleet, h4=OLD if parallel == 1 else GOOD)
        assert "No first item" not in run.stdout

    def test_custom_play_updates_one_host_at_a_time(self, fleet: StubModules) -> None:
        fleet.change("h3", bad=[GOOD])
        run = fleet.run(playbook=self.put(fleet, "serial: 1\n  max_fail_percentage: 0"))
        assert run.returncode != 0
        assert fleet.finished("container_recreate") == ["h1", "h2", "h3"]
        assert_runs(fleet, h1=GOOD, h2=GOOD, h3=OLD, h4=OLD)
