# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the test bed makes images, without an engine."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.common import TestbedError
from testbed.images import pretend

NAME = "registry/shop:foreign"


class LoadingClient:
    """A client of an engine that answers a load as engines do: the answer begins, the tag moves, the answer ends.

    `error` is what the engine reports in its answer instead of moving the tag.
    """

    def __init__(self, error: str = "") -> None:
        self.tagged_architecture = "amd64"
        self._error = error

    def get_image(self, _name: str) -> Iterator[bytes]:
        saved = io.BytesIO()
        with tarfile.open(fileobj=saved, mode="w") as tar:
            for name, document in (
                ("manifest.json", [{"Config": "config.json", "Layers": []}]),
                ("config.json", {"architecture": "amd64"}),
            ):
                content = json.dumps(document).encode()
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        yield saved.getvalue()

    def load_image(self, data: bytes, *, quiet: bool) -> Iterator[dict[str, Any]]:
        """Returns at once, like the SDK. The rest happens while the caller reads."""
        assert quiet
        return self._answer(data)

    def _answer(self, data: bytes) -> Iterator[dict[str, Any]]:
        if self._error:
            yield {"error": self._error}
            return
        yield {"stream": f"The image {NAME} already exists, renaming the old one"}
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            config = tar.extractfile("config.json")
            assert config
            self.tagged_architecture = json.load(config)["architecture"]
        yield {"stream": f"Loaded image: {NAME}"}


def test_pretend_returns_when_the_tag_has_moved() -> None:
    """Otherwise the caller may read the ID of the image that is about to lose its tag."""
    client = LoadingClient()
    pretend(client, NAME, architecture="s390x")
    assert client.tagged_architecture == "s390x"


def test_pretend_reports_a_load_that_failed() -> None:
    with pytest.raises(TestbedError, match="loading registry/shop:foreign with .* failed: no space left on device"):
        pretend(LoadingClient("no space left on device"), NAME, architecture="s390x")
