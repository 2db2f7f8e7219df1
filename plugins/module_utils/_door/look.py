# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module that only looks needs: its options, and how it ends."""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._core.errors import FleetError
from .._core.masking import Secrets, masked
from .._core.report import error_report
from .._core.update_info import Question, look_at_host
from .._core.update_report import host_report
from .._edge.census import open_host
from .._edge.connection import CONNECTION_OPTIONS, CONNECTION_REQUIRED_TOGETHER
from .._edge.sdk import IMPORT_ERROR
from .registry import REGISTRY_OPTIONS, REGISTRY_REQUIRED_TOGETHER, take_options


def looking_module(required_by: t.Mapping[str, t.Sequence[str]], **options: t.Mapping[str, t.Any]) -> AnsibleModule:
    """A module with these options besides those of the connection and of the registry. Check mode makes no difference to it."""
    return AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **REGISTRY_OPTIONS, **options},
        required_together=[*CONNECTION_REQUIRED_TOGETHER, *REGISTRY_REQUIRED_TOGETHER],
        required_by=dict(required_by),
        supports_check_mode=True,
    )


def run_looking_module(module: AnsibleModule, ask: t.Callable[[t.Mapping[str, t.Any]], Question]) -> None:
    """Look at the host that the options name, and end the module with what was seen."""
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("docker (Docker SDK for Python)"), exception=IMPORT_ERROR)
    options = take_options(module)
    secrets = Secrets()
    info = failure = None
    try:
        question = ask(options)
        info = look_at_host(*open_host(options, secrets), question)
    except FleetError as error:
        failure = error_report(error)
    except Exception as error:  # noqa: BLE001 - Ansible would print it as it is.
        msg = f"This is a bug of the collection ({type(error).__name__}: {error}). Nothing was touched."
        failure = {"msg": msg, "exception": traceback.format_exc(), "changed": False, "failed_step": None, "error_class": "bug"}
    if info is None:
        # Not where the error is handled: Ansible would add it as it is, with all that it came from.
        module.fail_json(**masked(failure or {}, secrets.mask))
        return
    for container in info.containers:
        secrets.learn_names(container.name, container.image.reference)
    for warning in info.warnings:
        module.warn(secrets.mask(warning))
    module.exit_json(**masked(host_report(info), secrets.mask))
