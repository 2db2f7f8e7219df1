# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a stub module does: it changes a file that stands for a host, and logs when."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

Result = dict[str, Any]


def run_stub(module: str, options: dict[str, Any], check_mode: bool) -> Result:
    """Return what the real module would return, as far as the role reads it."""
    folder = Path(os.environ["EVENKEEL_STUB_FOLDER"])
    host = options["docker_host"].removeprefix("tcp://")
    file = folder / "hosts" / host
    state = json.loads(file.read_text())
    began = time.time()
    with (folder / f"begun-{module}").open("a") as begun:
        begun.write(f"{host}\n")
    if module in ("container_recreate", "container_rollback"):
        time.sleep(state["delay"])
    result = _Host(state, options, check_mode).do(module)
    if not check_mode:
        file.write_text(json.dumps(state))
    entry = {"host": host, "module": module, "container": options["name"], "check_mode": check_mode, "began": began, "ended": time.time()}
    with (folder / "log").open("a") as log:
        log.write(
            json.dumps({**entry, "digest": options.get("image_digest"), "rollout": options.get("rollout"), "pull": options.get("pull")})
            + "\n"
        )
    return result


class _Host:
    def __init__(self, state: dict[str, Any], options: dict[str, Any], check_mode: bool) -> None:
        self._state = state
        self._options = options
        self._check_mode = check_mode

    def do(self, module: str) -> Result:
        if module in self._state.get("dies_in", ()) and not self._check_mode:
            os.kill(os.getpid(), signal.SIGKILL)
        error = self._state.get("errors", {}).get(module)
        if error and not self._check_mode:
            return {"failed": True, "changed": False, "msg": error, "error_class": "other"}
        result: Result = getattr(self, f"_{module}")()
        return result

    def _container_update_info(self) -> Result:
        containers = [
            {
                "name": name,
                "image": self._image(self._state["runs"]),
                "archives": None if self._state.get("hides_archives") else self._state["archives"],
                "created": self._state.get("created", 0),
                "interrupted": self._state.get("interrupted", False),
            }
            for name in self._state["containers"]
            if name in self._options["name"]
        ]
        return {"changed": False, "containers": containers}

    def _container_prepare(self) -> Result:
        digest = self._wanted
        answer = {
            "container": {"name": self._options["name"]},
            "image": {"old": self._image(self._state["runs"]), "new": self._image(digest)},
        }
        if digest in self._state["rejected"] and not self._options["force"]:
            return {**answer, "changed": False, "outcome": "skipped", "skip_reason": "rejected", "msg": "it was rolled back before"}
        outcome = "unchanged" if digest == self._state["runs"] and not self._options["force"] else "recreated"
        return {**answer, "changed": False, "outcome": outcome, "doubt": None}

    def _container_recreate(self) -> Result:
        old, new = self._state["runs"], self._wanted
        image = {"old": self._image(old), "new": self._image(new)}
        if new in self._state["bad"]:
            self._state["rejected"] = [new]
            failure = {"error": "web exited with code 3", "exit_code": 3, "oom_killed": False, "health_log": [], "logs": ["boom"]}
            rollback = {"reason": "crashed", "failure": failure}
            details = {"msg": "it crashed", "rollback_failed": False, "downtime_seconds": 1.5}
            return {"failed": True, "changed": True, "outcome": "rolled_back", "rollback": rollback, "image": image, **details}
        self._state.update(runs=new, created=time.time())
        name = f"{self._options['name']}-old-1"
        self._state["archives"].insert(0, {"name": name, "kept": True, "rollout": self._options["rollout"], "digest": old})
        return {"changed": True, "outcome": "recreated", "archive": name, "image": image, "downtime_seconds": 0.5}

    def _container_rollback(self) -> Result:
        if self._state.pop("interrupted", False):
            return {"failed": True, "changed": True, "msg": "There is no archive to restore", "error_class": "no_archive"}
        archive = self._state["archives"].pop(0)
        new, self._state["runs"] = self._state["runs"], archive["digest"]
        if self._options["reject"] is not False:
            self._state["rejected"] = [new]
        return {"changed": True, "outcome": "restored", "image": {"old": self._image(new), "new": self._image(archive["digest"])}}

    def _container_finalize(self) -> Result:
        archives, rollout = self._state["archives"], self._options["rollout"]
        dropped = [archive for archive in archives if not rollout or archive["rollout"] <= rollout]
        self._state["archives"] = [archive for archive in archives if archive not in dropped]
        return {"changed": bool(dropped), "dropped": [archive["name"] for archive in dropped]}

    @property
    def _wanted(self) -> str:
        wanted: str = self._options["image_digest"] or self._state["registry"]
        return wanted

    @staticmethod
    def _image(digest: str) -> Result:
        return {"reference": "registry.example/web:latest", "id": digest, "digest": digest}
