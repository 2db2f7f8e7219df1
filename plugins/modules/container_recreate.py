#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_recreate
short_description: Replace a running container with a newer image, or leave the old one running
version_added: 0.1.0
description:
  - Pulls an image and, when it is another one than the container runs, replaces the container with a new one of the same name and with
    everything that its operator asked for.
  - The old container is stopped and renamed (the I(archive)), never removed, until the new one has proved itself. A container with a
    health check has to report healthy; one without has to stay up for a while.
  - When the new container cannot be created or started, crashes, or does not become healthy in time, it is removed, and the old one is
    started again under its own name, as the very same container. The task then fails and says why, with the last lines of the log.
  - What the operator set on the container is kept to the letter. What came from the old image's defaults (environment, command, labels,
    health check and so on) follows the new image.
  - Everything that can be known beforehand is checked before the old container is stopped, above all that the image can be pulled.
extends_documentation_fragment:
  - evenkeel.fleet.one_at_a_time
  - evenkeel.fleet.cycle
  - evenkeel.fleet.cleanup
  - evenkeel.fleet.recreation
  - evenkeel.fleet.registry
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - The registry is asked, through the engine. Nothing is pulled, and the engine gets no call that changes anything.
      - It cannot foresee whether the new container passes the health gate. RV(doubt) tells what else it is not certain of.
  diff_mode:
    support: full
    details:
      - Values of environment variables are never shown.
      - In check mode, what the new image's defaults change is known only when the image is on the host already.
  idempotent:
    support: partial
    details:
      - With O(force=true) the container is recreated every time.
      - With O(pull=always) a tag that was moved in the registry in between is a new image.
  action_group: {}
options:
  keep_archive:
    description:
      - Keep the old container after a success, stopped, under the name in RV(archive). O(cleanup) is not done then, since the archive
        needs its image.
      - Start the old one only after the new one was removed. Until it is removed, the archive holds on to its volumes and its image.
      - Its restart policy is taken from it, so that the engine does not start it beside the new one.
      - For C(docker compose) it is one container too many of its service, so C(docker compose up) removes it.
      - M(evenkeel.fleet.container_rollback) goes back to it.
    type: bool
    default: false
  rollout:
    description:
      - A name for the rollout that this update is a part of, such as a time or the number of a build. It is remembered with the archive
        that O(keep_archive) keeps, and M(evenkeel.fleet.container_update_info) tells it, so that whoever goes on with a rollout finds out
        which containers it has reached.
    type: str
  hooks:
    description:
      - Commands that are run in the container, as the user that it runs as, with its environment. RV(hooks) has what came of them.
      - A string is run by C(/bin/sh -c). A list of strings is run as it is, the program first, and needs no shell in the container.
      - What is written here can be seen by whoever sees the playbook or its output. Let the shell in the container put secrets in, as in
        C("$DB_PASSWORD").
      - Hooks are run only when the container is replaced, and only in one that runs, not in one that is stopped.
    type: dict
    default: {}
    suboptions:
      pre_update:
        description:
          - Run in the old container, after everything else was decided and right before it is stopped.
          - When it fails or does not end in time, nothing is stopped, and the task fails.
          - A file that it leaves has to be in a volume to be there afterwards.
          - When the task is killed meanwhile, the container goes on running, and the next run begins anew. So it may be run twice.
        type: raw
      post_update:
        description:
          - Run in the new container once that has passed the health gate. It is not run when the old container had to come back.
          - When it fails or does not end in time, that is a warning, and the update stands.
          - When the task is killed meanwhile, the next run brings the update to its end without running it again.
        type: raw
      timeout:
        description:
          - How long each of them may take, in seconds. The engine has no way to end a command, so one that takes longer may go on running
            in the container, but is no longer waited for.
        type: float
        default: 60
notes:
  - Values of environment variables, credentials and headers are masked in whatever is returned as free text, such as messages and logs.
    Names, IDs and image references are not, also where they have such a value in them.
  - An anonymous volume is carried over by its name, so the engine no longer counts it as anonymous afterwards. C(docker rm --volumes)
    leaves it where it is.
  - Refused before anything is touched are containers that were started with C(--rm) or are paused, tasks of Docker Swarm, Kubernetes and
    the like, one-off containers of compose, the container that this task runs in, images for another platform, and containers whose
    network is gone, or the container in whose namespace they live.
  - Registries are asked by the engine, with its own mirrors, certificates, proxies and insecure registries. Only the credentials come from
    O(registry_username) and O(registry_password), or from the client configuration on the target.
  - A container that is stopped is recreated and stays stopped. There is nothing to wait for then.
  - Containers that use the network, pid or ipc namespace of this one, or link to it, are created anew from the exact image that they run,
    or started anew after a rollback. RV(dependents) tells.
  - After a rollback the image is remembered as rejected, and its tag on this host means the old image again. The next run skips that
    image until there is a newer one. Not so when it was not the image's fault, such as a port that somebody else had taken. Forget it
    with O(force), or by removing the volume C(evenkeel-rejected.) and the container's name.
  - When this module is killed half-way, or the machine goes down, run the same task again, from any machine. It first brings to its end
    what the interrupted run left, then does its own work. What a run is about to do lies in the engine meanwhile, in the label of an
    empty volume named C(evenkeel-lock.) and the container's name.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_rollback
    description: Goes back to the container that O(keep_archive) has kept.
  - module: community.docker.docker_container
    description: Defines containers. Use it to create what this module keeps up to date.
"""

EXAMPLES = r"""
- name: Move a container to what its tag means now
  evenkeel.fleet.container_recreate:
    name: web

- name: Move a container to another image
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine

- name: Move a container to exactly the image that was tested, and let it go on following its tag
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    image_digest: "{{ tested_digest }}"

- name: Update from a registry that wants credentials
  evenkeel.fleet.container_recreate:
    name: web
    image: registry.example.com/shop/web:2
    registry_username: "{{ registry_username }}"
    registry_password: "{{ registry_password }}"

- name: Be patient with a slow starter, and strict once it is up
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    health_timeout: 300
    min_healthy_time: 5

- name: See what would change, without changing it
  evenkeel.fleet.container_recreate:
    name: web
  check_mode: true
  diff: true
  register: foretold

- name: Leave nothing of the old version behind
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    cleanup:
      remove_replaced: true

- name: Update several containers of one host, in this order, with the same patience
  module_defaults:
    group/evenkeel.fleet.docker:
      timeout: 120
  block:
    - name: Update them
      evenkeel.fleet.container_recreate:
        name: "{{ item }}"
        grace_period: 5
      loop:
        - cache
        - web

- name: Leave it alone while it is busy, and warm the new one up
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    hooks:
      pre_update: test ! -e /tmp/busy
      post_update: [wget, -q, -O, /dev/null, "127.0.0.1:8080"]
      timeout: 300

- name: Send somebody a word when a container was rolled back
  block:
    - name: Update the container
      evenkeel.fleet.container_recreate:
        name: web
        image: nginx:1.29-alpine
      register: update
  rescue:
    - name: Say what happened
      ansible.builtin.debug:
        msg: "{{ update.msg }}"

    - name: A rescued failure counts as a success, so fail again
      ansible.builtin.fail:
        msg: "{{ update.msg }}"
"""

RETURN = r"""
changed:
  description:
    - Whether the container was replaced.
    - Also V(true) after a rollback, and after a stop that went wrong, when the container was stopped and started again.
    - Also V(true), however it ended, when what an interrupted run left was brought to its end first.
    - In check mode, whether a run would change anything.
  returned: always
  type: bool
outcome:
  description:
    - How it ended. V(recreated), V(unchanged), or V(rolled_back), in which case the task has failed.
    - V(skipped) when the container was left as it is although there may be another image. RV(skip_reason) and RV(msg) tell why.
    - V(recovered) when an earlier run had been interrupted, and to bring that to its end was all there was to do.
    - In check mode, what a run is expected to end with, or V(unknown) when it cannot be told. RV(doubt) says why, and RV(changed) is
      V(false) then, unless there is an interrupted run to bring to its end.
    - Absent when the task failed before a new container could be created. Nothing was replaced then, and RV(msg) says how the container is.
  returned: unless the task failed before a new container could be created
  type: str
  sample: recreated
msg:
  description: What went wrong, how the container is now, and what to do.
  returned: failure, or when RV(outcome) is V(skipped)
  type: str
skip_reason:
  description:
    - V(rejected) when the container was rolled back from this very image before. RV(rejected) has more.
    - V(too_young) when O(min_image_age) held the image back, V(excluded) when the label on the container did (O(respect_labels)).
  returned: when RV(outcome) is V(skipped)
  type: str
failed_step:
  description: The step at which the task failed, when it failed before there was a new container.
  returned: failure without RV(outcome)
  type: str
  sample: pull
error_class:
  description:
    - What kind of failure it is, as a word to decide by.
    - When the image could not be had, RV(failed_step) is V(pull) and this is one of V(not_found), V(authentication), V(rate_limited),
      V(unreachable) (also a registry that answers with a server error), V(tls), V(no_platform) (no image for the platform of this host),
      V(broken_layer), V(disk_full), V(timeout), V(forbidden) (a proxy before the engine lets no pull through), V(engine_lost)
      (the connection to the engine broke) and V(other).
    - After a rollback it is the same as RV(rollback.reason).
    - Otherwise it is the name of the error, for example V(invalid_input), V(engine_unavailable), V(inspect_failed), V(refused) or V(busy).
    - Not there when it is Ansible that refuses an option, before the module begins.
  returned: failure
  type: str
  sample: rate_limited
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
image:
  description: The image before and the image asked for. After a rollback the container runs the old one.
  returned: when RV(outcome) is
  type: dict
  contains:
    old:
      description: The image that the container ran before.
      type: dict
      contains: &image
        reference:
          description: The image reference, as it was written.
          type: str
        id:
          description: The engine's ID of the image. V(null) in check mode when it is not on this host yet.
          type: str
        digest:
          description: The digest that the registry knows the image by, V(null) when it never came from there.
          type: str
    new:
      description: The image that the reference means now.
      type: dict
      contains: *image
rollback:
  description: What was rolled back and why, V(null) when nothing was.
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
      description: The image reference that runs again.
      type: str
    new_image_ref:
      description: The image reference that failed.
      type: str
    restored_from:
      description: The archive that the old container was brought back from.
      type: str
    failure:
      description: What was found in the new container before it was removed.
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
  description: The steps that were taken, in their order, with the time that each took. Empty in check mode.
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
  description:
    - The containers that depend on this one, as far as something was done for them.
    - In check mode, those for which a run would do something.
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
  description:
    - The files that were put into the old container, or changed in it, after it was created. The new one does not have them.
    - Those of a container that depends on it have its name and a colon before the path.
  returned: when RV(outcome) is
  type: list
  elements: str
rejected:
  description: The rollback for which the image was skipped, V(null) when it was not for one.
  returned: when RV(outcome) is
  type: dict
  contains:
    reference:
      description: The image reference that the container was rolled back from.
      type: str
    image_id:
      description: The engine's ID of that image.
      type: str
    digest:
      description: Its digest, V(null) when it is not known.
      type: str
    reason:
      description: Why it was rolled back.
      type: str
    since:
      description: When that was, in seconds since 1970.
      type: int
hooks:
  description: What came of the commands in O(hooks).
  returned: when RV(outcome) is, or when the task failed after O(hooks.pre_update) was run
  type: dict
  contains:
    pre_update:
      description: Of the command in the old container. V(null) when it was not run, or could not be.
      type: dict
      contains: &hook
        exit_code:
          description: Its exit code, V(null) when it did not end in time.
          type: int
        output:
          description: What it printed, standard output and error, of which the last 4000 characters. Values of environment variables are
            masked.
          type: str
        seconds:
          description: How long it took.
          type: float
        timed_out:
          description: Whether it did not end in time. It may still be running then.
          type: bool
    post_update:
      description: Of the command in the new container. V(null) when it was not run, or could not be.
      type: dict
      contains: *hook
doubt:
  description:
    - In check mode, why the answer may turn out to be another one, or why there is none. Otherwise, and when it is certain, V(null).
    - Mostly that the registry has an image, or an index of images for several platforms, under a digest that this host does not know. It
      may still be the image that runs already. RV(changed) is V(true) then.
  returned: when RV(outcome) is
  type: str
diff:
  description:
    - What is different before and after. Both sides are empty when nothing was replaced in the end.
    - The image, and of the command, entry point, user, working folder, stop signal, labels, health check, exposed ports, volumes and
      environment variables those that change since the new image's defaults are others.
  returned: in diff mode, when RV(outcome) is
  type: dict
  contains:
    before:
      description: C(image), as in RV(image), and what changes.
      type: dict
    after:
      description: The same afterwards. C(image_defaults) stands here when they are not known before the pull.
      type: dict
    before_header:
      description: The container.
      type: str
    after_header:
      description: The container.
      type: str
warnings:
  description: What could not be cleaned up, or was found to be different from what was asked.
  returned: when there is something to warn of
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.cycle import cycle_module, run_cycle_module
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import (
    CLEANUP_OPTIONS,
    DECISION_OPTIONS,
    cleanup_of,
    health_of,
    request_of,
)


def recreate(engine, options):
    return recreate_with_health(
        engine.context,
        engine.lock,
        request_of(options, options["stop_timeout"]),
        health_of(options),
        cleanup_of(options),
        keep_archive=options["keep_archive"],
        hooks=Hooks.from_options(**options["hooks"]),
        rollout=options["rollout"] or "",
    )


def check(engine, options):
    from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_mode import check_recreate

    health_of(options)
    Hooks.from_options(**options["hooks"])
    return check_recreate(engine.context, engine.lock, request_of(options, options["stop_timeout"]))


def main():
    module = cycle_module(
        asks_registry=True,
        **CLEANUP_OPTIONS,
        keep_archive=dict(type="bool", default=False),
        rollout=dict(type="str"),
        hooks=dict(
            type="dict",
            default={},
            options=dict(
                pre_update=dict(type="raw"),
                post_update=dict(type="raw"),
                timeout=dict(type="float", default=Hooks().timeout),
            ),
        ),
        **DECISION_OPTIONS,
    )
    run_cycle_module(module, recreate, check)


if __name__ == "__main__":
    main()
