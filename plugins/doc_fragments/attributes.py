# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Describe each attribute once for all modules."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and predict the changes without making them.
  diff_mode:
    description: Returns details of what changed, or would change in check mode, when running in diff mode.
  idempotent:
    description: Makes no further changes when run a second time with the same options.
  action_group:
    description: Uses the defaults set for C(group/evenkeel.fleet.docker) in C(module_defaults).
    support: full
    membership:
      - evenkeel.fleet.docker
"""
