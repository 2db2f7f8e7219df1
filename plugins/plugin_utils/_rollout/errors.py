# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with what the user asked for."""

from __future__ import annotations


class InvalidRollout(Exception):
    """The message says what is wrong, and what would be right."""
