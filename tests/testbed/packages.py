# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages, unpacked without being installed: nothing on the machine changes, and no service starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .common import STATE, TestbedError, run, say


def unpacked(package: str) -> Path:
    """The files of a Debian package, downloaded and unpacked under the test bed's own folder."""
    folder = STATE / "packages.d" / package
    if folder.exists():
        return folder
    if not shutil.which("apt-get"):
        raise TestbedError(f"The package {package} comes from Debian; there is no apt-get here.")
    say(f"fetching {package}")
    download = STATE / "download" / package
    shutil.rmtree(download, ignore_errors=True)
    download.mkdir(parents=True)
    try:
        run("apt-get", "download", package, cwd=download)
    except TestbedError:
        run("apt-get", "update")
        run("apt-get", "download", package, cwd=download)
    partial = folder.with_name(f"{package}.partial")
    folder.parent.mkdir(exist_ok=True)
    run("dpkg-deb", "--extract", str(next(download.glob("*.deb"))), str(partial))
    shutil.rmtree(download)
    return partial.rename(folder)


def debian_mirror() -> str:
    """Where this machine gets its packages, so that other Debian suites can be had from there too."""
    query = ("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian")
    targets = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split("\n")
    sites = [site for site in targets if site and "security" not in site]
    if not sites:
        raise TestbedError("Engines of other releases are made from Debian packages; apt-get here knows no Debian mirror.")
    return sites[0]
