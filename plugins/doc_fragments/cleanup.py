# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that may remove an archive."""

    DOCUMENTATION = r"""
options:
  cleanup:
    description:
      - What to remove besides the old container, once the new one has proved itself. Nothing here can make the task fail; what could not be
        removed is in RV(warnings).
    type: dict
    default: {}
    suboptions:
      remove_replaced:
        description:
          - Remove the image that the old container ran. It stays when another container or another tag uses it.
        type: bool
        default: false
      prune_dangling:
        description:
          - Remove every image on this engine that has neither a tag nor a container, not only those of this container.
        type: bool
        default: false
"""
