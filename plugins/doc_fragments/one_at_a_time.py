# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that has a container to itself while it is at work."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - The container, by its exact name or its full ID.
    type: str
    required: true
  lock_timeout:
    description:
      - How long to wait, in seconds, while another run of this collection is at work on the same container.
    type: float
    default: 300
"""
