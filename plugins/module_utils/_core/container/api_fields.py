# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the settings of a container that the engine would drop or refuse, because the API version of the request does not have them.

An engine shows all settings in every API version, but in a ContainerCreate call it ignores those that are newer than the call's version.
"""

from __future__ import annotations

import typing as t

from .create_body import ContainerSpec

# Settings that came after API 1.41, the oldest supported version. A part of a path that is a list stands for each of its elements.
_ADDED = (
    (("HostConfig", "Mounts", "BindOptions", "CreateMountpoint"), "1.42"),
    (("HostConfig", "Annotations"), "1.43"),
    (("HostConfig", "Mounts", "BindOptions", "ReadOnlyForceRecursive"), "1.44"),
    (("Healthcheck", "StartInterval"), "1.44"),
    (("HostConfig", "Mounts", "VolumeOptions", "Subpath"), "1.45"),
    (("HostConfig", "Mounts", "ImageOptions"), "1.48"),
)
_ADDED_TO_ENDPOINTS = (("MacAddress", "1.44"), ("GwPriority", "1.48"))

# The fields of HostConfig up to API 1.51, the newest version that this collection chooses by itself.
_HOST_CONFIG = """
Annotations AutoRemove Binds BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps BlkioWeight
BlkioWeightDevice CapAdd CapDrop Cgroup CgroupParent CgroupnsMode ConsoleSize ContainerIDFile CpuCount CpuPercent CpuPeriod CpuQuota
CpuRealtimePeriod CpuRealtimeRuntime CpuShares CpusetCpus CpusetMems DeviceCgroupRules DeviceRequests Devices Dns DnsOptions DnsSearch
ExtraHosts GroupAdd IOMaximumBandwidth IOMaximumIOps Init IpcMode Isolation KernelMemory KernelMemoryTCP Links LogConfig MaskedPaths
Memory MemoryReservation MemorySwap MemorySwappiness Mounts NanoCpus NetworkMode OomKillDisable OomScoreAdj PidMode PidsLimit
PortBindings Privileged PublishAllPorts ReadonlyPaths ReadonlyRootfs RestartPolicy Runtime SecurityOpt ShmSize StorageOpt Sysctls Tmpfs
UTSMode Ulimits UsernsMode VolumeDriver VolumesFrom
"""
_KNOWN_HOST_CONFIG = frozenset(_HOST_CONFIG.split())

_EMPTY: tuple[t.Any, ...] = (None, "", 0, False, [], {})


def newer_settings(spec: ContainerSpec, api_version: str) -> tuple[str, ...]:
    """Name the settings of a container that a request of `api_version` does not have, or may not have."""
    body = spec.create_body("")
    added = (".".join(path) for path, since in _ADDED if is_older(api_version, since) and _is_set(body, path))
    unknown = (
        f"HostConfig.{field}" for field, value in spec.host_config.items() if field not in _KNOWN_HOST_CONFIG and value not in _EMPTY
    )
    endpoints = (
        f"{field} of the network {network}"
        for network, endpoint in spec.endpoints.items()
        for field, since in _ADDED_TO_ENDPOINTS
        # Older versions have one MAC address, for the network that the container is created in.
        if is_older(api_version, since) and endpoint.get(field) and endpoint[field] != body.get(field)
    )
    return (*added, *unknown, *endpoints)


def is_older(api_version: str, other: str) -> bool:
    """Whether one API version is older than another. A version that is not known is not older."""
    return bool(api_version and other) and _numbers(api_version) < _numbers(other)


def _numbers(api_version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in api_version.split("."))


def _is_set(part: t.Any, path: tuple[str, ...]) -> bool:
    if isinstance(part, list):
        return any(_is_set(element, path) for element in part)
    if not path:
        return part not in _EMPTY
    return isinstance(part, dict) and _is_set(part.get(path[0]), path[1:])
