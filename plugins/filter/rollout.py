# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the decisions of the role rolling_update available to its task files."""

from __future__ import annotations

import os
import typing as t

from ansible import context
from ansible.errors import AnsibleFilterError

try:
    from ansible.module_utils.secrets import mask_secrets
except ImportError:  # It is new in ansible-core 2.22. Older versions take the values of no_log options out of every result.
    mask_secrets = None

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import DURATIONS, parse_duration
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import mask_credentials
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout import host_record
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.digests import choose, digest_for
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.errors import InvalidRollout
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.failure import why
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.final_record import failure_message, final_of
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.gate import judge, unconfirmed, waves_of
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.report import files_of, report_of
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.settings import containers_of
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.validate import hosts_of, problem_with
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.verdict import verdict_on
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.window import is_within

DOCUMENTATION = r"""
name: rollout
short_description: Make a decision of the role rolling_update
version_added: 0.1.0
description:
  - Makes a decision of the role P(evenkeel.fleet.rolling_update#role). Each decision is a pure function.
  - This filter is internal to the role. Its decisions may change without notice.
options:
  _input:
    description:
      - The data to decide on.
    type: raw
    required: true
  decision:
    description:
      - The name of the decision. All further arguments are passed to it.
    type: str
    required: true
positional: decision
author:
  - evenkeel contributors (@evenkeel)
"""

EXAMPLES = r"""
- name: Show whether 23:30 is inside a maintenance window
  ansible.builtin.debug:
    msg: "{{ '23:30' | evenkeel.fleet.rollout('window', '22:00-06:00') }}"
"""

RETURN = r"""
_value:
  description:
    - The result of the decision.
  type: raw
"""


def _record(record: host_record.HostRecord, step: str, *arguments: t.Any, **options: t.Any) -> host_record.HostRecord:
    return _STEPS[step](record, *arguments, **options)


def _path(path: str) -> str:
    """Resolve a path against the directory in which ansible-playbook was started. The playbook itself may be part of a collection."""
    return os.path.abspath(os.path.expanduser(path))


def _problem(settings: t.Mapping[str, t.Any], names: t.Iterable[str] = (), valid_names: t.Collection[str] = ()) -> str:
    return problem_with(settings, lambda file: os.path.isfile(_path(file)), _check_duration, names, valid_names)


def _check_duration(option: str, value: t.Any) -> None:
    try:
        if option in DURATIONS:
            parse_duration(option, value)
    except InvalidInput as error:
        raise InvalidRollout(str(error)) from error


def _seconds(value: t.Any) -> float:
    """Return the seconds of `rolling_update_pause`."""
    _check_duration("rolling_update_pause", value)
    return parse_duration("rolling_update_pause", value)


def _hosts(pattern: t.Any, *arguments: t.Any) -> t.Any:
    """Return the pattern. Refuse one without hosts, unless the playbook is only checked or listed: that needs no inventory."""
    runs = not any(map(context.CLIARGS.get, ("syntax", "listtasks", "listtags")))
    return hosts_of(pattern, *arguments) if runs else pattern


def _masked(value: t.Any) -> t.Any:
    """Mask the credentials in URLs and every secret that Ansible knows, in each string of `value`. Other tasks may have returned them."""
    if isinstance(value, str):
        return mask_credentials(mask_secrets(value) if mask_secrets else value)
    if isinstance(value, t.Mapping):
        return {key: _masked(element) for key, element in value.items()}
    return [_masked(element) for element in value] if isinstance(value, (list, tuple)) else value


def _report(*arguments: t.Any, **options: t.Any) -> t.Any:
    return _masked(report_of(*arguments, **options))


_STEPS: t.Mapping[str, t.Callable[..., host_record.HostRecord]] = {
    "begun": host_record.begun,
    "ended": host_record.ended,
    "updated": host_record.updated,
    "failed": host_record.failed,
    "held_back": host_record.held_back,
    "taken_back": host_record.taken_back,
    "gone_back": host_record.gone_back,
    "left_behind": host_record.left_behind,
    "finalized": host_record.finalized,
}

_DECISIONS: t.Mapping[str, t.Callable[..., t.Any]] = {
    "choose": choose,
    "containers": containers_of,
    "digest": digest_for,
    "files": files_of,
    "failure_message": lambda final, files=(): _masked(failure_message(final, files)),
    "final": final_of,
    "hosts": _hosts,
    "is_complete": host_record.is_complete,
    "is_in_doubt": host_record.is_in_doubt,
    "is_to_do": host_record.is_to_do,
    "judge": judge,
    "masked": _masked,
    "path": _path,
    "planned": host_record.planned,
    "problem": _problem,
    "reached": host_record.reached,
    "record": _record,
    "report": _report,
    "seconds": _seconds,
    "to_drop": host_record.to_drop,
    "to_go_back": host_record.to_go_back,
    "unconfirmed": unconfirmed,
    "verdict": verdict_on,
    "waves": waves_of,
    "why": why,
    "window": is_within,
}


def decide(value: t.Any, decision: str, *arguments: t.Any, **options: t.Any) -> t.Any:
    """Make the named decision. Raise AnsibleFilterError if an option of the role is invalid."""
    try:
        return _DECISIONS[decision](value, *arguments, **options)
    except InvalidRollout as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The entry point that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"rollout": decide}
