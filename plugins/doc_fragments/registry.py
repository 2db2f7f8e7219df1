# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that contacts a registry."""

    DOCUMENTATION = r"""
options:
  registry_username:
    description:
      - Username for the registry. Requires O(registry_password).
      - By default, the credentials come from the Docker client configuration on the target, including credential helpers. This is the file
        C(config.json) in C(~/.docker) of the user that runs the task, or in the directory E(DOCKER_CONFIG).
    type: str
  registry_password:
    description:
      - Password or access token for O(registry_username).
    type: str
  registry:
    description:
      - The registry that O(registry_username) and O(registry_password) belong to, in the form used in image references, such as
        V(registry.example.com:5000) or V(docker.io). The credentials are not sent to any other registry.
      - By default, the credentials are sent to the registry of the image. Set this option in a loop over containers that use several
        registries.
    type: str
"""
