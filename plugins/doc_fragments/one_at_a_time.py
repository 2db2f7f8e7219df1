# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that locks its container while it runs."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - The exact name or the full ID of the container.
    type: str
    required: true
  lock_timeout:
    description:
      - How long to wait while another run of this collection works on the same container, or on a container that shares
        namespaces or volumes with it or is linked to it. The task fails if that run takes longer.
    type: raw
    default: 300
"""
