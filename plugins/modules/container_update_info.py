#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_update_info
short_description: Find the outdated containers of a host
version_added: 0.1.0
description:
  - Compares the image that each container of a host runs with the image in the registry, and returns whether
    M(evenkeel.fleet.container_recreate) would update the container. Also returns what earlier runs left behind, such as archives and
    interrupted updates.
  - Nothing is pulled and nothing is changed. All calls to the engine are GET requests, and therefore work through a read-only socket proxy.
  - The engine queries the registries with its own mirrors, certificates and proxies. Each image is queried once, no matter how many
    containers use it.
  - If the status of a container cannot be determined, it is V(unknown), and a warning has the reason. The results for the other containers
    are not affected. A warning also names each container whose available image is skipped because the container was rolled back from it.
extends_documentation_fragment:
  - evenkeel.fleet.durations
  - evenkeel.fleet.connection
  - evenkeel.fleet.registry
  - evenkeel.fleet.fail_on
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - This module only reads, and behaves the same in check mode.
  diff_mode:
    support: none
    details:
      - This module changes nothing.
  idempotent:
    support: full
  action_group: {}
options:
  name:
    description:
      - The exact names or full IDs of the containers to return. The default is all containers.
    type: list
    elements: str
    default: []
  labels:
    description:
      - Return only containers that have all of these labels, each given as V(key) or V(key=value), as in
        C(docker ps --filter label=).
    type: list
    elements: str
    default: []
  state:
    description:
      - Return only containers in one of these states. The default is all states.
    type: list
    elements: str
    choices: [created, restarting, running, removing, paused, exited, dead]
    default: []
  pull:
    description:
      - The value of O(evenkeel.fleet.container_recreate#module:pull) to assume for the update.
      - V(always) queries the registry for every image. V(missing) queries it only for references that point to no image on this host.
        V(never) queries no registry, and compares with the image that the reference points to on this host.
    type: str
    choices: [always, missing, never]
    default: always
  min_image_age:
    description:
      - The value of O(evenkeel.fleet.container_recreate#module:min_image_age) to assume for the update, such as V(36h), V(7d), or a number
        of seconds.
      - The age of an image is known only if the image is already on the host. For other images, RV(containers[].certain) is V(false).
    type: raw
notes:
  - A loop over RV(outdated) leaves containers with the status V(unknown) or V(rejected) as they are. Set O(fail_on_unknown) and
    O(fail_on_rejected) in scheduled runs to notice this by the exit status.
  - O(registry_username) requires O(registry) in this module, because the containers of a host may use several registries.
  - Containers with the label C(evenkeel.enable=false) have the status V(excluded). Set
    O(evenkeel.fleet.container_recreate#module:respect_labels) to exclude them in M(evenkeel.fleet.container_recreate) as well.
  - The status V(outdated) does not guarantee that the image can be pulled or that the new container will be healthy.
  - The results contain no environment variables, and no labels other than those that C(docker compose) sets itself.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Updates a container.
  - module: community.docker.docker_host_info
    description: Lists containers, images and more as the engine returns them.
"""

EXAMPLES = r"""
- name: Check all containers of the host
  evenkeel.fleet.container_update_info:
  register: update_info

- name: Show the outdated containers
  ansible.builtin.debug:
    msg: "{{ update_info.outdated }}"

- name: Show why the status of a container is unknown
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reason }}"
  loop: "{{ update_info.containers | selectattr('status', 'eq', 'unknown') }}"
  loop_control:
    label: "{{ item.name }}"

- name: Check two containers if they are running
  evenkeel.fleet.container_update_info:
    name:
      - web
      - cache
    state: running
  register: two

- name: Check the labelled containers, and ignore images that are younger than a week
  evenkeel.fleet.container_update_info:
    labels:
      - evenkeel.enable=true
    min_image_age: 7d
  register: labelled

- name: Update the outdated containers among them in dependency order
  evenkeel.fleet.container_recreate:
    name: "{{ item }}"
    min_image_age: 7d
    respect_labels: true
  loop: "{{ labelled.outdated }}"
"""

RETURN = r"""
msg:
  description: What failed and what to do.
  returned: failure
  type: str
failed_step:
  description: V(inspect) if the containers could not be read. Otherwise V(null).
  returned: failure
  type: str
  sample: inspect
error_class:
  description: The kind of error. The values are the same as in M(evenkeel.fleet.container_recreate).
  returned: failure
  type: str
  sample: engine_unavailable
containers:
  description: The containers, sorted by name. Archives are not listed here, but in RV(containers[].archives) of their container.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the container.
      type: str
      sample: web
    id:
      description:
        - The full ID of the container. If an interrupted run renamed the container and has not replaced it yet, this is the
          ID of the renamed container.
      type: str
    state:
      description: The state of the container as reported by the engine.
      type: str
      sample: running
    created:
      description: When the container was created, as a Unix time in seconds.
      type: int
    image:
      description: The image that the container runs.
      type: dict
      contains:
        reference:
          description: The image reference that the container follows, as written by the operator.
          type: str
          sample: nginx:1.29-alpine
        id:
          description: The engine's ID of the image.
          type: str
        digest:
          description: The digest of the image in its registry. V(null) if the image did not come from a registry.
          type: str
    registry:
      description: The image that the reference points to in the registry. V(null) if the registry was not queried or did not answer.
      type: dict
      contains:
        digest:
          description: The digest of the image, or of the index of images for several platforms.
          type: str
        platforms:
          description: The platforms that the image is built for.
          type: list
          elements: str
          sample: [linux/amd64, linux/arm64]
    status:
      description:
        - V(up_to_date), or V(outdated) if a run would update the container.
        - V(pinned) if the container follows a digest. Only a different reference updates such a container.
        - V(local) if the container was created from an image ID. Also V(local) if its image has no digest from a registry and the
          registry in its reference does not offer the image or denies access to it. With the containerd image store, V(local) if the
          registry does not have the image.
        - V(rejected) if the container was rolled back from the available image. V(too_young) if O(min_image_age) excludes the image.
        - V(excluded) if the container has the label C(evenkeel.enable=false).
        - V(managed_elsewhere) if the container belongs to Docker Swarm, Kubernetes, another orchestrator or a systemd unit of
          Podman, or was created by C(docker compose run).
        - V(unknown) if the status could not be determined. RV(containers[].reason) says why.
      type: str
      sample: outdated
    outdated:
      description: Whether the status is V(outdated).
      type: bool
    certain:
      description: V(false) if a run may come to a different result. RV(containers[].reason) says why.
      type: bool
    reason:
      description: Why the container has this status. Empty if the status needs no explanation.
      type: str
      sample: it follows a digest, so it moves only if another reference is set
    problem:
      description:
        - If the status is V(unknown) because of an error, the kind of error. The values include V(not_found), V(authentication),
          V(rate_limited), V(unreachable), V(tls), V(timeout), V(forbidden) and V(other). Otherwise V(null).
      type: str
      sample: rate_limited
    obstacle:
      description:
        - Why a run would refuse to change the container although it is outdated, for example because it is paused. Empty if nothing is in
          the way. Only the container's own configuration and state are checked, not its surroundings.
      type: str
    archives:
      description: The archives of the container. V(null) if they could not be determined.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the archive.
          type: str
          sample: web-old-1790000000
        id:
          description: The full ID of the archive.
          type: str
        kept:
          description: Whether O(evenkeel.fleet.container_recreate#module:keep_archive) kept the archive. If not, it belongs to a run that
            is in progress or was interrupted.
          type: bool
        rollout:
          description: The O(evenkeel.fleet.container_recreate#module:rollout) in which the container was replaced. V(null) if there is
            none.
          type: str
    interrupted:
      description: Whether a run on the container was interrupted. The next run finishes or undoes it. V(null) if this could not be
        determined.
      type: bool
    busy:
      description: Whether a run on the container is or may be in progress. V(null) if this could not be determined.
      type: bool
    compose:
      description: The C(docker compose) service that the container belongs to. V(null) if C(docker compose) did not create it.
      type: dict
      contains:
        project:
          description: The name of the project.
          type: str
          sample: shop
        service:
          description: The name of the service.
          type: str
          sample: web
        depends_on:
          description: The services of the same project that this service depends on.
          type: list
          elements: str
          sample: [db]
outdated:
  description:
    - The names of the containers that are outdated and that a run would update, in dependency order.
    - A container is listed after the containers whose namespaces it uses, to which it links, or on which it depends in its compose project
      (C(depends_on)). All others are sorted by name.
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
  description: The entries of O(name) for which there is no container.
  returned: success
  type: list
  elements: str
left_over:
  description: The names of kept archives whose container no longer exists. M(evenkeel.fleet.container_rollback) restores them.
  returned: success
  type: list
  elements: str
  sample: [web-old-1790000000]
warnings:
  description:
    - What could not be read, and what this means for the results. Also each container with the status V(unknown) or V(rejected), and why.
  returned: when there are warnings
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.host_reader import open_host
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import STATES, Selection, UpdateQuery
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.report import fail_on, host_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.update_info import inspect_host
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION, FAIL_ON, REGISTRY, ArgumentSpec
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import ModuleResult, run_module


def update_info(options, _check_mode, secrets):
    for name in options["name"]:
        ContainerRequest(name)  # Raises InvalidInput.
    selection = Selection(frozenset(options["name"]), tuple(options["labels"]), frozenset(options["state"]))
    query = UpdateQuery(selection, PullPolicy(options["pull"]), options["min_image_age"] or 0)
    info = inspect_host(*open_host(options, secrets), query)
    for container in info.containers:
        secrets.learn_names(container.name, container.image.reference)
    report = fail_on(host_report(info), info, rejected=options["fail_on_rejected"], unknown=options["fail_on_unknown"])
    return ModuleResult(report, info.warnings)


def main():
    own = ArgumentSpec(
        dict(
            name=dict(type="list", elements="str", default=[]),
            labels=dict(type="list", elements="str", default=[]),
            state=dict(type="list", elements="str", choices=list(STATES), default=[]),
            pull=dict(type="str", choices=[policy.value for policy in PullPolicy], default=PullPolicy.ALWAYS.value),
            min_image_age=dict(type="raw"),
        ),
        required_by={"registry_username": ("registry",)},
    )
    on_unexpected_error = {"msg": "Nothing was changed.", "next_step": "Run the task again.", "changed": False}
    run_module(CONNECTION.merge(REGISTRY, FAIL_ON, own), update_info, on_unexpected_error)


if __name__ == "__main__":
    main()
