# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an image could not be had, or a registry not be asked, by name."""

from __future__ import annotations

import enum


class PullProblem(enum.Enum):
    """The kinds of reasons that call for different remedies."""

    NOT_FOUND = "not_found"
    AUTHENTICATION = "authentication"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    NO_PLATFORM = "no_platform"
    BROKEN_LAYER = "broken_layer"
    DISK_FULL = "disk_full"
    TIMEOUT = "timeout"
    FORBIDDEN = "forbidden"
    OTHER = "other"
