# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that asks a registry for something."""

    DOCUMENTATION = r"""
options:
  registry_username:
    description:
      - The user to be to the registry. Needs O(registry_password).
      - Without it, the engine shows the registry what the client configuration of the user that the task runs as on the target has for
        it (C(~/.docker/config.json), or where E(DOCKER_CONFIG) points), credential helpers included.
    type: str
  registry_password:
    description:
      - The password, or the access token, of O(registry_username).
    type: str
  registry:
    description:
      - The registry that O(registry_username) and O(registry_password) are for, as it stands in image references, such as
        V(registry.example.com:5000) or V(docker.io). To any other, nothing of them is shown.
      - Without it, they are shown to the registry of the image, whichever that is. Name it in a loop over containers of several registries.
    type: str
"""
