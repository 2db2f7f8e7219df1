#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_prepare
short_description: Have the image of a later update on the host, and tell what that update would come to
version_added: 0.1.0
description:
  - Pulls the image that M(evenkeel.fleet.container_recreate) would move a container to, and decides all that it would decide before it
    touches the container. The container itself goes on running, and nothing about it is changed.
  - Run it on all hosts before the first of them is updated. What would refuse an update, such as a registry that cannot be reached, a full
    disk or a container that could not be brought back, is found while everything still runs, and the updates then need no download.
  - With the image on the host, its answer is better than that of check mode, which can only ask the registry.
extends_documentation_fragment:
  - evenkeel.fleet.recreation
  - evenkeel.fleet.registry
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - The registry is asked, through the engine. Nothing is pulled.
  diff_mode:
    support: full
    details:
      - Shows what the update would change. Values of environment variables are never shown.
  idempotent:
    support: full
  action_group: {}
options:
  name:
    description:
      - The container, by its exact name or its full ID.
    type: str
    required: true
notes:
  - Name the digest with O(image_digest) when you can. The image is pulled by its digest then, and no tag on the host is moved. Without
    it, the tag means the new image on this host from then on, so anything else that creates a container from it gets that one.
  - The image has no tag until the update, so a prune of dangling images may remove it in between. Then the update pulls it again.
  - An update that was interrupted is not brought to its end by this. It is foretold, and RV(warnings) tells of it.
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Does the update.
"""

EXAMPLES = r"""
- name: Have the image on all hosts first
  evenkeel.fleet.container_prepare:
    name: web
    image: nginx:1.29-alpine
    image_digest: "{{ tested_digest }}"
  register: prepared

- name: Then update, without a download
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    image_digest: "{{ tested_digest }}"
    pull: missing
  when: prepared.outcome == "recreated"
"""

RETURN = r"""
diff:
  description: What the update would change, without values of environment variables. Both sides are empty when it would change nothing.
  returned: in diff mode, when RV(outcome) is
  type: dict
changed:
  description: Whether an image was brought to the host, or would be in check mode.
  returned: always
  type: bool
outcome:
  description:
    - What the update is expected to end with, V(recreated), V(unchanged), V(skipped) or V(recovered), or V(unknown) when it cannot be told.
      RV(doubt) says why.
  returned: success
  type: str
  sample: recreated
skip_reason:
  description: Why the update would leave the container as it is, V(rejected), V(too_young) or V(excluded).
  returned: when RV(outcome) is V(skipped)
  type: str
container:
  description: The container that runs now.
  returned: success
  type: dict
  contains:
    id:
      description: Its full ID.
      type: str
    name:
      description: Its name.
      type: str
image:
  description: The image that runs now, and the one that the update would move the container to.
  returned: success
  type: dict
  contains:
    old:
      description: The image of the container.
      type: dict
      contains: &image
        reference:
          description: The image reference, as it was written.
          type: str
        id:
          description: The engine's ID of the image, V(null) when it is not on this host.
          type: str
        digest:
          description: The digest that the registry knows the image by, V(null) when it never came from there.
          type: str
    new:
      description: The image of the update.
      type: dict
      contains: *image
dependents:
  description: The containers that depend on this one, and what the update would do for each.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its full ID.
      type: str
    repair:
      description: What would be done, such as V(recreated).
      type: str
    problem:
      description: Always empty here.
      type: str
lost_files:
  description: The files that were put into the container by hand and that the new one would not have.
  returned: success
  type: list
  elements: str
rejected:
  description: What is remembered of the rollback for which the update would skip the image, V(null) when it would not.
  returned: success
  type: dict
doubt:
  description: Why the update may end otherwise, V(null) when there is no doubt.
  returned: success
  type: str
msg:
  description: What went wrong, and what to do; or why the update would leave the container as it is.
  returned: failure, or when RV(outcome) is V(skipped)
  type: str
error_class:
  description: The kind of error, as with M(evenkeel.fleet.container_recreate).
  returned: failure
  type: str
  sample: unreachable
failed_step:
  description: The step of the update that would fail.
  returned: failure
  type: str
  sample: pull
warnings:
  description: What the update would warn of.
  returned: when there is something to warn of
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._module.prepare import prepare_module, run_prepare_module


def main():
    run_prepare_module(prepare_module())


if __name__ == "__main__":
    main()
