# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How durations are written, in every module."""

    DOCUMENTATION = r"""
options: {}
notes:
  - A duration is a number of seconds, or numbers with units, such as V(90), V(1.5), V(2m), V(1h30m) or V(7d). The units are V(ms), V(s),
    V(m), V(h), V(d) and V(w). The option O(timeout) of the connection takes only a number of seconds.
"""
