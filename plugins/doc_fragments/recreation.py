# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that decide whether a container is moved to another image, and to which."""

    DOCUMENTATION = r"""
options:
  image:
    description:
      - The image reference to move the container to, for example V(nginx:alpine). The new container is created from the reference as it
        is written here.
      - Without it, the container moves to what its own reference means now.
      - Another reference to the image that runs already changes nothing, and the container goes on following its old one. Use O(force) to
        move it.
    type: str
  image_digest:
    description:
      - The digest of the image to move the container to, for example V(sha256:) and 64 hexadecimal digits. Exactly this one is pulled, from
        the repository of the image reference, whatever the reference means in the registry.
      - The new container is created from the reference as it is written in O(image) or in the container, so it goes on following its tag.
        When the container is replaced, that tag means this image on this host from then on.
      - With O(pull=always), RV(warnings) tells when the tag means another digest in the registry. A run without O(image_digest) would move
        the container to that.
      - With O(pull=missing) and O(pull=never), the image is looked for on this host by this digest.
      - An image reference that has another digest is an error.
    type: str
  pull:
    description:
      - When to ask the registry for the image.
      - V(always) asks every time. An image that is here already costs no download.
      - V(missing) asks only when the reference means nothing on this host yet.
      - V(never) takes what is on this host, and fails when that is nothing.
    type: str
    choices: [always, missing, never]
    default: always
  pull_timeout:
    description:
      - How long, in seconds, the engine may be silent during a pull. It tells of its progress all the while, so this is not the time that
        the pull may take. When it is over, the task fails, and the container was not touched.
    type: float
    default: 600
  force:
    description:
      - Recreate the container even when it runs this very image already, and even when it was rolled back from that image before.
    type: bool
    default: false
  lost_files:
    description:
      - What to do about files that were put into the container or changed in it after it was created, and that lie in no volume. The new
        container does not have them. The same goes for containers that have to be created anew since they depend on this one.
      - V(warn) names them in RV(warnings) and RV(lost_files). V(refuse) leaves the container as it is. V(ignore) does not look.
      - Files below C(/tmp), C(/run), C(/var/log), C(/var/cache) and the like do not count.
    type: str
    choices: [warn, refuse, ignore]
    default: warn
  verbatim:
    description:
      - What to do when the image that the container runs is no longer on the host. Then what its operator set cannot be told from what
        came with the image.
      - With V(false) the container is left as it is. With V(true) it is recreated with its whole configuration, so that the old image's
        defaults (environment, command, labels and so on) stay in force under the new image.
      - Makes no difference while the image is there.
    type: bool
    default: false
  keep_env:
    description:
      - Names of environment variables that stay as they are even if their value is the old image's default. Without this they follow the
        new image, since nobody can see whether such a value was set on the container or came with the image.
    type: list
    elements: str
    default: []
  min_image_age:
    description:
      - Leave the container as it is when the new image was built a shorter time ago than this, so that others find its faults first.
      - A number of seconds, or a number with V(s), V(m), V(h), V(d) or V(w) after it, such as V(36h) or V(7d).
      - What counts is when the image was built, which it says itself. Nobody can say when it was pushed. One that does not say, or that
        claims to be older than Docker as those of reproducible builds do, is used, with a warning.
      - The age is known only once the image is on this host, so it is pulled. With O(pull=always) its tag on this host then means the
        image that runs again.
      - O(force) does not override this.
    type: str
  respect_labels:
    description:
      - Leave containers with the label C(evenkeel.enable=false) as they are, before anything is pulled.
      - M(evenkeel.fleet.container_update_info) always does.
      - O(force) does not override this.
    type: bool
    default: false
"""
