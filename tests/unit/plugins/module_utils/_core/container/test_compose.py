# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.compose import IMAGE_LABEL, tell_compose


def test_the_image_that_compose_sees_is_the_new_one() -> None:
    body = {"Image": "shop", "Labels": {IMAGE_LABEL: "old", "com.docker.compose.service": "web"}}
    assert tell_compose(body, "new") == {"Image": "shop", "Labels": {IMAGE_LABEL: "new", "com.docker.compose.service": "web"}}
    assert body["Labels"][IMAGE_LABEL] == "old"


def test_what_compose_did_not_make_gets_no_label() -> None:
    for body in ({}, {"Labels": None}, {"Labels": {"owner": "me"}}):
        assert tell_compose(body, "new") == body
