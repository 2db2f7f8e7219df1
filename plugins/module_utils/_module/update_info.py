# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module that only looks needs: its options, and how it ends."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._adapters.host_reader import open_host
from .._core.host.model import UpdateQuery
from .._core.host.report import host_report
from .._core.masking import Secrets
from .._core.use_cases.update_info import inspect_host
from .options import CONNECTION_OPTIONS, CONNECTION_REQUIRED_TOGETHER, REGISTRY_OPTIONS, REGISTRY_REQUIRED_TOGETHER
from .run import ModuleResult, Options, run_module


def update_info_module(required_by: t.Mapping[str, t.Sequence[str]], **options: t.Mapping[str, t.Any]) -> AnsibleModule:
    """A module with these options besides those of the connection and of the registry. Check mode makes no difference to it."""
    return AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **REGISTRY_OPTIONS, **options},
        required_together=[*CONNECTION_REQUIRED_TOGETHER, *REGISTRY_REQUIRED_TOGETHER],
        required_by=dict(required_by),
        supports_check_mode=True,
    )


def run_update_info_module(module: AnsibleModule, ask: t.Callable[[Options], UpdateQuery]) -> None:
    """Look at the host that the options name, and end the module with what was seen."""

    def run(options: Options, secrets: Secrets) -> ModuleResult:
        query = ask(options)
        info = inspect_host(*open_host(options, secrets), query)
        for container in info.containers:
            secrets.learn_names(container.name, container.image.reference)
        return ModuleResult(host_report(info), info.warnings)

    run_module(module, run, {"msg": "Nothing was touched.", "changed": False})
