#!/usr/bin/python
#
# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_prepare
short_description: Pull the image for a later update and predict the outcome
version_added: 0.1.0
description:
  - Pulls the image for an update with M(evenkeel.fleet.container_recreate), and performs the checks of that update in advance. The
    container keeps running and is not changed.
  - Run this module on all hosts before you update the first one. It finds everything that would prevent an update, such as an unreachable
    registry, a full disk or a container that could not be restored, while all containers are still running. The updates themselves then
    need no download.
  - The prediction is more accurate than in check mode, which can only query the registry, because the image is on the host.
extends_documentation_fragment:
  - evenkeel.fleet.recreation
  - evenkeel.fleet.fail_on
  - evenkeel.fleet.registry
  - evenkeel.fleet.durations
  - evenkeel.fleet.connection
  - evenkeel.fleet.attributes
attributes:
  check_mode:
    support: full
    details:
      - The engine queries the registry. Nothing is pulled.
  diff_mode:
    support: full
    details:
      - Shows what the update would change, without the values of environment variables.
  idempotent:
    support: full
  action_group: {}
options:
  name:
    description:
      - The exact name or the full ID of the container.
    type: str
    required: true
notes:
  - Set O(image_digest) if you can. The image is then pulled by its digest, and no tag on the host changes. Without it, the pull moves the
    tag on the host to the new image, and anything else that creates a container from this tag uses the new image. If the update would
    leave the container as it is, the module points the tag back at the image that the container runs.
  - An image that is pulled by its digest has no tag until the update. If dangling images are pruned before the update, the update has to
    pull the image again.
  - This module does not finish or undo an interrupted update. It includes the recovery in its prediction and returns a warning in
    RV(warnings).
author:
  - evenkeel contributors (@evenkeel)
seealso:
  - module: evenkeel.fleet.container_recreate
    description: Performs the update.
"""

EXAMPLES = r"""
- name: Pull the image on all hosts
  evenkeel.fleet.container_prepare:
    name: web
    image: nginx:1.29-alpine
    image_digest: "{{ tested_digest }}"
  register: prepared

- name: Update the container without a download
  evenkeel.fleet.container_recreate:
    name: web
    image: nginx:1.29-alpine
    image_digest: "{{ tested_digest }}"
    pull: missing
  when: prepared.outcome == "recreated"
"""

RETURN = r"""
diff:
  description: What the update would change, without the values of environment variables. Both sides are empty if it would change nothing.
  returned: in diff mode, when RV(outcome) is returned
  type: dict
changed:
  description:
    - Whether the reference, or its digest, points to another image on the host than before. In check mode, whether it would.
  returned: always
  type: bool
outcome:
  description:
    - The predicted outcome of the update, which is V(recreated), V(unchanged), V(skipped) or V(recovered). V(unknown) if the outcome cannot
      be predicted. RV(doubt) gives the reason.
  returned: success
  type: str
  sample: recreated
skip_reason:
  description: Why the update would skip the container, which is V(rejected), V(too_young) or V(excluded).
  returned: when RV(outcome) is V(skipped)
  type: str
  sample: rejected
container:
  description: The running container.
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
image:
  description: The image of the running container and the image of the update.
  returned: success
  type: dict
  contains:
    old:
      description: The image of the running container.
      type: dict
      contains: &image
        reference:
          description: The image reference as written by the operator.
          type: str
          sample: nginx:1.29-alpine
        id:
          description: The engine's ID of the image. V(null) if the image is not on this host.
          type: str
        digest:
          description: The digest of the image in its registry. V(null) if the image did not come from a registry.
          type: str
    new:
      description: The image of the update.
      type: dict
      contains: *image
dependents:
  description: The containers that depend on this one, and what the update would do with each of them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the dependent.
      type: str
    id:
      description: The full ID of the dependent.
      type: str
    repair:
      description: What the update would do with the dependent, such as V(recreated).
      type: str
      sample: recreated
    problem:
      description: Always empty in this module.
      type: str
lost_files:
  description:
    - The files that were added, changed or deleted in the container after its creation. The new container would not have them, or
      would have the deleted ones again if they are in its image.
  returned: success
  type: list
  elements: str
  sample: [/etc/nginx/conf.d/local.conf]
rejected:
  description: The recorded rollback because of which the update would skip the image. V(null) if there is none.
  returned: success
  type: dict
doubt:
  description: Why the outcome of the update may differ from the prediction. V(null) if the prediction is certain.
  returned: success
  type: str
msg:
  description: What the update would do, or why it would fail, and what to do next.
  returned: always
  type: str
next_step:
  description: What to do next. RV(msg) ends with it, unless it ends with more precise advice.
  returned: always
  type: str
  sample: There is nothing to do.
error_class:
  description: The kind of error. The values are the same as in M(evenkeel.fleet.container_recreate).
  returned: failure
  type: str
  sample: unreachable
failed_step:
  description:
    - The step of the update that would fail, which is V(journal), V(recover), V(inspect), V(pull) or V(preflight). V(null) if the failure
      belongs to no step, such as an invalid option.
  returned: failure
  type: str
  sample: pull
warnings:
  description: The warnings that the update would return.
  returned: when there are warnings
  type: list
  elements: str
"""

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.bootstrap import open_engine
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import diff_report, fail_on
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.prepare import check_prepare, preparation_report, prepare
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import (
    CONNECTION,
    FAIL_ON,
    RECREATION,
    REGISTRY,
    ArgumentSpec,
    request_of,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import ModuleResult, run_module


def prepare_update(options, check_mode, secrets):
    secrets.learn_names(options["name"], options["image"])
    engine = open_engine(options, 0, secrets)
    if check_mode:
        prepared = check_prepare(engine.context, engine.lock, request_of(options))
    else:
        prepared = prepare(engine.context, engine.lock, request_of(options))
    report = fail_on(preparation_report(prepared), rejected=options["fail_on_rejected"], unknown=options["fail_on_unknown"])
    return ModuleResult(report, prepared.predicted.warnings, diff_report(prepared.predicted))


def main():
    own = ArgumentSpec(dict(name=dict(type="str", required=True)))
    on_unexpected_error = {"msg": "The container was not changed.", "next_step": "Run the task again.", "changed": False}
    run_module(CONNECTION.merge(REGISTRY, RECREATION, FAIL_ON, own), prepare_update, on_unexpected_error)


if __name__ == "__main__":
    main()
