#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_rollback
short_description: Restore the container from before an update
version_added: 0.1.0
description:
  - Stops the running container and restores the archive that M(evenkeel.fleet.container_recreate) kept with
    O(evenkeel.fleet.container_recreate#module:keep_archive). The restored container is the same one as before the update, with its own ID,
    volumes and addresses.
  - The restored container must pass the same health gate as a new one. If it fails, it becomes an archive again, the container that ran
    before the task is started again, and the task fails.
  - If no container has the name any more, the archive gets the name and is started.
  - The image of the replaced container is recorded as rejected, unless O(reject) is V(false). Later runs of
    M(evenkeel.fleet.container_recreate) skip this image. Its tag on this host points to the image of the restored container again.
  - If there is no archive, the task fails and nothing is changed. Containers that merely look like an archive are never used.
extends_documentation_fragment:
  - evenkeel.fleet.one_at_a_time
  - evenkeel.fleet.cycle
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - Check mode cannot predict whether the restored container will pass the health gate.
  diff_mode:
    support: partial
    details:
      - Shows only the image.
  idempotent:
    support: none
    details:
      - Each run restores the next older archive, and fails if there is none.
  action_group: {}
options:
  keep_archive:
    description:
      - Keep the replaced container, stopped, as an archive. RV(archive) returns its name. Another run of this module restores it.
    type: bool
    default: false
  reject:
    description:
      - Record the image of the replaced container as rejected, so that later runs of M(evenkeel.fleet.container_recreate) skip it.
      - Set this to V(false) if the image is not the reason to go back, for example because another host failed. The next update then
        tries it again.
    type: bool
    default: true
notes:
  - Values of environment variables, credentials and headers are masked in everything that the engine or a program says, such as errors
    and logs.
  - The module restores the newest archive that still exists, even if there were later updates that kept no archive.
  - Data that the newer version wrote to volumes is not reverted.
  - Files of the replaced container that are not in a volume are lost, unless O(keep_archive) keeps that container.
  - If this module is killed, run the task again. It finishes or undoes the interrupted run first.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Updates the container and keeps the archive.
"""

EXAMPLES = r"""
- name: Update the container and keep the old one
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    keep_archive: true

- name: Restore the old container after a problem was found
  evenkeel.fleet.container_rollback:
    name: web

- name: Restore the old container because another host failed
  evenkeel.fleet.container_rollback:
    name: web
    reject: false

- name: Restore the old container and keep the newer one for inspection
  evenkeel.fleet.container_rollback:
    name: web
    keep_archive: true
"""

RETURN = r"""
diff:
  description: The images before and after. Both sides are empty if no container was replaced in the end.
  returned: in diff mode, when RV(outcome) is returned
  type: dict
changed:
  description:
    - Whether any container was stopped or started. Also V(true) if the task first finished or undid an interrupted run.
    - In check mode, whether a run would change anything.
  returned: always
  type: bool
outcome:
  description:
    - V(restored) if the archive was restored. V(rolled_back) if the restored container failed and the container that ran before the task
      runs again. The task fails in this case.
    - V(recovered) if the task only had to finish or undo an interrupted run of this module.
    - In check mode, the predicted outcome, or V(unknown) if it cannot be predicted. RV(doubt) gives the reason.
    - Not returned if the task failed before any container was replaced. RV(msg) describes the state in this case.
  returned: unless the task failed before any container was replaced
  type: str
  sample: restored
image:
  description: The image of the container that ran before this task and the image of the restored container.
  returned: when RV(outcome) is returned
  type: dict
  contains:
    old:
      description: The image of the container that ran before this task.
      type: dict
      contains: &image
        reference:
          description: The image reference as written by the operator.
          type: str
          sample: nginx:1.29-alpine
        id:
          description: The engine's ID of the image.
          type: str
        digest:
          description: The digest of the image in its registry. V(null) if the image did not come from a registry.
          type: str
    new:
      description: The image of the restored container.
      type: dict
      contains: *image
msg:
  description:
    - What happened, the state of the container now, and what to do next.
    - If the restored container failed, it also has its last words, which are its exit code, the output of its last health check and its
      last log lines. RV(rollback.failure) has more of them.
  returned: always
  type: str
next_step:
  description: What to do next. RV(msg) ends with it, unless it ends with more precise advice.
  returned: always
  type: str
  sample: There is nothing to do.
error_class:
  description:
    - The kind of failure, for use in conditions. If the restored container failed, this is the same as RV(rollback.reason). It is
      V(lost_after_update) if that container stopped serving after it had passed the health gate.
    - In all other cases, this is the name of the error, such as V(no_archive), V(refused) or V(busy).
  returned: failure
  type: str
  sample: refused
failed_step:
  description:
    - The step that failed, which is V(lock), V(journal), V(recover), V(inspect), V(preflight), V(update), V(stop), V(rename), V(verify)
      or V(restore).
      V(null) if the failure belongs to no step, such as an invalid option. V(journal) is access to the records in the engine.
      V(verify) is the last look at the restored container before the replaced one is removed. RV(steps[].name) explains the others.
  returned: failure without RV(outcome)
  type: str
  sample: preflight
container:
  description:
    - The container that has the requested name after the task.
    - If RV(rollback_failed) is V(true), this is the container that needs attention, which may have a different name.
  returned: when RV(outcome) is returned
  type: dict
  contains:
    id:
      description: Its full ID.
      type: str
    name:
      description: Its name.
      type: str
      sample: web
archive:
  description:
    - The name of the container that was replaced, if it still exists as an archive. After a rollback, the name of the archive that could
      not be restored. Otherwise V(null).
  returned: when RV(outcome) is returned
  type: str
  sample: web-old-1790000000
rollback:
  description: Why the archive could not be restored. V(null) if it was restored.
  returned: when RV(outcome) is returned
  type: dict
  contains: &rollback
    container:
      description: The name of the container.
      type: str
    reason:
      description: One of V(health_timeout), V(crashed), V(create_failed), V(start_failed), V(interfered) (something else stopped, paused,
        renamed or removed the container, so its image is not rejected).
      type: str
      sample: crashed
    old_image_ref:
      description: The image reference of the newer container, which runs again.
      type: str
    new_image_ref:
      description: The image reference that failed.
      type: str
    restored_from:
      description: The archive name that the newer container had temporarily.
      type: str
    failure:
      description: The state of the restored container when it failed, recorded before it became an archive again.
      type: dict
      contains:
        exit_code:
          description:
            - The exit code of the process that failed, also if the restart policy has started another one since.
            - V(null) if no process has ended, for example because the container became unhealthy, or if the exit code could not be read.
          type: int
        oom_killed:
          description: Whether the kernel killed it because it ran out of memory.
          type: bool
        error:
          description: The error that the engine reported. If there is none, the finding of the health gate.
          type: str
          sample: web exited with code 1
        health_log:
          description: The last runs of its health check, oldest first, each with C(start), C(end), C(exit_code) and C(output).
          type: list
          elements: dict
        logs:
          description: The last 20 lines of its log.
          type: list
          elements: str
rollback_failed:
  description: Whether restarting the newer container also failed. RV(msg) has the commands for a manual recovery.
  returned: when RV(outcome) is returned
  type: bool
steps:
  description:
    - The steps of the run in the order in which they ended. Empty in check mode.
    - If something else changes the container meanwhile, the run repeats V(lock), V(inspect) and V(preflight).
  returned: when RV(outcome) is returned
  type: list
  elements: dict
  sample: [{name: lock, seconds: 0.004}, {name: inspect, seconds: 0.006}]
  contains: &steps
    name:
      description:
        - V(lock) waits for other runs on the container. It includes V(recover), which finishes an interrupted run if its new container
          passes the health gate. Otherwise, the steps from V(discard) to V(dependents) undo that run.
        - V(inspect) reads the container and the archive, and V(preflight) checks whether the change is safe.
        - V(update) disables the restart policy of the running container, V(stop) stops it, and V(rename) gives it the name of an archive.
        - V(return) gives the old archive its name and restart policy back, V(start) starts it, and V(health_gate) waits until it has passed
          or failed the health gate.
        - V(complete) recreates the dependents. If the restored container still serves under its name, V(cleanup) removes the replaced one.
        - After a failure, V(evidence) saves the state and the log of the restored container, V(discard) makes it an archive again,
          V(restore) gives the newer container its name and restart policy back and starts it, V(check) verifies its health, and
          V(dependents) restarts its dependents.
        - If no container has the name, only V(lock), V(restore) and V(check) run, with the archive in place of the newer container.
      type: str
      sample: health_gate
    seconds:
      description: The duration of the step.
      type: float
      sample: 3.217
interrupted_run:
  description:
    - How an earlier run on this container ended, if it was interrupted and this run finished or undid it first. Otherwise V(null).
  returned: when RV(outcome) is returned
  type: dict
  contains:
    outcome:
      description:
        - V(recreated) or V(restored) if its container passed the health gate and stayed, V(rolled_back) if that container failed, and
          V(undone) if the old container was put back because the new one had not been started.
      type: str
      sample: rolled_back
    rollback:
      description: What was rolled back and why. V(null) if nothing failed.
      type: dict
      contains: *rollback
    steps:
      description: The steps with which this run finished or undid the earlier one.
      type: list
      elements: dict
      contains: *steps
    downtime_seconds:
      description: Always V(null), because nobody measured how long the container was down.
      type: float
downtime_seconds:
  description:
    - The time from stopping the running container to starting the restored one. After a rollback, the time until the container that ran
      before was started again.
    - V(null) if no container was stopped or none was started.
  returned: when RV(outcome) is returned
  type: float
  sample: 0.47
dependents:
  description: The containers that depend on this one and were recreated or restarted, or need attention.
  returned: when RV(outcome) is returned
  type: list
  elements: dict
  contains:
    name:
      description: The name of the dependent.
      type: str
    id:
      description: The full ID of the container that has this name after the task.
      type: str
    repair:
      description:
        - V(recreated) with the same image, V(restarted), or V(needs_attention) if the repair failed.
      type: str
      sample: recreated
    problem:
      description: What is wrong with the dependent. Empty if nothing is.
      type: str
doubt:
  description: In check mode, why the actual outcome may differ from the prediction, or why there is no prediction. Otherwise V(null).
  returned: when RV(outcome) is returned
  type: str
warnings:
  description: Cleanup failures, and dependents that need attention.
  returned: when there are warnings
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.bootstrap import open_engine
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import diff_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import (
    check_rollback,
    rollback_report,
    rollback_to_archive,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION, CYCLE, ArgumentSpec, health_of
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import ModuleResult, run_module


def rollback(options, check_mode, secrets):
    secrets.learn_names(options["name"])
    engine = open_engine(options, options["lock_timeout"], secrets)
    request, health = ContainerRequest(options["name"], options["stop_timeout"]), health_of(options)
    if check_mode:
        result = check_rollback(engine.context, engine.lock, request)
    else:
        result = rollback_to_archive(
            engine.context, engine.lock, request, health, keep_archive=options["keep_archive"], rejects=options["reject"]
        )
    return ModuleResult(rollback_report(result, predicted=check_mode), result.warnings, diff_report(result))


def main():
    own = ArgumentSpec(dict(keep_archive=dict(type="bool", default=False), reject=dict(type="bool", default=True)))
    next_step = "Run the task again: it finishes or undoes the interrupted rollback."
    on_unexpected_error = {"msg": "The state of the container is unknown.", "next_step": next_step, "changed": True}
    run_module(CONNECTION.merge(CYCLE, own), rollback, on_unexpected_error)


if __name__ == "__main__":
    main()
