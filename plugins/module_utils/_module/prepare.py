# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module that prepares an update does, and how it ends."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from .._adapters.bootstrap import open_engine
from .._core.cycle.report import diff_report
from .._core.masking import Secrets
from .._core.use_cases.prepare import preparation_report, prepare, rehearse_preparation
from .options import (
    CONNECTION_OPTIONS,
    CONNECTION_REQUIRED_TOGETHER,
    RECREATION_OPTIONS,
    REGISTRY_OPTIONS,
    REGISTRY_REQUIRED_TOGETHER,
    request_of,
)
from .run import Ending, Options, run_module


def preparation_module() -> AnsibleModule:
    """The module, with its options."""
    return AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **REGISTRY_OPTIONS, **RECREATION_OPTIONS, "name": {"type": "str", "required": True}},
        required_together=[*CONNECTION_REQUIRED_TOGETHER, *REGISTRY_REQUIRED_TOGETHER],
        supports_check_mode=True,
    )


def run_preparation_module(module: AnsibleModule) -> None:
    """Have the image on the engine that the options name, and end the module with what the update would come to."""

    def run(options: Options, secrets: Secrets) -> Ending:
        secrets.learn_names(options["name"], options["image"])
        engine = open_engine(options, 0, secrets)
        prepared = (rehearse_preparation if module.check_mode else prepare)(engine.ports, engine.guard, request_of(options))
        diff = {"diff": diff_report(prepared.foretold)} if module._diff else {}  # noqa: SLF001 - it is how modules are told.
        return Ending({**preparation_report(prepared), **diff}, prepared.foretold.warnings)

    run_module(module, run, {"msg": "The container was not touched.", "changed": False})
