# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""docker compose as a program on this host: the plugin of the docker CLI, or the standalone `docker-compose`.

It only reads the project's files. The files may contain secrets, so neither they nor the program's output appear in a message.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import typing as t

from .._core.engine.compose import ComposeProject, HashUnknown
from .._core.engine.model import Document

DEADLINE = 10.0
"""Seconds that one call may take. The containers whose labels are computed may be down meanwhile."""

_FOLDERS = "/usr/local/bin:/usr/bin:/bin"
"""Where to look besides PATH, which is short in a session without a login."""
# Nothing is downloaded: a project with remote parts is unknown.
_OFFLINE = {"COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false", "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false"}


class ComposeCli:
    """Runs docker compose. The model of a project is read once, and a failure is not tried again: both times, containers would wait."""

    def __init__(self, search_path: str | None = None, deadline: float = DEADLINE) -> None:
        self._search_path = f"{os.environ.get('PATH', '')}:{_FOLDERS}" if search_path is None else search_path
        self._deadline = deadline
        self._models: dict[ComposeProject, _Model | HashUnknown] = {}

    def config_hashes(self, project: ComposeProject, service: str, variants: t.Sequence[Document]) -> tuple[str, ...]:
        """Let compose compute the hashes. The variants are services of one project, because the hash does not include the name."""
        model = self._model_of(project)
        body = {name: value for name, value in model.service(service).items() if name != "depends_on"}
        services = {_name(number): {**body, **variant} for number, variant in enumerate(variants)}
        try:
            output = self._run(model.program, project, ("--file", "-"), ("--hash", "*"), {**model.document, "services": services})
        except HashUnknown as error:
            self._models[project] = error
            raise
        hashes = dict(line.split(None, 1) for line in output.splitlines() if len(line.split()) == 2)
        try:
            return tuple(hashes[_name(number)].strip() for number in range(len(variants)))
        except KeyError:
            raise HashUnknown("docker compose did not print the hashes") from None

    def _model_of(self, project: ComposeProject) -> _Model:
        if project not in self._models:
            try:
                self._models[project] = self._read(project)
            except HashUnknown as error:
                self._models[project] = error
        model = self._models[project]
        if isinstance(model, HashUnknown):
            raise model
        return model

    def _read(self, project: ComposeProject) -> _Model:
        """Let compose read the project's files, with all variables and files of variables filled in."""
        for path in (*project.files, *project.env_files):
            if not os.path.isfile(os.path.join(project.folder, path)):
                raise HashUnknown(f"the project's file {path} is not on this host")
        programs = self._programs()
        if not programs:
            raise HashUnknown("docker compose is not installed on this host")
        files = tuple(word for path in project.files for word in ("--file", path))
        env_files = tuple(word for path in project.env_files for word in ("--env-file", path))
        problem = HashUnknown("")
        for program in programs:
            try:
                output = self._run(program, project, (*files, *env_files), ("--format", "json"))
                return _Model(program, json.loads(output))
            except HashUnknown as error:
                problem = error
            except ValueError:
                problem = HashUnknown("docker compose did not print the project as JSON")
        raise problem

    def _programs(self) -> list[tuple[str, ...]]:
        names = (("docker", "compose"), ("docker-compose",))
        found = ((shutil.which(name, path=self._search_path), arguments) for name, *arguments in names)
        return [(path, *arguments) for path, arguments in found if path]

    def _run(
        self,
        program: tuple[str, ...],
        project: ComposeProject,
        files: tuple[str, ...],
        arguments: tuple[str, ...],
        model: Document | None = None,
    ) -> str:
        """Run `config` and return its output. `model` is the project's file `-`. Raise HashUnknown."""
        command = (
            *program,
            *("--project-name", project.name, "--project-directory", project.folder, "--profile", "*"),
            *files,
            *("config", "--no-consistency"),
            *arguments,
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
        try:
            # Ansible's run_command() has no deadline. Nor does subprocess.run() end what the program has started.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=project.folder,
                env={**environment, **_OFFLINE},
                start_new_session=True,
            )
        except OSError as error:
            raise HashUnknown(f"docker compose could not be started ({error.strerror})") from None
        try:
            output, _none = process.communicate(json.dumps(model).encode() if model else b"", timeout=self._deadline)
        except subprocess.TimeoutExpired:
            # The docker CLI runs compose as a process of its own, in the same group.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise HashUnknown(f"docker compose did not answer within {self._deadline:g} s") from None
        if process.returncode:
            raise HashUnknown(f"'docker compose config' failed with exit code {process.returncode}")
        return output.decode(errors="replace")


class _Model(t.NamedTuple):
    """A project as compose has read it, and the program that did."""

    program: tuple[str, ...]
    document: Document

    def service(self, name: str) -> Document:
        service: Document | None = (self.document.get("services") or {}).get(name)
        if service is None:
            raise HashUnknown(f"the project's files have no service {name}")
        return service


def _name(number: int) -> str:
    return f"variant{number}"
