# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that decide whether and to which image a container is updated."""

    DOCUMENTATION = r"""
options:
  image:
    description:
      - The image reference to update the container to, for example V(nginx:alpine). The new container is created with the reference exactly
        as written here.
      - The default is the reference that the container was created from.
      - If this reference points to the image that the container already runs, nothing changes and the container keeps its old reference.
        Set O(force) to change the reference anyway.
    type: str
  image_digest:
    description:
      - The digest of the image to update the container to, for example V(sha256:) followed by 64 hexadecimal digits. The module pulls
        exactly this digest from the repository of the image reference, no matter which image the reference points to in the registry.
      - The new container is created with the reference from O(image) or from the old container, and therefore keeps following its tag. When
        the container is replaced, this tag is moved to the new image on this host.
      - With O(pull=always), RV(warnings) reports if the tag points to a different digest in the registry. A run without O(image_digest)
        would update the container to that digest.
      - With O(pull=missing) and O(pull=never), the module looks for this digest on the host.
      - The task fails if the image reference contains a different digest.
    type: str
  pull:
    description:
      - When to ask the registry for the image.
      - V(always) asks the registry on every run. An image that is already on the host is not downloaded again.
      - V(missing) asks the registry only if the image is not on the host.
      - V(never) uses the image on the host, and fails if it does not exist.
    type: str
    choices: [always, missing, never]
    default: always
  pull_timeout:
    description:
      - How long the engine may report no progress during a pull. This does not limit the total duration of the pull. If the
        timeout expires, the task fails before it changes the container.
    type: raw
    default: 600
  force:
    description:
      - Recreate the container even if it already runs this image, or was rolled back from this image before.
    type: bool
    default: false
  lost_files:
    description:
      - What to do about files that were added, changed or deleted in the container after its creation and are not in a volume. The new
        container does not have these files, and it has the deleted ones again. This also applies to dependents that have to be recreated.
      - V(warn) lists the files in RV(warnings) and RV(lost_files). V(refuse) fails the task before it changes the container. V(ignore)
        skips the check.
      - Files in temporary, runtime, log and cache directories are ignored, such as C(/tmp), C(/run), C(/var/log) and C(/var/cache). So is
        what the engine itself creates, such as mount points, devices and its init process.
    type: str
    choices: [warn, refuse, ignore]
    default: warn
  verbatim:
    description:
      - What to do if the image of the running container no longer exists on the host. Without the image, the operator's settings cannot be
        distinguished from the image's defaults.
      - With V(false), the task fails and leaves the container unchanged. With V(true), the container is recreated with its entire
        configuration, and the defaults of the old image (environment, command, labels and more) stay in effect.
      - This option has no effect if the image exists.
    type: bool
    default: false
  keep_env:
    description:
      - Names of environment variables to keep even if their values are defaults of the old image. Other variables with such values follow
        the new image, because the module cannot determine whether a value was set by the operator or came from the image.
    type: list
    elements: str
    default: []
  keep:
    description:
      - Other fields to keep even if their values are defaults of the old image. For example, V(user) keeps the user, although the new image
        may have another default user.
      - A field that is not set is kept as the engine treats it. Without a user, for example, the new container runs as root whatever its
        image says.
      - V(entrypoint) also keeps the command, because an entry point that is set for a container replaces the command of its image.
        V(labels), V(volumes) and V(exposed_ports) keep what there is. The new container also gets what its image adds.
      - The user, and mounts, that change because of the new image are a warning.
    type: list
    elements: str
    choices: [command, entrypoint, exposed_ports, healthcheck, labels, stop_signal, user, volumes, working_dir]
    default: []
  min_image_age:
    description:
      - Skip images that were built more recently than this, to give others time to find their bugs.
      - The age is taken from the image's creation date, because registries do not record when an image was pushed. An image without a
        creation date, or with one before the first release of Docker (as in reproducible builds) or in the future, is used, with a
        warning.
      - The module has to pull an image to determine its age. If it skips the image after O(pull=always), it points the tag on this host
        back to the image of the running container.
      - O(force) does not override this option.
    type: raw
  respect_labels:
    description:
      - Skip containers with the label C(evenkeel.enable=false) before anything is pulled.
      - M(evenkeel.fleet.container_update_info) always respects this label.
      - O(force) does not override this option.
    type: bool
    default: false
"""
