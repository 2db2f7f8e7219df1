#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_finalize
short_description: Remove the archives of a container
version_added: 0.1.0
description:
  - Removes the archives of a container, and cleans up as requested. The archives are the old containers that
    M(evenkeel.fleet.container_recreate) and M(evenkeel.fleet.container_rollback) kept. Afterwards, M(evenkeel.fleet.container_rollback) can
    no longer restore them.
  - Removes only containers that this collection has recorded as archives. Each one is identified by its ID, and must be stopped and still
    have its archive name. Containers that merely look like archives are never changed.
  - If an archive was renamed or started, the module keeps that container, returns a warning and deletes its record of it.
  - If the container is stopped, unhealthy or still starting, the task fails and the archives are kept, because you may need them. The
    archives are removed anyway if they were already stopped when they were replaced.
  - Volumes are never removed.
extends_documentation_fragment:
  - evenkeel.fleet.one_at_a_time
  - evenkeel.fleet.cleanup
  - evenkeel.fleet.durations
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - Check mode cannot predict which images will be unused, and therefore returns an empty RV(images_removed).
  diff_mode:
    support: full
    details:
      - Shows the names of the archives that are removed.
  idempotent:
    support: full
  action_group: {}
options:
  rollout:
    description:
      - Remove only archives that were kept with this O(evenkeel.fleet.container_recreate#module:rollout), or with one whose name sorts
        before it, such as an earlier date. Archives that were kept without a rollout name are not removed.
      - By default, all archives of the container are removed.
    type: str
notes:
  - If an earlier run on the container was interrupted, the task fails and the archives are kept. Run
    M(evenkeel.fleet.container_recreate) or M(evenkeel.fleet.container_rollback) first to finish or undo the interrupted run.
  - If this module is killed, run the task again.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Updates the container and keeps the archive.
  - module: evenkeel.fleet.container_rollback
    description: Restores the archive.
"""

EXAMPLES = r"""
- name: Update the container and keep the old one
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    keep_archive: true

- name: Test the service
  ansible.builtin.uri:
    url: http://127.0.0.1:8080/

- name: Remove the old container and its image
  evenkeel.fleet.container_finalize:
    name: web
    cleanup:
      remove_replaced: true
"""

RETURN = r"""
diff:
  description: The names of the removed archives, one per line.
  returned: in diff mode, when successful
  type: dict
changed:
  description: Whether an archive or an image was removed. In check mode, whether an archive would be removed.
  returned: always
  type: bool
container:
  description: The container that the archives belong to.
  returned: success
  type: dict
  contains:
    id:
      description: Its full ID.
      type: str
    name:
      description: Its name.
      type: str
      sample: web
dropped:
  description: The names of the removed archives. In check mode, the names of the archives that would be removed.
  returned: success
  type: list
  elements: str
  sample: [web-old-1789000000]
images_removed:
  description: The IDs of the images that were removed because of O(cleanup.remove_replaced).
  returned: success
  type: list
  elements: str
msg:
  description: What happened, how things are now, and what to do next.
  returned: always
  type: str
next_step:
  description: What to do next. RV(msg) ends with it, unless it ends with more precise advice.
  returned: always
  type: str
  sample: There is nothing to do.
error_class:
  description:
    - The kind of error. V(finalize_failed) means that an archive could not be removed. V(refused) means that the archives were kept for a
      safety reason. V(busy) means that another run on the container did not end in time. Other values are the same as in
      M(evenkeel.fleet.container_recreate).
  returned: failure
  type: str
  sample: refused
failed_step:
  description:
    - The step that failed, which is V(lock), V(journal), V(inspect), V(preflight) or V(finalize). V(null) if the failure belongs to no
      step, such as an invalid option.
  returned: failure
  type: str
  sample: finalize
warnings:
  description: Archives that were kept because they were renamed or started, and cleanup failures.
  returned: when there are warnings
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.bootstrap import open_engine
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.finalize import (
    FinalizeRequest,
    check_finalize,
    finalize,
    finalize_diff,
    finalize_report,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import (
    CLEANUP,
    CONNECTION,
    ONE_AT_A_TIME,
    ArgumentSpec,
    cleanup_of,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import ModuleResult, run_module


def drop_archives(options, check_mode, secrets):
    secrets.learn_names(options["name"])
    engine = open_engine(options, options["lock_timeout"], secrets)
    request = FinalizeRequest(ContainerRequest(options["name"]), options["rollout"] or "", cleanup_of(options))
    done = check_finalize(engine.context, engine.lock, request) if check_mode else finalize(engine.context, engine.lock, request)
    return ModuleResult(finalize_report(done, predicted=check_mode), done.warnings, finalize_diff(done))


def main():
    own = ArgumentSpec(dict(rollout=dict(type="str")))
    on_unexpected_error = {"msg": "It is unknown which archives are left.", "next_step": "Run the task again.", "changed": True}
    run_module(CONNECTION.merge(ONE_AT_A_TIME, CLEANUP, own), drop_archives, on_unexpected_error)


if __name__ == "__main__":
    main()
