#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_rollback
short_description: Put the container back that was there before an update
version_added: 0.1.0
description:
  - Stops the container that runs now and puts the one back that M(evenkeel.fleet.container_recreate) kept as an archive
    (O(evenkeel.fleet.container_recreate#module:keep_archive)). It is the very same container as before the update, with its own ID, volumes
    and addresses.
  - The container that comes back has to pass the same health gate as a new one. If it does not, it becomes an archive again, and the one
    that ran is started again. The task then fails.
  - If nobody has the name any more, the archive gets it and is started.
  - The image that was gone back from is remembered as rejected, so that the next run of M(evenkeel.fleet.container_recreate) does not bring
    it back, and its tag on this host means the image that runs again.
  - With nothing to go back to, the task fails and nothing is touched. Containers that merely look like an archive are never used.
extends_documentation_fragment:
  - evenkeel.fleet.one_at_a_time
  - evenkeel.fleet.cycle
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - It cannot foresee whether the container that comes back passes the health gate.
  diff_mode:
    support: partial
    details:
      - Shows the image only.
  idempotent:
    support: none
    details:
      - Each run goes back one container further, and fails when there is none.
  action_group: {}
options:
  keep_archive:
    description:
      - Keep the container that ran until now, stopped, under the name in RV(archive), so that this module can bring that one back in turn.
    type: bool
    default: false
notes:
  - Values of environment variables, credentials and headers are masked in whatever is returned as free text, such as messages and logs.
  - It goes back to the newest archive that is left, also when there were updates without one since.
  - What the newer version wrote into the volumes stays there.
  - Files in the container that lie in no volume are lost with the container that ran, unless it is kept with O(keep_archive).
  - When this module is killed half-way, run it again. It first brings to its end what the interrupted run left.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Updates the container, and keeps the archive.
"""

EXAMPLES = r"""
- name: Update, and keep the old container
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    keep_archive: true

- name: Go back to it, because something turned out to be wrong after all
  evenkeel.fleet.container_rollback:
    name: web

- name: Go back, and keep the newer one for a look at it
  evenkeel.fleet.container_rollback:
    name: web
    keep_archive: true
"""

RETURN = r"""
diff:
  description: The images before and after. Both sides are empty when nothing was replaced in the end.
  returned: in diff mode, when RV(outcome) is
  type: dict
changed:
  description: Whether anything was stopped or started. Also V(true) when what an interrupted run left was brought to its end first.
  returned: always
  type: bool
outcome:
  description:
    - V(restored) when the archive is back in its place, or V(rolled_back) when it failed and the container that ran before runs again,
      in which case the task has failed.
    - V(recovered) when an interrupted run of this module was brought to its end, and that was all there was to do.
    - In check mode, what a run is expected to end with, or V(unknown) when it cannot be told. RV(doubt) says why.
    - Absent when the task failed before anything was replaced. RV(msg) says how things are.
  returned: unless the task failed before anything was replaced
  type: str
  sample: restored
image:
  description: The image that ran before this task, and the one of the container that came back.
  returned: when RV(outcome) is
  type: dict
  contains:
    old:
      description: The image of the container that ran.
      type: dict
      contains: &image
        reference:
          description: The image reference, as it was written.
          type: str
        id:
          description: The engine's ID of the image.
          type: str
        digest:
          description: The digest that the registry knows the image by, V(null) when it never came from there.
          type: str
    new:
      description: The image of the container that was there before it.
      type: dict
      contains: *image
msg:
  description: What went wrong, how the container is now, and what to do.
  returned: failure
  type: str
error_class:
  description:
    - What kind of failure it is, as a word to decide by. When the container that was put back failed too, the same as RV(rollback.reason);
      otherwise the name of the error, for example V(nothing_to_go_back_to), V(refused) or V(busy).
  returned: failure
  type: str
  sample: refused
failed_step:
  description: The step at which the task failed, when it failed before there was a new container.
  returned: failure without RV(outcome)
  type: str
  sample: preflight
container:
  description: The container to deal with now. Normally the one that has the name; RV(rollback_failed) tells when that is not so.
  returned: when RV(outcome) is
  type: dict
  contains:
    id:
      description: Its full ID.
      type: str
    name:
      description: Its name.
      type: str
archive:
  description: The name of the old container, if it is still there under another name than its own. Otherwise V(null).
  returned: when RV(outcome) is
  type: str
  sample: web-old-1790000000
rollback:
  description: Why the archive was put away again, V(null) when it was not.
  returned: when RV(outcome) is
  type: dict
  contains:
    container:
      description: The name of the container.
      type: str
    reason:
      description: One of V(health_timeout), V(crashed), V(create_failed), V(start_failed).
      type: str
    old_image_ref:
      description: The image reference that runs again, that of the newer container.
      type: str
    new_image_ref:
      description: The image reference that failed.
      type: str
    restored_from:
      description: The archive that the newer container was for a while.
      type: str
    failure:
      description: What was found in the new container that came back, before it was put away again.
      type: dict
      contains:
        exit_code:
          description: The exit code of its process, V(null) when there was no container.
          type: int
        oom_killed:
          description: Whether the kernel killed it for lack of memory.
          type: bool
        error:
          description: The engine's error, or in its absence what the health gate saw.
          type: str
        health_log:
          description: The last runs of its health check, oldest first, each with C(start), C(end), C(exit_code) and C(output).
          type: list
          elements: dict
        logs:
          description: The last 20 lines of its log.
          type: list
          elements: str
rollback_failed:
  description: Whether the old container could not be brought back either. RV(msg) has the commands that do it by hand.
  returned: when RV(outcome) is
  type: bool
steps:
  description: The steps that were taken, in their order, with the time that each took.
  returned: when RV(outcome) is
  type: list
  elements: dict
  contains:
    name:
      description: The step.
      type: str
    seconds:
      description: Its wall time.
      type: float
downtime_seconds:
  description:
    - The time from stopping the old container until the new one, or the old one again, was started.
    - V(null) when nothing was stopped, or nothing came up.
  returned: when RV(outcome) is
  type: float
  sample: 0.47
dependents:
  description: The containers that depend on this one, as far as something was done for them.
  returned: when RV(outcome) is
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: The full ID of the container that has the name now.
      type: str
    repair:
      description:
        - V(recreated) with the same image, V(restarted), or V(needs_attention) when it could not be given back what it needs.
      type: str
    problem:
      description: What is wrong, empty when nothing is.
      type: str
lost_files:
  description: Always empty here. It is what M(evenkeel.fleet.container_recreate) returns under this name.
  returned: when RV(outcome) is
  type: list
  elements: str
rejected:
  description: Always V(null) here. It is what M(evenkeel.fleet.container_recreate) returns under this name.
  returned: when RV(outcome) is
  type: dict
hooks:
  description: Both V(null) here, since this module has no hooks. It is what M(evenkeel.fleet.container_recreate) returns under this name.
  returned: when RV(outcome) is
  type: dict
doubt:
  description: In check mode, why the answer may turn out to be another one, or why there is none. Otherwise V(null).
  returned: when RV(outcome) is
  type: str
warnings:
  description: What could not be cleaned up.
  returned: when there is something to warn of
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.cycle import cycle_module, run_cycle_module
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import health_of


def request_of(options):
    return ContainerRequest(options["name"], options["stop_timeout"])


def put_previous_back(engine, options):
    return rollback_to_archive(engine.context, engine.lock, request_of(options), health_of(options), keep_archive=options["keep_archive"])


def check(engine, options):
    from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_mode import check_rollback

    health_of(options)
    return check_rollback(engine.context, engine.lock, request_of(options))


def main():
    module = cycle_module(keep_archive=dict(type="bool", default=False))
    run_cycle_module(module, put_previous_back, check)


if __name__ == "__main__":
    main()
