# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module that has the registry options treats them."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import AnsibleModule

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
