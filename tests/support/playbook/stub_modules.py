# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet without engines: the real role and playbook with stub modules that log their options.

It tests the order and the failure points of a rollout, and its own duration. What a real host does is tested on real hosts.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.real.ansible import ANSIBLE, CHECKOUT, COLLECTIONS

from .rollout import Rollout

MODULES = ("container_update_info", "container_prepare", "container_recreate", "container_rollback", "container_finalize")
CHANGING = ("container_recreate", "container_rollback", "container_finalize")
OLD, GOOD, BAD = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE = "registry.example/web:latest"

# It does not use AnsibleModule, which takes longer than everything else in a stub.
_MODULE = """\
#!/usr/bin/python
# WANT_JSON
import json
import sys
sys.path.insert(0, {tests!r})
from support.playbook.stub_host import run_stub
with open(sys.argv[1]) as file:
    arguments = json.load(file)
unknown = [name for name in arguments if name not in {options!r} and not name.startswith("_ansible_")]
options = {{name: arguments.get(name) for name in {options!r}}}
result = run_stub({name!r}, options, arguments["_ansible_check_mode"])
print(json.dumps({{"failed": True, "msg": f"There is no option {{unknown}}."}} if unknown else result))
"""


@dataclass
class StubModules:
    """A fleet of stub hosts. `folder` holds its state and the user's files."""

    folder: Path
    hosts: list[str]
    delays: tuple[float, float] = (0, 0)

    def __post_init__(self) -> None:
        variables = {"containers": "web", "docker": {"docker_host": "tcp://{{ inventory_hostname }}"}}
        self.rollout = Rollout(self.folder, variables, str(self.folder / "collections"))
        collection = self._collection("evenkeel.fleet")
        (self.folder / "hosts").mkdir()
        for part in ("galaxy.yml", "meta", "roles", "playbooks", "plugins/filter", "plugins/plugin_utils", "plugins/module_utils"):
            (collection / part).symlink_to(CHECKOUT / part)
        for name, options in _options().items():
            text = _MODULE.format(tests=str(CHECKOUT / "tests"), options=options, name=name)
            (collection / "plugins/modules" / f"{name}.py").write_text(text)
        for host in self.hosts:
            self.put(host)
        (self.rollout.inventory).write_text(json.dumps(self.inventory()))

    def inventory(self) -> dict[str, Any]:
        variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        return {"all": {"hosts": {host: {} for host in self.hosts}, "vars": variables}}

    def install_stub_as(self, module: str, name: str) -> None:
        """Install the stub of our `module` as a module of another collection under the full `name`."""
        collection, _dot, short = name.rpartition(".")
        text = (self._collection("evenkeel.fleet") / f"plugins/modules/{module}.py").read_text()
        (self._collection(collection) / f"plugins/modules/{short}.py").write_text(text)

    def _collection(self, name: str) -> Path:
        folder = self.folder / "collections/ansible_collections" / name.replace(".", "/")
        (folder / "plugins/modules").mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, host: str, **changes: Any) -> None:
        """Set the state of a host: `runs` and `registry` are digests, `bad` those that fail there, `archives` what it keeps."""
        known = {"runs": OLD, "registry": GOOD, "bad": [BAD], "archives": [], "rejected": [], "containers": ["web"], "delay": 0}
        known["delay"] = random.uniform(*self.delays)  # noqa: S311 - not for security
        (self.folder / "hosts" / host).write_text(json.dumps({**known, **changes}))

    def change(self, host: str, **changes: Any) -> None:
        file = self.folder / "hosts" / host
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    def change_all(self, **changes: Any) -> None:
        for host in self.hosts:
            self.change(host, **changes)

    def make_unreachable(self, host: str) -> None:
        """Make the host unreachable: no SSH server listens on its port."""
        inventory = json.loads((self.rollout.inventory).read_text())
        unreachable = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_retries": 0}
        inventory["all"]["hosts"][host] = unreachable
        (self.rollout.inventory).write_text(json.dumps(inventory))

    def state(self, host: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "hosts" / host).read_text())
        return state

    @property
    def log(self) -> list[dict[str, Any]]:
        """All module runs in the order in which they ended: `host`, `module`, `container`, begin and end."""
        file = self.folder / "log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def changes(self) -> list[dict[str, Any]]:
        """All module runs that can change a host."""
        return [entry for entry in self.log if entry["module"] in CHANGING and not entry["check_mode"]]

    def finished(self, module: str) -> list[str]:
        """The hosts on which a module has finished, in that order."""
        return [entry["host"] for entry in self.log if entry["module"] == module and not entry["check_mode"]]

    def started(self, module: str) -> list[str]:
        """The hosts on which a module has started, in that order."""
        file = self.folder / f"begun-{module}"
        return file.read_text().split() if file.exists() else []

    def waves(self, *sizes: int) -> list[list[str]]:
        """Split the updated hosts into waves of these sizes, and assert that each wave began after the one before it had ended."""
        updates = sorted((entry for entry in self.changes if entry["module"] == "container_recreate"), key=lambda entry: entry["began"])
        waves = [[updates.pop(0) for _place in range(size)] for size in sizes]
        for before, after in itertools.pairwise(waves):
            assert max(entry["ended"] for entry in before) <= min(entry["began"] for entry in after), "a wave began too early"
        assert not updates
        return [[entry["host"] for entry in wave] for wave in waves]

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start the playbook as a user would. `options` are those of `Rollout.start`."""
        self._forget()
        return self.rollout.start(*arguments, environment=self._environment, **options)

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the playbook to its end."""
        self._forget()
        return self.rollout.run(*arguments, environment=self._environment, **options)

    def report(self) -> dict[str, Any]:
        return self.rollout.report()

    def _forget(self) -> None:
        for file in (self.folder / "log", *self.folder.glob("begun-*")):
            file.unlink(missing_ok=True)

    @property
    def _environment(self) -> dict[str, str]:
        return {"EVENKEEL_STUB_FOLDER": str(self.folder)}


@functools.cache
def _options() -> dict[str, list[str]]:
    """The options of each real module; the stub fails when the role passes any other."""
    names = [f"evenkeel.fleet.{name}" for name in MODULES]
    run = subprocess.run(
        (ANSIBLE / "ansible-doc", "--type", "module", "--json", *names),
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS},
        capture_output=True,
        text=True,
        check=True,
    )
    documented = json.loads(run.stdout)
    return {name.rpartition(".")[2]: list(documented[name]["doc"]["options"]) for name in names}
