# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the attributes mean, said once."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change, without changing it.
  diff_mode:
    description: Tells in diff mode what has changed, or would change.
  idempotent:
    description: Changes nothing when it is run a second time with the same arguments.
  action_group:
    description: Takes the defaults set for C(group/evenkeel.fleet.docker) in C(module_defaults).
    support: full
    membership:
      - evenkeel.fleet.docker
"""
