# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module that prepares an update does, and how it ends."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from .._adapters.bootstrap import open_engine
from .._core.cycle.report import diff_report
from .._core.masking import Secrets
from .._core.use_cases.prepare import check_prepare, preparation_report, prepare
from .options import (
    CONNECTION_OPTIONS,
    CONNECTION_REQUIRED_TOGETHER,
    DECISION_OPTIONS,
    REGISTRY_OPTIONS,
    REGISTRY_REQUIRED_TOGETHER,
    request_of,
)
from .run import ModuleResult, Options, run_module


def prepare_module() -> AnsibleModule:
    """The module, with its options."""
    return AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **REGISTRY_OPTIONS, **DECISION_OPTIONS, "name": {"type": "str", "required": True}},
        required_together=[*CONNECTION_REQUIRED_TOGETHER, *REGISTRY_REQUIRED_TOGETHER],
        supports_check_mode=True,
    )


def run_prepare_module(module: AnsibleModule) -> None:
    """Have the image on the engine that the options name, and end the module with what the update would come to."""

    def run(options: Options, secrets: Secrets) -> ModuleResult:
        secrets.learn_names(options["name"], options["image"])
        engine = open_engine(options, 0, secrets)
        prepared = (check_prepare if module.check_mode else prepare)(engine.context, engine.lock, request_of(options))
        diff = {"diff": diff_report(prepared.predicted)} if module._diff else {}  # noqa: SLF001 - it is how modules are told.
        return ModuleResult({**preparation_report(prepared), **diff}, prepared.predicted.warnings)

    run_module(module, run, {"msg": "The container was not touched.", "changed": False})
