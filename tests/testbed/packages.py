# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages, unpacked without being installed: nothing on the machine changes, and no service starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .common import STATE, TestbedError, run, say


def unpacked(package: str, suite: str | None = None) -> Path:
    """The files of a Debian package, downloaded and unpacked under the test bed's own folder. `suite` None: of the Debian here."""
    folder = STATE / "packages.d" / package
    if folder.exists():
        return folder
    if not shutil.which("apt-get"):
        raise TestbedError(f"The package {package} comes from Debian; there is no apt-get here.")
    say(f"fetching {package}")
    download = STATE / "download" / package
    shutil.rmtree(download, ignore_errors=True)
    download.mkdir(parents=True)
    options = _apart(download, suite) if suite else ()
    try:
        run("apt-get", *options, "download", package, cwd=download)
    except TestbedError:
        run("apt-get", *options, "update")
        run("apt-get", *options, "download", package, cwd=download)
    partial = folder.with_name(f"{package}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    run("dpkg-deb", "--extract", str(next(download.glob("*.deb"))), str(partial))
    shutil.rmtree(download)
    return partial.rename(folder)


def _apart(folder: Path, suite: str) -> tuple[str, ...]:
    """Options with which apt-get knows the packages of another suite, and nothing of this machine's."""
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {debian_mirror()} {suite} main\n")
    for name in ("lists", "cache"):
        (folder / name).mkdir()
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        # The Release file of a suite that is not out yet expires on mirrors.
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
    }
    return tuple(f"--option={name}={value}" for name, value in settings.items())


def debian_mirror() -> str:
    """Where this machine gets its packages, so that other Debian suites can be had from there too."""
    query = ("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian")
    targets = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split("\n")
    sites = [site for site in targets if site and "security" not in site]
    if not sites:
        raise TestbedError("Engines of other releases are made from Debian packages; apt-get here knows no Debian mirror.")
    return sites[0]
