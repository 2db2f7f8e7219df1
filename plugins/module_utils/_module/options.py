# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of all modules. Each group is described in the documentation fragment of the same name."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from .._adapters.images import DEFAULT_PULL_TIMEOUT
from .._core.cycle.health import HealthConfig
from .._core.engine.model import PullPolicy
from .._core.engine.timing import parse_age
from .._core.plan.requests import Cleanup, LostFiles, RecreateRequest
from .run import Options

REGISTRY_OPTIONS: dict[str, dict[str, t.Any]] = {
    "registry_username": {"type": "str", "no_log": True},
    "registry_password": {"type": "str", "no_log": True},
    "registry": {"type": "str"},
}
"""Described in the documentation fragment `registry`."""

REGISTRY_REQUIRED_TOGETHER = [("registry_username", "registry_password")]

_GATE = HealthConfig()

ONE_AT_A_TIME_OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "lock_timeout": {"type": "float", "default": 300},
}
"""Described in the documentation fragment `one_at_a_time`."""

CYCLE_OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    **ONE_AT_A_TIME_OPTIONS,
    "health_timeout": {"type": "float", "default": _GATE.health_timeout},
    "grace_period": {"type": "float", "default": _GATE.grace_period},
    "poll_interval": {"type": "float", "default": _GATE.poll_interval},
    "min_healthy_time": {"type": "float", "default": _GATE.min_healthy_time},
    "stop_timeout": {"type": "int"},
}
"""Described in the documentation fragment `cycle`."""


def health_of(options: Options) -> HealthConfig:
    """Raises InvalidInput."""
    return HealthConfig(options["health_timeout"], options["grace_period"], options["poll_interval"], options["min_healthy_time"])


CLEANUP_OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "cleanup": {
        "type": "dict",
        "default": {},
        "options": {
            "remove_replaced": {"type": "bool", "default": False},
            "prune_dangling": {"type": "bool", "default": False},
        },
    },
}
"""Described in the documentation fragment `cleanup`."""


def cleanup_of(options: Options) -> Cleanup:
    return Cleanup(**options["cleanup"])


DECISION_OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "image": {"type": "str"},
    "image_digest": {"type": "str"},
    "pull": {"type": "str", "choices": [policy.value for policy in PullPolicy], "default": PullPolicy.ALWAYS.value},
    "pull_timeout": {"type": "float", "default": DEFAULT_PULL_TIMEOUT},
    "force": {"type": "bool", "default": False},
    "lost_files": {"type": "str", "choices": [choice.value for choice in LostFiles], "default": LostFiles.WARN.value},
    "verbatim": {"type": "bool", "default": False},
    "keep_env": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "min_image_age": {"type": "str"},
    "respect_labels": {"type": "bool", "default": False},
}
"""Described in the documentation fragment `recreation`."""


def request_of(options: Options, stop_timeout: int | None = None) -> RecreateRequest:
    """What the options of a container ask for. Raises InvalidInput."""
    return RecreateRequest(
        container=options["name"],
        stop_timeout=stop_timeout,
        image=options["image"],
        pull=PullPolicy(options["pull"]),
        force=options["force"],
        verbatim=options["verbatim"],
        lost_files=LostFiles(options["lost_files"]),
        keep_env=frozenset(options["keep_env"]),
        min_image_age=parse_age(options["min_image_age"]),
        respect_labels=options["respect_labels"],
        image_digest=options["image_digest"],
    )


def _file_in_cert_path(name: str) -> str:
    directory = os.environ.get("DOCKER_CERT_PATH")
    if not directory:
        raise AnsibleFallbackNotFound
    return os.path.join(directory, name)


CONNECTION_OPTIONS: dict[str, dict[str, t.Any]] = {
    "docker_host": {
        "type": "str",
        "default": "unix:///var/run/docker.sock",
        "fallback": (env_fallback, ["DOCKER_HOST"]),
        "aliases": ["docker_url"],
    },
    "tls_hostname": {"type": "str", "fallback": (env_fallback, ["DOCKER_TLS_HOSTNAME"])},
    "api_version": {
        "type": "str",
        "default": "auto",
        "fallback": (env_fallback, ["DOCKER_API_VERSION"]),
        "aliases": ["docker_api_version"],
    },
    "timeout": {"type": "int", "default": 60, "fallback": (env_fallback, ["DOCKER_TIMEOUT"])},
    "ca_path": {
        "type": "path",
        "fallback": (_file_in_cert_path, ["ca.pem"]),
        "aliases": ["ca_cert", "tls_ca_cert", "cacert_path"],
    },
    "client_cert": {
        "type": "path",
        "fallback": (_file_in_cert_path, ["cert.pem"]),
        "aliases": ["tls_client_cert", "cert_path"],
    },
    "client_key": {
        "type": "path",
        "fallback": (_file_in_cert_path, ["key.pem"]),
        "aliases": ["tls_client_key", "key_path"],
    },
    "tls": {"type": "bool", "default": False, "fallback": (env_fallback, ["DOCKER_TLS"])},
    "validate_certs": {
        "type": "bool",
        "default": False,
        "fallback": (env_fallback, ["DOCKER_TLS_VERIFY"]),
        "aliases": ["tls_verify"],
    },
    "use_ssh_client": {"type": "bool", "default": False},
}

CONNECTION_REQUIRED_TOGETHER = [("client_cert", "client_key")]
