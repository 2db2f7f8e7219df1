# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module that drops archives does, and how it ends."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

from .._adapters.bootstrap import open_engine
from .._core.engine.model import ReturnValues
from .._core.masking import Secrets
from .._core.plan.requests import ContainerRequest
from .._core.use_cases.finalize import Finalized, FinalizeRequest, check_finalize, finalize
from .options import CLEANUP_OPTIONS, CONNECTION_OPTIONS, CONNECTION_REQUIRED_TOGETHER, ONE_AT_A_TIME_OPTIONS, cleanup_of
from .run import ModuleResult, Options, run_module


def finalize_module(**options: t.Mapping[str, t.Any]) -> AnsibleModule:
    """The module, with these options besides those that it shares with others."""
    return AnsibleModule(
        argument_spec={**CONNECTION_OPTIONS, **ONE_AT_A_TIME_OPTIONS, **CLEANUP_OPTIONS, **options},
        required_together=[*CONNECTION_REQUIRED_TOGETHER],
        supports_check_mode=True,
    )


def run_finalize_module(module: AnsibleModule) -> None:
    """Drop what the options name on the engine that they name, and end the module with what came of it."""

    def run(options: Options, secrets: Secrets) -> ModuleResult:
        secrets.learn_names(options["name"])
        engine = open_engine(options, options["lock_timeout"], secrets)
        request = FinalizeRequest(ContainerRequest(options["name"]), options["rollout"] or "", cleanup_of(options))
        done = (check_finalize if module.check_mode else finalize)(engine.context, engine.lock, request)
        diff = {"diff": _diff(done)} if module._diff else {}  # noqa: SLF001 - it is how modules are told.
        return ModuleResult({**_report(done), **diff}, done.warnings)

    run_module(module, run, {"msg": "Which archives are left is not known. Run the task again.", "changed": True})


def _report(done: Finalized) -> ReturnValues:
    return {
        "changed": bool(done.dropped or done.images_removed),
        "container": {"id": done.container_id, "name": done.container_name},
        "dropped": list(done.dropped),
        "images_removed": list(done.images_removed),
    }


def _diff(done: Finalized) -> ReturnValues:
    header = f"archives of {done.container_name}"
    return {"before": "".join(f"{name}\n" for name in done.dropped), "after": "", "before_header": header, "after_header": header}
