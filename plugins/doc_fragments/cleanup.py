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
      - What to remove in addition to the archive, once the archive is no longer needed.
      - A cleanup failure never fails the task. It is reported in RV(warnings).
    type: dict
    default: {}
    suboptions:
      remove_replaced:
        description:
          - Remove the image of the archived container, unless another container or another tag uses it.
        type: bool
        default: false
      prune_dangling:
        description:
          - Remove every dangling image on this engine. These are all images without a tag that no container uses, including images that
            never belonged to this container.
        type: bool
        default: false
"""
