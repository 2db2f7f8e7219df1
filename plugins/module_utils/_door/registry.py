# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say who to be to a registry, and how a module that has them treats them."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

REGISTRY_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "registry_username": {"type": "str", "no_log": True},
    "registry_password": {"type": "str", "no_log": True},
    "registry": {"type": "str"},
}
"""Described in the documentation fragment C(registry)."""

REGISTRY_REQUIRED_TOGETHER = [("registry_username", "registry_password")]

_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def take_options(module: AnsibleModule) -> t.Dict[str, t.Any]:
    """The options of a module, which from then on says nothing of the user name that it was given.

    Left to Ansible, every C(acme) in the result would be masked for a user C(acme), also that of the image C(acme/shop).
    """
    options = dict(module.params)
    username = options.get("registry_username")
    if username and username != options["registry_password"]:
        module.params["registry_username"] = _HIDDEN
        module.no_log_values.discard(username)
    return options
