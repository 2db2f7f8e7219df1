# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module: do its work, then return its result or an error without any secrets."""

from __future__ import annotations

import gc
import traceback
import typing as t

from ansible.module_utils.basic import missing_required_lib

from .._adapters.sdk import IMPORT_ERROR
from .._core.cycle.report import error_report
from .._core.engine.errors import FleetError
from .._core.engine.model import ReturnValues
from .._core.masking import Secrets, masked
from .options import ArgumentSpec, Options


class ModuleResult(t.NamedTuple):
    """The result of a module. The task fails if `report` has a true value for `failed`. `diff` is returned in diff mode only."""

    report: ReturnValues
    warnings: t.Sequence[str] = ()
    diff: ReturnValues | None = None


Work = t.Callable[[Options, bool, Secrets], ModuleResult]
"""Do what the options ask for, or predict it if the second argument, check mode, is true. Add all secrets and names to `Secrets`."""


def run_module(spec: ArgumentSpec, work: Work, on_unexpected_error: ReturnValues) -> None:
    """Create the module from its spec, do the `work`, and exit with the result.

    `on_unexpected_error` is returned if `work` raises anything but a `FleetError`. Its `msg` describes the state in this case.
    """
    module = spec.create_module()
    # Exclude all objects created so far from garbage collection, which would take a twelfth of the time of an idle task.
    if hasattr(gc, "freeze"):  # PyPy does not have it.
        gc.freeze()
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("docker (Docker SDK for Python)"), exception=IMPORT_ERROR)
    secrets = Secrets()
    try:
        result = work(dict(module.params), module.check_mode, secrets)
    except FleetError as error:
        result = ModuleResult({**error_report(error), "failed": True})
    except Exception as error:  # noqa: BLE001 - Ansible would print the traceback unmasked.
        result = ModuleResult(_unexpected_error_report(error, on_unexpected_error))
    # Exit outside the except blocks: Ansible would add the traceback of the handled exception, and of its causes, unmasked.
    for warning in result.warnings:
        module.warn(secrets.mask(warning))
    diff = {"diff": result.diff} if result.diff is not None and module._diff else {}  # noqa: SLF001 - Ansible has no public name for it.
    report = masked({**result.report, **diff}, secrets.mask)
    if report.pop("failed", False):
        module.fail_json(**report)
    module.exit_json(**report)


def _unexpected_error_report(error: Exception, report: ReturnValues) -> ReturnValues:
    return {
        "failed_step": None,
        "error_class": "unexpected_error",
        "exception": traceback.format_exc(),
        **report,
        "failed": True,
        "msg": f"Unexpected error in evenkeel.fleet ({type(error).__name__}: {error}); please report it. {report['msg']}",
    }
