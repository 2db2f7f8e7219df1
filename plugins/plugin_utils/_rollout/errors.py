# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error for an invalid option."""

from __future__ import annotations


class InvalidRollout(Exception):
    """An option of the role is invalid. The message says why, and what to set instead."""
