# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules in composable groups, and the values that the core takes for them.

Each group is documented in the documentation fragment of the same name.
"""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from .._adapters.images import DEFAULT_PULL_TIMEOUT
from .._core.cycle.health import HealthConfig, OnUnhealthy
from .._core.engine.model import PullPolicy
from .._core.engine.timing import DURATIONS, parse_duration
from .._core.plan.requests import KEEPABLE, Cleanup, LostFiles, RecreateRequest

Options = t.Mapping[str, t.Any]
"""The values of the options of a task, by name."""


class ArgumentSpec(t.NamedTuple):
    """A group of options and the rules between them, in the form that `AnsibleModule` takes them."""

    argument_spec: t.Mapping[str, t.Mapping[str, t.Any]]
    required_together: tuple[tuple[str, ...], ...] = ()
    required_by: t.Mapping[str, tuple[str, ...]] = {}

    def merge(self, *others: ArgumentSpec) -> ArgumentSpec:
        """Return a group with the options and rules of all groups. Raise `ValueError` if two groups define the same option."""
        result = self
        for other in others:
            twice = result.argument_spec.keys() & other.argument_spec.keys()
            if twice:
                raise ValueError(f"defined twice: {', '.join(sorted(twice))}")
            result = ArgumentSpec(
                {**result.argument_spec, **other.argument_spec},
                (*result.required_together, *other.required_together),
                {**result.required_by, **other.required_by},
            )
        return result

    def create_module(self) -> AnsibleModule:
        """Create the module, which parses and checks the options of the task. Every module of the collection supports check mode."""
        return AnsibleModule(
            argument_spec=dict(self.argument_spec),
            required_together=list(self.required_together),
            required_by=dict(self.required_by),
            supports_check_mode=True,
        )


def _file_in_cert_path(name: str) -> str:
    directory = os.environ.get("DOCKER_CERT_PATH")
    if not directory:
        raise AnsibleFallbackNotFound
    return os.path.join(directory, name)


CONNECTION = ArgumentSpec(
    {
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
    },
    required_together=(("client_cert", "client_key"),),
)

REGISTRY = ArgumentSpec(
    {
        "registry_username": {"type": "str", "no_log": False},
        "registry_password": {"type": "str", "no_log": True},
        "registry": {"type": "str"},
    },
    required_together=(("registry_username", "registry_password"),),
)

ONE_AT_A_TIME = ArgumentSpec({"name": {"type": "str", "required": True}, "lock_timeout": {"type": "raw", "default": 300}})

_DEFAULTS = HealthConfig()

CYCLE = ONE_AT_A_TIME.merge(
    ArgumentSpec(
        {
            "health_timeout": {"type": "raw", "default": _DEFAULTS.health_timeout},
            "grace_period": {"type": "raw", "default": _DEFAULTS.grace_period},
            "poll_interval": {"type": "raw", "default": _DEFAULTS.poll_interval},
            "min_healthy_time": {"type": "raw", "default": _DEFAULTS.min_healthy_time},
            "on_unhealthy": {"type": "str", "choices": [choice.value for choice in OnUnhealthy], "default": _DEFAULTS.on_unhealthy.value},
            "stop_timeout": {"type": "raw"},
        }
    )
)

CLEANUP = ArgumentSpec(
    {
        "cleanup": {
            "type": "dict",
            "default": {},
            "options": {
                "remove_replaced": {"type": "bool", "default": False},
                "prune_dangling": {"type": "bool", "default": False},
            },
        },
    }
)

FAIL_ON = ArgumentSpec(
    {"fail_on_rejected": {"type": "bool", "default": False}, "fail_on_unknown": {"type": "bool", "default": False}},
)

RECREATION = ArgumentSpec(
    {
        "image": {"type": "str"},
        "image_digest": {"type": "str"},
        "pull": {"type": "str", "choices": [policy.value for policy in PullPolicy], "default": PullPolicy.ALWAYS.value},
        "pull_timeout": {"type": "raw", "default": DEFAULT_PULL_TIMEOUT},
        "force": {"type": "bool", "default": False},
        "lost_files": {"type": "str", "choices": [choice.value for choice in LostFiles], "default": LostFiles.WARN.value},
        "verbatim": {"type": "bool", "default": False},
        "keep_env": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "keep": {"type": "list", "elements": "str", "choices": list(KEEPABLE), "default": []},
        "min_image_age": {"type": "raw"},
        "respect_labels": {"type": "bool", "default": False},
    }
)


def with_seconds(options: Options) -> dict[str, t.Any]:
    """Return the options of a task with all durations in seconds. Raise InvalidInput."""
    given = {name: value for name, value in options.items() if name in DURATIONS and value is not None}
    return {**options, **{name: parse_duration(name, value) for name, value in given.items()}}


def health_of(options: Options) -> HealthConfig:
    """Return the settings of the health gate, from the options of the group `CYCLE`. Raise InvalidInput."""
    return HealthConfig(
        options["health_timeout"],
        options["grace_period"],
        options["poll_interval"],
        options["min_healthy_time"],
        OnUnhealthy(options["on_unhealthy"]),
    )


def whole_seconds(seconds: float | None) -> int | None:
    """Return the number without a fraction that the Engine API takes. None stays None."""
    return None if seconds is None else int(seconds)


def cleanup_of(options: Options) -> Cleanup:
    """Return what to clean up, from the option of the group `CLEANUP`."""
    return Cleanup(**options["cleanup"])


def request_of(options: Options) -> RecreateRequest:
    """Return the requested update, from the options of the group `RECREATION`. Raise InvalidInput."""
    return RecreateRequest(
        container=options["name"],
        stop_timeout=whole_seconds(options.get("stop_timeout")),
        image=options["image"],
        pull=PullPolicy(options["pull"]),
        force=options["force"],
        verbatim=options["verbatim"],
        lost_files=LostFiles(options["lost_files"]),
        keep_env=frozenset(options["keep_env"]),
        keep=frozenset(options["keep"]),
        min_image_age=options["min_image_age"] or 0,
        respect_labels=options["respect_labels"],
        image_digest=options["image_digest"],
    )
