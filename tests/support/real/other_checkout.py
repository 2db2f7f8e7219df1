# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of another checkout of this collection, for example a git worktree at an older commit."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def collections_of(checkout: Path) -> Iterator[str]:
    """A folder from which Ansible and Python take the collection in `checkout`, for the time of the block."""
    if not (checkout / "plugins/modules/container_recreate.py").is_file():
        raise AssertionError(f"{checkout} is not a checkout of the collection: it has no plugins/modules/container_recreate.py")
    with tempfile.TemporaryDirectory(prefix="collections-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - the tests also run the modules as another user
        collection = Path(folder, "ansible_collections/evenkeel/fleet")
        collection.parent.mkdir(parents=True)
        collection.symlink_to(checkout.resolve())
        yield folder
