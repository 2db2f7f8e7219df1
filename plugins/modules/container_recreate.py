#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_recreate
short_description: Update a running container to a newer image and roll back on failure
version_added: 0.1.0
description:
  - Pulls an image. If the container does not run this image yet, replaces the container with a new one that has the same name and all
    settings made by its operator.
  - The old container is stopped and renamed. This is the I(archive). It is kept until the new container has passed the health gate. A
    container with a health check must become healthy. A container without one must stay up for a while.
  - If the new container cannot be created or started, crashes, or does not become healthy in time, it is removed. The archive gets its
    name back and is started again. It is the same container as before the update. The task then fails with the reason and the last lines of
    the log of the new container.
  - Settings made by the operator are kept exactly. Defaults of the old image (environment, command, labels, health check and more) are
    replaced by the defaults of the new image.
  - Before the module stops the old container, it checks everything that it can, above all that the image can be pulled.
extends_documentation_fragment:
  - evenkeel.fleet.one_at_a_time
  - evenkeel.fleet.cycle
  - evenkeel.fleet.cleanup
  - evenkeel.fleet.recreation
  - evenkeel.fleet.fail_on
  - evenkeel.fleet.registry
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - The engine queries the registry. Nothing is pulled, and the module makes no call to the engine that changes anything.
      - Check mode cannot predict whether the new container will pass the health gate. RV(doubt) lists all other uncertainties.
  diff_mode:
    support: full
    details:
      - Values of environment variables are never shown.
      - In check mode, changes to the image's defaults are shown only if the new image is already on the host.
  idempotent:
    support: partial
    details:
      - With O(force=true), the container is recreated on every run.
      - With O(pull=always), the container is recreated if its tag was moved in the registry since the last run.
  action_group: {}
options:
  keep_archive:
    description:
      - After a successful update, keep the old container, stopped, as an archive. RV(archive) returns its name. O(cleanup) is not done in
        this case, because the archive needs its image.
      - M(evenkeel.fleet.container_rollback) restores the archive, and M(evenkeel.fleet.container_finalize) removes it. Until then, the
        archive keeps its volumes and its image in use.
      - Do not start the archive while the new container exists.
      - The archive has no restart policy, which prevents the engine from starting it next to the new container.
      - C(docker compose up) removes the archive, because it treats the archive as a surplus container of the service.
    type: bool
    default: false
  rollout:
    description:
      - A name for the rollout that this update belongs to, such as a time or a build number. It is recorded with the archive that
        O(keep_archive) keeps. M(evenkeel.fleet.container_update_info) returns it, and thus shows which containers a rollout has already
        updated.
    type: str
  hooks:
    description:
      - Commands to run inside the container, as the container's user and with its environment. RV(hooks) returns their results.
      - A string is run by C(/bin/sh -c). A list of strings, which starts with the program, is run directly and needs no shell in the
        container.
      - Everyone who can read the playbook or its output can read these commands. Reference secrets as variables of the container, for
        example C("$DB_PASSWORD").
      - Hooks run only when the container is replaced, and only if it is running.
    type: dict
    default: {}
    suboptions:
      pre_update:
        description:
          - Command to run in the old container after all checks have passed, immediately before the container is stopped.
          - If the command fails or exceeds its timeout, the container is not stopped and the task fails.
          - Files that the command writes are lost with the old container unless they are in a volume.
          - If the task is killed while the command runs, the container keeps running. The next run starts the update again, and may run
            the command a second time.
        type: raw
      post_update:
        description:
          - Command to run in the new container after the container has passed the health gate. It does not run after a rollback.
          - If the command fails or exceeds its timeout, the module returns a warning and the update remains in place.
          - If the task is killed while the command runs, the next run finishes the update without running the command again.
        type: raw
      timeout:
        description:
          - How long each command may take, in seconds. The engine cannot stop a command in a container. After the timeout, the module
            stops waiting, but the command may keep running.
        type: float
        default: 60
notes:
  - Values of environment variables, credentials and headers are masked in everything that the engine, a registry or a program says, such as
    errors and logs. Names, IDs and image references are not masked, even if they contain such a value.
  - The new container mounts the anonymous volumes of the old one by name. The engine then no longer treats them as anonymous, and
    C(docker rm --volumes) does not remove them.
  - The module refuses some containers before it changes anything. These are containers that were started with C(--rm), are paused, belong
    to Docker Swarm, Kubernetes or another orchestrator, or were created by C(docker compose run). It also refuses the container that the
    task itself runs in, and the one through which the task reaches the engine.
  - The module also refuses images for another platform, containers whose network no longer exists, containers that need another
    container that is missing or stopped, and containers with a name of more than 222 characters.
  - The engine contacts the registries with its own mirrors, certificates, proxies and insecure registries. Only the credentials come from
    O(registry_username) and O(registry_password), or from the Docker client configuration on the target.
  - A stopped container is recreated and remains stopped. There is no health gate in this case.
  - Dependents are containers that use the network, pid or ipc namespace of this container, or link to it. They are recreated from the exact
    image that they run. After a rollback, they are restarted instead. RV(dependents) lists them.
  - If Docker Compose created dependents, the module lets Compose on this host read the files of their project (C(docker compose config)).
    It computes the labels by which C(docker compose up) finds them up to date. If that is not possible, a warning says which containers
    the next C(docker compose up) recreates.
  - After a rollback, the image is recorded as rejected, and its tag on this host points to the old image again. Later runs skip this image
    until there is a newer one. The image is not rejected if it did not cause the failure, for example if another process was using a port
    of the container.
  - To try a rejected image again, set O(force) or remove the volume C(evenkeel-rejected.<container name>).
  - If this module is killed or the host goes down, run the same task again from any machine. It finishes or undoes the interrupted update
    before it does its own work. The record of a running update is stored in the engine, in the label of the empty volume
    C(evenkeel-lock.<container name>).
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_rollback
    description: Restores the container that O(keep_archive) kept.
  - module: community.docker.docker_container
    description: Defines containers. Use it to create the containers that this module updates.
"""

EXAMPLES = r"""
- name: Update a container to the image that its tag points to now
  evenkeel.fleet.container_recreate:
    name: web

- name: Update a container to another image
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine

- name: Update a container to the exact image that was tested, and keep following the tag
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    image_digest: "{{ tested_digest }}"

- name: Update from a registry that requires credentials
  evenkeel.fleet.container_recreate:
    name: web
    image: registry.example.com/shop/web:2
    registry_username: "{{ registry_username }}"
    registry_password: "{{ registry_password }}"

- name: Allow a slow start, then require 5 healthy seconds
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    health_timeout: 300
    min_healthy_time: 5

- name: Show what would change, without changing it
  evenkeel.fleet.container_recreate:
    name: web
  check_mode: true
  diff: true
  register: prediction

- name: Update a container and remove the old image
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    cleanup:
      remove_replaced: true

- name: Update several containers in this order, with a common engine timeout
  module_defaults:
    group/evenkeel.fleet.docker:
      timeout: 120
  block:
    - name: Update the containers
      evenkeel.fleet.container_recreate:
        name: "{{ item }}"
        grace_period: 5
      loop:
        - cache
        - web

- name: Update only while the container is idle, and warm up the new one
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    hooks:
      pre_update: test ! -e /tmp/busy
      post_update: [wget, -q, -O, /dev/null, "127.0.0.1:8080"]
      timeout: 300

- name: Send a message when an update fails
  block:
    - name: Update the container
      evenkeel.fleet.container_recreate:
        name: web
        image: nginx:1.29-alpine
      register: update
  rescue:
    - name: Report what happened
      ansible.builtin.debug:
        msg: "{{ update.msg }}"

    - name: Fail again, because a rescued failure counts as a success
      ansible.builtin.fail:
        msg: "{{ update.msg }}"
"""

RETURN = r"""
changed:
  description:
    - Whether the container was replaced.
    - Also V(true) after a rollback, and after a failure in which the container was stopped and started again.
    - Also V(true) if the task first finished or undid an interrupted run, regardless of the outcome.
    - In check mode, whether a run would change anything.
  returned: always
  type: bool
outcome:
  description:
    - V(recreated), V(unchanged) or V(rolled_back). The task fails if the outcome is V(rolled_back).
    - V(skipped) if the container was deliberately left unchanged, although there may be a different image. RV(skip_reason) and RV(msg) give
      the reason.
    - V(recovered) if the task only had to finish or undo an interrupted run.
    - In check mode, the predicted outcome, or V(unknown) if it cannot be predicted. RV(doubt) gives the reason. With V(unknown),
      RV(changed) is V(false) unless there is an interrupted run to finish or undo.
    - Not returned if the task failed before the step V(create). The container was not replaced in this case, and RV(msg) describes its
      state.
  returned: unless the task failed before the step V(create)
  type: str
  sample: recreated
msg:
  description:
    - What happened, the state of the container now, and what to do next.
    - After a rollback, it also has the last words of the failed container, which are its exit code, the output of its last health check and
      its last log lines. RV(rollback.failure) has more of them.
  returned: always
  type: str
next_step:
  description: What to do next. RV(msg) ends with it, unless it ends with more precise advice.
  returned: always
  type: str
  sample: There is nothing to do.
skip_reason:
  description:
    - V(rejected) if the container was rolled back from this image before. RV(rejected) has the details.
    - V(too_young) if O(min_image_age) excluded the image. V(excluded) if O(respect_labels) excluded the container.
  returned: when RV(outcome) is V(skipped)
  type: str
  sample: rejected
failed_step:
  description:
    - The step that failed, which is V(lock), V(journal), V(recover), V(inspect), V(pull), V(preflight), V(pre_update), V(update), V(stop),
      V(rename) or V(verify). V(null) if the failure belongs to no step, such as an invalid option.
    - V(journal) is access to the records in the engine, and V(verify) the look at the new container before the archive is removed.
      RV(steps[].name) explains the others.
  returned: failure without RV(outcome)
  type: str
  sample: pull
error_class:
  description:
    - The kind of failure, for use in conditions.
    - If the image could not be pulled, RV(failed_step) is V(pull) and this is one of V(not_found), V(authentication), V(rate_limited),
      V(unreachable) (including server errors of the registry), V(tls), V(no_platform) (no image for the platform of this host),
      V(broken_layer), V(disk_full), V(timeout), V(forbidden) (a proxy in front of the engine rejects pulls), V(engine_lost) (the connection
      to the engine was lost) and V(other).
    - After a rollback, this is the same as RV(rollback.reason).
    - V(lost_after_update) if RV(outcome) is V(recreated), but the new container stopped serving before the task ended. RV(msg) says why.
    - V(image_rejected) because of O(fail_on_rejected), and V(outcome_unknown) because of O(fail_on_unknown).
    - In all other cases, this is the name of the error, such as V(invalid_input), V(engine_unavailable), V(inspect_failed), V(refused) or
      V(busy).
    - Not returned if Ansible rejects an option or if the Docker SDK for Python is missing.
  returned: failure
  type: str
  sample: rate_limited
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
  description: The name of the archive, if it still exists. Otherwise V(null).
  returned: when RV(outcome) is returned
  type: str
  sample: web-old-1790000000
image:
  description: The old image and the requested image. After a rollback, the container runs the old one.
  returned: when RV(outcome) is returned
  type: dict
  contains:
    old:
      description: The image that the container ran before.
      type: dict
      contains: &image
        reference:
          description: The image reference as written by the operator.
          type: str
          sample: nginx:1.29-alpine
        id:
          description: The engine's ID of the image. V(null) in check mode if the image is not on this host yet.
          type: str
        digest:
          description: The digest of the image in its registry. V(null) if the image did not come from a registry.
          type: str
    new:
      description: The image that the requested reference points to now.
      type: dict
      contains: *image
rollback:
  description: What was rolled back and why. V(null) if there was no rollback.
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
      description: The image reference that was restored.
      type: str
    new_image_ref:
      description: The image reference that failed.
      type: str
    restored_from:
      description: The name of the archive that the old container was restored from.
      type: str
    failure:
      description: The state of the new container when it failed, recorded before it was removed.
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
  description: Whether restoring the old container also failed. RV(msg) has the commands for a manual recovery.
  returned: when RV(outcome) is returned
  type: bool
steps:
  description:
    - The steps of the run in the order in which they ended. Empty in check mode.
    - If something else changes the container meanwhile, the run repeats V(lock), V(inspect), V(pull) and V(preflight).
  returned: when RV(outcome) is returned
  type: list
  elements: dict
  sample: [{name: lock, seconds: 0.004}, {name: inspect, seconds: 0.006}]
  contains: &steps
    name:
      description:
        - V(lock) waits for other runs on the container. It includes V(recover), which finishes an interrupted run if its new container
          passes the health gate. Otherwise, the steps from V(discard) to V(dependents) undo that run.
        - V(inspect) reads the container, V(pull) gets the image, and V(preflight) checks whether the update is safe.
        - V(pre_update) runs the hook, V(update) disables the restart policy of the old container, V(stop) stops it, and V(rename) gives
          it the name of the archive.
        - V(create) creates the new container, V(start) starts it, and V(health_gate) waits until it has passed or failed the health gate.
        - V(complete) recreates the dependents, and V(post_update) runs the hook. If the new container still serves under its name,
          V(cleanup) removes the archive and images.
        - After a failure, V(evidence) saves the state and the log of the new container, V(discard) removes it, V(restore) gives the old
          container its name and restart policy back and starts it, V(check) verifies its health, and V(dependents) restarts its
          dependents.
      type: str
      sample: health_gate
    seconds:
      description: The duration of the step.
      type: float
      sample: 3.217
interrupted_run:
  description:
    - How an earlier run on this container ended, if it was interrupted and this run finished or undid it first. Otherwise V(null).
    - If the requested image is skipped because that earlier run tried it, the task fails. RV(error_class) is then
      RV(interrupted_run.rollback.reason), or V(image_rejected) if the earlier run had judged it already.
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
    - The time from stopping the old container to starting the new one. After a rollback, the time until the old one was started again.
    - V(null) if no container was stopped or none was started.
  returned: when RV(outcome) is returned
  type: float
  sample: 0.47
dependents:
  description:
    - The containers that depend on this one and were recreated or restarted, or need attention.
    - In check mode, the containers that a run would recreate.
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
lost_files:
  description:
    - The files that were added, changed or deleted in the old container after its creation. The new container does not have them, or has
      the deleted ones again if they are in its image. Empty after a rollback.
    - A path in a dependent is preceded by the name of the dependent and a colon.
  returned: when RV(outcome) is returned
  type: list
  elements: str
  sample: [/etc/nginx/conf.d/local.conf]
rejected:
  description: The earlier rollback because of which the image was skipped. V(null) if the image was not skipped because of a rollback.
  returned: when RV(outcome) is returned
  type: dict
  contains:
    reference:
      description: The image reference that the container was rolled back from.
      type: str
    image_id:
      description: The engine's ID of that image.
      type: str
    digest:
      description: The digest of that image. V(null) if it is unknown.
      type: str
    reason:
      description: Why the container was rolled back.
      type: str
      sample: "crashed: web exited with code 1"
    since:
      description: When the container was rolled back, as a Unix time in seconds.
      type: int
hooks:
  description: The results of the commands in O(hooks).
  returned: when RV(outcome) is returned, or when the task failed after O(hooks.pre_update) was run
  type: dict
  contains:
    pre_update:
      description: The result of the command in the old container. V(null) if the command was not run or could not be run.
      type: dict
      contains: &hook
        exit_code:
          description: The exit code of the command. V(null) if the command exceeded its timeout.
          type: int
        output:
          description: The last 4000 characters that the command wrote to standard output and standard error. Values of environment
            variables are masked.
          type: str
        seconds:
          description: The duration of the command.
          type: float
        timed_out:
          description: Whether the command exceeded its timeout. It may still be running in this case.
          type: bool
    post_update:
      description: The result of the command in the new container. V(null) if the command was not run or could not be run.
      type: dict
      contains: *hook
doubt:
  description:
    - In check mode, why the actual outcome may differ from the prediction, or why there is no prediction. V(null) if the prediction is
      certain, and outside check mode.
    - In most cases, the registry has an image, or an index of images for several platforms, with a digest that is unknown on this host. It
      may still be the image that the container already runs. RV(changed) is V(true) in this case.
  returned: when RV(outcome) is returned
  type: str
diff:
  description:
    - The differences between the old and the new container. Both sides are empty if the container was not replaced in the end.
    - They consist of the image and the settings that change because the new image has other defaults. These settings are the command, entry
      point, user, working directory, stop signal, labels, health check, exposed ports, volumes and environment variables.
  returned: in diff mode, when RV(outcome) is returned
  type: dict
  contains:
    before:
      description: C(image), as in RV(image), and the old settings.
      type: dict
    after:
      description: C(image), as in RV(image), and the new settings. Contains C(image_defaults) instead of the settings if they are unknown
        before the pull.
      type: dict
    before_header:
      description: The container.
      type: str
      sample: container web
    after_header:
      description: The container.
      type: str
      sample: container web
warnings:
  description: Cleanup failures, and results that differ from what was requested.
  returned: when there are warnings
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.bootstrap import open_engine
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report, diff_report, fail_on
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import (
    CLEANUP,
    CONNECTION,
    CYCLE,
    FAIL_ON,
    RECREATION,
    REGISTRY,
    ArgumentSpec,
    cleanup_of,
    health_of,
    request_of,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import ModuleResult, run_module


def recreate(options, check_mode, secrets):
    secrets.learn_names(options["name"], options["image"])
    engine = open_engine(options, options["lock_timeout"], secrets)
    request, health, hooks = request_of(options), health_of(options), Hooks.from_options(**options["hooks"])
    if check_mode:
        from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_recreate import check_recreate

        result = check_recreate(engine.context, engine.lock, request)
    else:
        result = recreate_with_health(
            engine.context,
            engine.lock,
            request,
            health,
            cleanup_of(options),
            keep_archive=options["keep_archive"],
            hooks=hooks,
            rollout=options["rollout"] or "",
        )
    report = fail_on(cycle_report(result, predicted=check_mode), rejected=options["fail_on_rejected"], unknown=options["fail_on_unknown"])
    return ModuleResult(report, result.warnings, diff_report(result))


def main():
    hooks = dict(pre_update=dict(type="raw"), post_update=dict(type="raw"), timeout=dict(type="float", default=Hooks().timeout))
    own = ArgumentSpec(
        dict(keep_archive=dict(type="bool", default=False), rollout=dict(type="str"), hooks=dict(type="dict", default={}, options=hooks))
    )
    next_step = "Run the task again: it finishes or undoes the interrupted update."
    on_unexpected_error = {"msg": "The state of the container is unknown.", "next_step": next_step, "changed": True}
    run_module(CONNECTION.merge(REGISTRY, CYCLE, RECREATION, FAIL_ON, CLEANUP, own), recreate, on_unexpected_error)


if __name__ == "__main__":
    main()
