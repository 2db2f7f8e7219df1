#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_update_info
short_description: Tell which containers of a host are outdated
version_added: 0.1.0
description:
  - Tells of each container of a host what it runs and what the registry has, and so whether M(evenkeel.fleet.container_recreate) would
    update it. Also what earlier runs have left, such as archives, and whether one was interrupted.
  - Nothing is pulled and nothing is changed. All calls to the engine are GET, so a socket proxy that lets nothing else through is enough.
  - It is the engine that asks the registries, with its own mirrors, certificates and proxies. Each image is asked for once, however many
    containers follow it.
  - What cannot be found out is V(unknown), with the reason, and the rest is told all the same.
extends_documentation_fragment:
  - evenkeel.fleet.connection
  - evenkeel.fleet.registry
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - It only looks, so check mode makes no difference.
  diff_mode:
    support: none
    details:
      - There is nothing that it changes.
  idempotent:
    support: full
  action_group: {}
options:
  name:
    description:
      - The containers to tell of, by their exact names or full IDs. Without it, all.
    type: list
    elements: str
    default: []
  labels:
    description:
      - Tell only of containers that have all of these labels, each as V(key) or V(key=value), as with C(docker ps --filter label=).
    type: list
    elements: str
    default: []
  state:
    description:
      - Tell only of containers that are in one of these states. Without it, of those in any.
    type: list
    elements: str
    choices: [created, restarting, running, removing, paused, exited, dead]
    default: []
  pull:
    description:
      - What O(evenkeel.fleet.container_recreate#module:pull) will be. With V(always) the registries are asked, with V(missing) only for
        images whose reference means nothing on this host, with V(never) not at all, and what counts is what the reference means here.
    type: str
    choices: [always, missing, never]
    default: always
  min_image_age:
    description:
      - What O(evenkeel.fleet.container_recreate#module:min_image_age) will be, such as V(36h), V(7d), or a number of seconds.
      - How old an image is can be told only when it is on this host already. Of others RV(containers[].certain) is V(false).
    type: str
notes:
  - With O(registry_username), O(registry) is required here, since the containers of a host follow images of several registries.
  - Containers with the label C(evenkeel.enable=false) are V(excluded). Let M(evenkeel.fleet.container_recreate) do the same with
    O(evenkeel.fleet.container_recreate#module:respect_labels).
  - That an image is V(outdated) does not say that it can be pulled and that the new container will be well.
  - Nothing here holds an environment variable or a label, apart from what C(docker compose) wrote into labels of its own.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Updates a container.
  - module: community.docker.docker_host_info
    description: Lists containers, images and more, as the engine has them.
"""

EXAMPLES = r"""
- name: Look at all containers of the host
  evenkeel.fleet.container_update_info:
  register: look

- name: Say which are outdated
  ansible.builtin.debug:
    msg: "{{ look.outdated }}"

- name: Say what is wrong with the others
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reason }}"
  loop: "{{ look.containers | selectattr('status', 'eq', 'unknown') }}"
  loop_control:
    label: "{{ item.name }}"

- name: Look at two containers that run
  evenkeel.fleet.container_update_info:
    name:
      - web
      - cache
    state: running
  register: two

- name: Look at those that are labelled, and leave images out that are younger than a week
  evenkeel.fleet.container_update_info:
    labels:
      - evenkeel.enable=true
    min_image_age: 7d
  register: labelled

- name: Update what is outdated of them, in the order in which they need each other
  evenkeel.fleet.container_recreate:
    name: "{{ item }}"
    min_image_age: 7d
    respect_labels: true
  loop: "{{ labelled.outdated }}"
"""

RETURN = r"""
msg:
  description: What went wrong, and what to do.
  returned: failure
  type: str
failed_step:
  description: The step at which it failed, V(null) when it was none of those that look at the host.
  returned: failure
  type: str
error_class:
  description: The kind of error, as with M(evenkeel.fleet.container_recreate).
  returned: failure
  type: str
containers:
  description: The containers, by name. Archives are not among them, but in RV(containers[].archives) of theirs.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description:
        - Its full ID. Where an interrupted run has put the container away and nothing into its place, that of the container that was put
          away.
      type: str
    state:
      description: What the engine says that it does, such as V(running).
      type: str
    created:
      description: When it was created, in seconds since 1970 (Unix time).
      type: int
    image:
      description: The image that it runs.
      type: dict
      contains:
        reference:
          description: The image reference that it follows, as it was written.
          type: str
        id:
          description: The engine's ID of the image.
          type: str
        digest:
          description: The digest that the registry knows the image by, V(null) when it never came from there.
          type: str
    registry:
      description: What the registry has under the reference, V(null) when it was not asked or did not tell.
      type: dict
      contains:
        digest:
          description: The digest of the image, or of the index of images for several platforms.
          type: str
        platforms:
          description: What it is made for, such as V(linux/arm64).
          type: list
          elements: str
    status:
      description:
        - V(up_to_date), or V(outdated) when a run would update it.
        - V(pinned) when it follows a digest, and so moves only to another reference.
        - V(local) when it was created from an image ID, or when its image has no digest of any registry and the one in its reference does
          not offer such an image, or not to us.
        - V(rejected) when it was rolled back from the image that there is, V(too_young) when O(min_image_age) holds that back.
        - V(excluded) by the label C(evenkeel.enable=false), or V(managed_elsewhere), by Docker Swarm, Kubernetes or the like, or made for
          one job by C(docker compose run).
        - V(unknown) when it could not be found out. RV(containers[].reason) tells why.
      type: str
      sample: outdated
    outdated:
      description: Whether the status is V(outdated).
      type: bool
    certain:
      description: Whether a run could not find it otherwise. RV(containers[].reason) tells why it could.
      type: bool
    reason:
      description: Why the status is what it is, where that does not go without saying.
      type: str
    problem:
      description:
        - The kind of error for which it is V(unknown), such as V(not_found), V(authentication), V(rate_limited), V(unreachable), V(tls),
          V(timeout), V(forbidden) or V(other). Otherwise V(null).
      type: str
    obstacle:
      description:
        - Why a run would refuse to touch the container although it is outdated, for example because it is paused. Empty when it would not.
          Only what the container tells by itself is looked at.
      type: str
    archives:
      description: Its old containers that are still there. V(null) when that could not be found out.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the archive.
          type: str
        id:
          description: Its full ID.
          type: str
        kept:
          description: Whether it was kept with O(evenkeel.fleet.container_recreate#module:keep_archive). Otherwise a run has put it away
            that is still at work or was interrupted.
          type: bool
        rollout:
          description: The O(evenkeel.fleet.container_recreate#module:rollout) that it was replaced in, V(null) when it was none.
          type: str
    interrupted:
      description: Whether a run on it was interrupted. The next run on it brings that to its end. V(null) when it could not be found out.
      type: bool
    busy:
      description: Whether a run is at work on it, or may be. V(null) when that could not be found out.
      type: bool
    compose:
      description: Whose container it is in C(docker compose), V(null) when that did not make it.
      type: dict
      contains:
        project:
          description: The project.
          type: str
        service:
          description: The service.
          type: str
        depends_on:
          description: The services of the same project that it depends on.
          type: list
          elements: str
outdated:
  description:
    - The names of the containers that are outdated and that a run would update, in the order to do it. A container comes after those whose
      namespaces it uses, to which it links, or on which it depends in its compose project (C(depends_on)), and otherwise by name.
  returned: success
  type: list
  elements: str
  sample: [db, web]
interrupted:
  description: The names of the containers on which a run was interrupted.
  returned: success
  type: list
  elements: str
missing:
  description: Those of O(name) that are not there.
  returned: success
  type: list
  elements: str
left_over:
  description:
    - The names of archives that were kept, and whose container is gone since. M(evenkeel.fleet.container_rollback) brings them back.
  returned: success
  type: list
  elements: str
warnings:
  description: What could not be looked at, and what that means.
  returned: when there is something to warn of
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import parse_age
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import STATES, Selection, UpdateQuery
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.update_info import run_update_info_module, update_info_module


def query(options):
    selection = Selection(frozenset(options["name"]), tuple(options["labels"]), frozenset(options["state"]))
    return UpdateQuery(selection, PullPolicy(options["pull"]), parse_age(options["min_image_age"]))


def main():
    module = update_info_module(
        required_by={"registry_username": ["registry"]},
        name=dict(type="list", elements="str", default=[]),
        labels=dict(type="list", elements="str", default=[]),
        state=dict(type="list", elements="str", choices=list(STATES), default=[]),
        pull=dict(type="str", choices=[policy.value for policy in PullPolicy], default=PullPolicy.ALWAYS.value),
        min_image_age=dict(type="str"),
    )
    run_update_info_module(module, query)


if __name__ == "__main__":
    main()
