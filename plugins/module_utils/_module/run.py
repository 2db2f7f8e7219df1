# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How every module ends: with its report or with an error, and with no secret in either."""

from __future__ import annotations

import gc
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._adapters.sdk import IMPORT_ERROR
from .._core.cycle.report import error_report
from .._core.engine.errors import FleetError
from .._core.engine.model import ReturnValues
from .._core.masking import Secrets, masked

Options = t.Mapping[str, t.Any]


class ModuleResult(t.NamedTuple):
    """What to return, which is a failure where it says `failed`, and what to warn of."""

    report: ReturnValues
    warnings: t.Sequence[str] = ()


def run_module(module: AnsibleModule, work: t.Callable[[Options, Secrets], ModuleResult], on_unexpected_error: ReturnValues) -> None:
    """Do the `work`, and end the module with what came of it. The `Secrets` are for the work to learn.

    `on_unexpected_error` is what to return besides when something is raised that should not be: `msg` says how things are then.
    """
    # What is there by now stays to the end. To look through it for garbage, also when Python ends, was a twelfth of an idle task.
    if hasattr(gc, "freeze"):  # PyPy has none.
        gc.freeze()
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("docker (Docker SDK for Python)"), exception=IMPORT_ERROR)
    secrets = Secrets()
    try:
        ending = work(take_options(module), secrets)
    except FleetError as error:
        ending = ModuleResult({**error_report(error), "failed": True})
    except Exception as error:  # noqa: BLE001 - Ansible would print it as it is.
        ending = ModuleResult(_bug_report(error, on_unexpected_error))
    # Not where an error is handled: Ansible would add it as it is, with all that it came from.
    for warning in ending.warnings:
        module.warn(secrets.mask(warning))
    report = masked(ending.report, secrets.mask)
    if report.pop("failed", False):
        module.fail_json(**report)
    module.exit_json(**report)


def _bug_report(error: Exception, report: ReturnValues) -> ReturnValues:
    return {
        "failed_step": None,
        "error_class": "bug",
        "exception": traceback.format_exc(),
        **report,
        "failed": True,
        "msg": f"This is a bug of the collection ({type(error).__name__}: {error}). {report['msg']}",
    }


_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def take_options(module: AnsibleModule) -> dict[str, t.Any]:
    """The options of a module, which from then on says nothing of the user name that it was given.

    Left to Ansible, every `acme` in the result would be masked for a user `acme`, also that of the image `acme/shop`.
    """
    options = dict(module.params)
    username = options.get("registry_username")
    if username and username != options["registry_password"]:
        module.params["registry_username"] = _HIDDEN
        module.no_log_values.discard(username)
    return options
