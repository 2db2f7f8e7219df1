# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module: do its work, then return its result or an error.

Neither contains a secret: what engines, registries and programs say is masked where it enters. See `masking.py`.
"""

from __future__ import annotations

import gc
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import remove_values

from .._adapters.sdk import IMPORT_ERROR
from .._core.cycle.report import error_report
from .._core.engine.errors import FleetError
from .._core.engine.model import ReturnValues
from .._core.masking import Secrets
from .options import ArgumentSpec, Options, with_seconds


class ModuleResult(t.NamedTuple):
    """The result of a module. The task fails if `report` has a true value for `failed`. `diff` is returned in diff mode only."""

    report: ReturnValues
    warnings: t.Sequence[str] = ()
    diff: ReturnValues | None = None


Work = t.Callable[[Options, bool, Secrets], ModuleResult]
"""Do what the options ask for, or predict it if the second argument, check mode, is true. Add all secrets and names to `Secrets`."""


def run_module(spec: ArgumentSpec, work: Work, on_unexpected_error: ReturnValues) -> None:
    """Create the module from its spec, do the `work`, and exit with the result.

    `on_unexpected_error` is returned if `work` raises anything but a `FleetError`. Its `msg` describes the state in this case, its
    `next_step` says what to do.
    """
    module = spec.create_module()
    # Exclude all objects created so far from garbage collection, which would take a twelfth of the time of an idle task.
    if hasattr(gc, "freeze"):  # PyPy does not have it.
        gc.freeze()
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("docker (Docker SDK for Python)"), exception=IMPORT_ERROR)
    secrets = Secrets()
    try:
        result = work(with_seconds(module.params), module.check_mode, secrets)
    except FleetError as error:
        result = ModuleResult({**error_report(error), "failed": True})
    except Exception as error:  # noqa: BLE001 - Ansible would print the traceback unmasked.
        result = ModuleResult(_unexpected_error_report(error, on_unexpected_error, secrets.mask))
    # Exit outside the except blocks: Ansible would add the traceback of the handled exception, and of its causes, unmasked.
    for warning in result.warnings:
        module.warn(warning)
    report = {**result.report, "invocation": _invocation_of(module)}
    if result.diff is not None and module._diff:  # noqa: SLF001 - Ansible has no public name for it.
        report["diff"] = _masked_diff(result.diff, secrets)
    if report.pop("failed", False):
        module.fail_json(**report)
    module.exit_json(**report)


def _invocation_of(module: AnsibleModule) -> ReturnValues:
    """Return the options of the task without the values of secret options, and keep Ansible from masking these in the rest of the result.

    The rest has no secrets, because everything that it quotes is masked already. But a password may be a word in our sentences.
    """
    invocation: ReturnValues = remove_values({"module_args": module.params}, module.no_log_values)
    module.no_log_values.clear()
    return invocation


def _masked_diff(diff: ReturnValues, secrets: Secrets) -> ReturnValues:
    from .._core.plan.diff import PLACEHOLDERS  # Only a task with a diff needs it.

    return {**diff, **{side: secrets.mask_values(diff[side], PLACEHOLDERS) for side in ("before", "after")}}


def _unexpected_error_report(error: Exception, report: ReturnValues, mask: t.Callable[[str], str]) -> ReturnValues:
    what = f"Unexpected error in evenkeel.fleet ({type(error).__name__}: {mask(str(error))}); please report it."
    return {
        "failed_step": None,
        "error_class": "unexpected_error",
        "exception": mask(traceback.format_exc()),
        **report,
        "failed": True,
        "msg": f"{what} {report['msg']} {report['next_step']}",
    }
