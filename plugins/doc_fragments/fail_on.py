# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that turn a warning about something that is not in place into a failure."""

    DOCUMENTATION = r"""
options:
  fail_on_rejected:
    description:
      - Fail if the image is skipped because the container was rolled back from it. By default, each run warns about this. Nothing is
        changed in either case.
      - Set O(evenkeel.fleet.container_recreate#module:force) to try the image again.
    type: bool
    default: false
  fail_on_unknown:
    description:
      - Fail if it cannot be determined whether an update would change a container, for example because a registry does not answer or a
        socket proxy blocks a required call. By default, this is a warning. Nothing is changed in either case.
      - In M(evenkeel.fleet.container_recreate), this has an effect only in check mode, because a run that cannot get the image always
        fails.
    type: bool
    default: false
"""
