# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that replace a container have in common: their options, and how they end."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._adapters.bootstrap import Engine, open_engine
from .._core.cycle.report import cycle_report, diff_report
from .._core.cycle.result import CycleResult
from .._core.masking import Secrets
from .options import CONNECTION_OPTIONS, CONNECTION_REQUIRED_TOGETHER, CYCLE_OPTIONS, REGISTRY_OPTIONS, REGISTRY_REQUIRED_TOGETHER
from .run import ModuleResult, Options, run_module

Work = t.Callable[[Engine, Options], CycleResult]


def cycle_module(*, asks_registry: bool = False, **options: t.Mapping[str, t.Any]) -> AnsibleModule:
    """A module with these options besides those of the cycle and of the connection, and maybe those of the registry."""
    registry_options = REGISTRY_OPTIONS if asks_registry else {}
    return AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **CYCLE_OPTIONS, **registry_options, **options},
        required_together=[*CONNECTION_REQUIRED_TOGETHER, *(REGISTRY_REQUIRED_TOGETHER if asks_registry else ())],
        supports_check_mode=True,
    )


def run_cycle_module(module: AnsibleModule, work: Work, check: Work) -> None:
    """Do the `work` on the engine that the options name, and end the module with what came of it. In check mode, `check` it."""

    def run(options: Options, secrets: Secrets) -> ModuleResult:
        secrets.learn_names(options["name"], options.get("image"))
        result = (check if module.check_mode else work)(open_engine(options, options["lock_timeout"], secrets), options)
        diff = {"diff": diff_report(result)} if module._diff else {}  # noqa: SLF001 - it is how modules are told.
        return ModuleResult({**cycle_report(result), **diff}, result.warnings)

    not_known = "How the container is, is not known. Run this again: it brings to its end what was begun."
    run_module(module, run, {"msg": not_known, "changed": True})
