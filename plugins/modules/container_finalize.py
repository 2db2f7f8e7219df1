#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_finalize
short_description: Drop the archives of a container that has proved itself
version_added: 0.1.0
description:
  - Removes the containers that M(evenkeel.fleet.container_recreate) and M(evenkeel.fleet.container_rollback) kept as archives of a
    container, and cleans up after them as asked. From then on M(evenkeel.fleet.container_rollback) has nothing to go back to.
  - Only what is remembered as an archive is removed, by its ID, and only while it has its archive's name and does not run. A container that
    merely looks like an archive is never touched. One that somebody has renamed or started stays, with a warning, and is forgotten.
  - When the container does not run, is unhealthy or is still starting, the task fails and the archives stay, since you may need them.
  - Volumes are never removed.
extends_documentation_fragment:
  - evenkeel.fleet.one_at_a_time
  - evenkeel.fleet.cleanup
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - It cannot foresee which images nothing else uses, so RV(images_removed) is empty then.
  diff_mode:
    support: full
    details:
      - Shows the names of the archives that are dropped.
  idempotent:
    support: full
  action_group: {}
options:
  rollout:
    description:
      - Drop only the archives that were kept with this O(evenkeel.fleet.container_recreate#module:rollout), or with one whose name sorts
        before it, such as an earlier date. Without it, all of them.
    type: str
notes:
  - When an earlier run on the container was interrupted, the task fails and the archives stay. Bring it to its end first, by running
    M(evenkeel.fleet.container_recreate) or M(evenkeel.fleet.container_rollback).
  - When this module is killed half-way, run it again.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Updates the container, and keeps the archive.
  - module: evenkeel.fleet.container_rollback
    description: Goes back to the archive.
"""

EXAMPLES = r"""
- name: Update, and keep the old container
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    keep_archive: true

- name: See for yourself that all is well
  ansible.builtin.uri:
    url: http://127.0.0.1:8080/

- name: Then drop the old container and its image
  evenkeel.fleet.container_finalize:
    name: web
    cleanup:
      remove_replaced: true
"""

RETURN = r"""
diff:
  description: The names of the archives that are dropped, one a line.
  returned: in diff mode, when successful
  type: dict
changed:
  description: Whether an archive or an image was removed, or an archive would be in check mode.
  returned: always
  type: bool
container:
  description: The container whose archives they were.
  returned: success
  type: dict
  contains:
    id:
      description: Its full ID.
      type: str
    name:
      description: Its name.
      type: str
dropped:
  description: The names of the archives that were removed.
  returned: success
  type: list
  elements: str
  sample: [web-old-1789000000]
images_removed:
  description: The IDs of the images that were removed with O(cleanup.remove_replaced).
  returned: success
  type: list
  elements: str
msg:
  description: What went wrong, what was left as it was, and what to do.
  returned: failure
  type: str
error_class:
  description:
    - The kind of error. V(finalize_failed) when an archive that should have gone is still there, V(refused) when the archives were left
      for a reason, V(busy) when another run on the container did not end in time.
  returned: failure
  type: str
  sample: refused
failed_step:
  description: The step that failed, V(null) when it was none.
  returned: failure
  type: str
  sample: finalize
warnings:
  description: Archives that stay since they are none any more, and what could not be cleaned up.
  returned: when there is something to warn of
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._module.finalize import finalize_module, run_finalize_module


def main():
    run_finalize_module(finalize_module(rollout=dict(type="str")))


if __name__ == "__main__":
    main()
