# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unpack Debian packages without installing them: nothing on the machine changes, and no service starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .common import STATE, TestbedError, run, say


def unpacked(package: str, suite: str | None = None) -> Path:
    """Return the folder with the files of a Debian package. Download and unpack it first if necessary.

    `suite` is the Debian suite, or None for the one of this machine.
    """
    folder = STATE / "packages.d" / package
    if folder.exists():
        return folder
    if not shutil.which("apt-get"):
        raise TestbedError(f"The package {package} cannot be downloaded: there is no apt-get here. Use Debian or Ubuntu.")
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
    """Options that make apt-get use another suite instead of this machine's sources and package lists."""
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {debian_mirror()} {suite} main\n")
    for name in ("lists", "cache"):
        (folder / name).mkdir()
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        # The Release file of an unreleased suite may have expired on a mirror.
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
    }
    return tuple(f"--option={name}={value}" for name, value in settings.items())


def debian_mirror() -> str:
    """The mirror from which this machine gets its packages. It has the other Debian suites too."""
    query = ("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian")
    targets = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split("\n")
    sites = [site for site in targets if site and "security" not in site]
    if not sites:
        raise TestbedError("Packages of another Debian release are needed, but apt-get here has no Debian mirror. Use Debian.")
    return sites[0]
