# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies that generate containers and images as operators and authors write them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
Strategy = st.SearchStrategy[Any]

_WORDS = ("a", "b c", "", "x=y", "ü")
_PATHS = ("/data", "/cache", "/data/deep")
_SECOND = 1_000_000_000


def images(values: str, *, start_interval: bool = True) -> Strategy:
    """The Config of an image. Two images with different `values` share no default except ports and volumes."""
    return st.fixed_dictionaries(
        {"Cmd": _command(values)},
        optional={
            "Entrypoint": _command(values),
            "Env": _env(values, most=1),
            "Labels": _labels(values),
            "User": st.just(values),
            "WorkingDir": st.just(f"/{values}"),
            "StopSignal": st.just({"1": "SIGUSR1", "2": "SIGUSR2"}.get(values, "SIGINT")),
            "Volumes": _keys(_PATHS[:2]),
            "ExposedPorts": _keys(("8080/tcp", f"80{values}/udp")),
            "Healthcheck": _health_check(values, start_interval=start_interval),
            "Shell": st.just(["/bin/ash", "-c"]),
            "StopTimeout": st.just(7),
        },
    )


def bodies(values: str, networks: tuple[str, ...], volume: str, *, start_interval: bool = True, mac_of_endpoint: bool = False) -> Strategy:
    """The create body of a container. `values` as for images; `volume` is the name of a volume."""
    config = st.fixed_dictionaries(
        {},
        optional={
            "Cmd": _command(values),
            "Entrypoint": st.one_of(_command(values), st.just([""]), st.just([])),
            "Env": _env(values, most=2),
            "Labels": _labels(values),
            "User": st.just(values),
            "WorkingDir": st.just(f"/{values}"),
            "StopSignal": st.just("SIGQUIT"),
            "StopTimeout": st.sampled_from((0, 7, 30)),
            "Shell": st.sampled_from((["/bin/ash", "-c"], ["/bin/sh", "-c"])),
            "Hostname": st.sampled_from(("web", "0123456789ab", "web.example")),
            "Domainname": st.just("example"),
            "Tty": st.booleans(),
            "OpenStdin": st.booleans(),
            # If the image has the same path, the operator's wish for it is invisible. The volume stays in any case.
            "Volumes": _keys(_PATHS if values == "same" else ("/own", "/data/deep")),
            "Healthcheck": st.one_of(_health_check(values, start_interval=start_interval), st.just({"Test": ["NONE"]})),
        },
    )
    return st.builds(_body, config, _context(values), _storage(volume), _endpoints(networks, mac_of_endpoint=mac_of_endpoint))


def _body(config: Document, context: Document, storage: Document, networking: Document) -> Document:
    network_config = {"NetworkingConfig": {"EndpointsConfig": networking["endpoints"]}} if networking["endpoints"] else {}
    host_config = {"NetworkMode": networking["mode"], **storage, **context["bindings"]}
    return {**config, **context["exposed"], "HostConfig": host_config, **network_config, **networking["config"]}


def _command(values: str) -> Strategy:
    return st.lists(st.sampled_from(_WORDS[:2] + _WORDS[3:]), max_size=2).map(lambda words: [f"/{values}", *words])


def _env(values: str, most: int) -> Strategy:
    """Generate at most `most` entries for each variable."""
    entry = st.builds(lambda name, word: f"{name}={values}{word}", st.sampled_from("ABC"), st.sampled_from(_WORDS))

    def at_most(entries: list[str]) -> bool:
        names = [entry.partition("=")[0] for entry in entries]
        return all(names.count(name) <= most for name in names)

    return st.lists(entry, max_size=4).filter(at_most)


def _labels(values: str) -> Strategy:
    return st.dictionaries(st.sampled_from(("l1", "l2", "org.example/version")), st.sampled_from(_WORDS).map(lambda word: values + word))


def _keys(keys: tuple[str, ...]) -> Strategy:
    return st.sets(st.sampled_from(keys)).map(lambda chosen: {key: {} for key in sorted(chosen)})


def _health_check(values: str, *, start_interval: bool) -> Strategy:
    number = sum(values.encode())
    times = ("Interval", "Timeout", "StartPeriod", *(("StartInterval",) if start_interval else ()))
    return st.fixed_dictionaries(
        {},
        optional={
            "Test": st.sampled_from((["CMD", values], ["CMD-SHELL", f"test {values}"])),
            "Retries": st.just(number),
            **{field: st.just(number * _SECOND) for field in times},
        },
    ).filter(bool)


def _context(values: str) -> Strategy:
    """Published ports are also exposed, as the client does it."""
    published = _keys(("8080/tcp", "9090/tcp")).map(
        lambda context: {
            "exposed": {"ExposedPorts": context},
            "bindings": {"PortBindings": {port: [{"HostIp": "", "HostPort": ""}] for port in context}},
        }
    )
    exposed = st.just({"exposed": {"ExposedPorts": {f"70{len(values)}/tcp": {}}}, "bindings": {}})
    return st.one_of(st.just({"exposed": {}, "bindings": {}}), published, exposed)


def _storage(volume: str) -> Strategy:
    """Mounts at /short, /long and the paths that images use, each at most once."""
    short = st.sampled_from((f"{volume}:/short", f"{volume}:/short/:ro", "/short", f"{volume}:/data", f"{volume}:/cache/:nocopy"))
    options = {"VolumeOptions": {"NoCopy": True}}
    mount = st.sampled_from(({}, {"Source": volume}, {"Source": volume, "ReadOnly": True}, options)).map(
        lambda more: {"Type": "volume", "Target": "/long", **more}
    )
    return st.fixed_dictionaries({}, optional={"Binds": st.lists(short, max_size=1), "Mounts": st.lists(mount, max_size=1)})


def _endpoints(networks: tuple[str, ...], *, mac_of_endpoint: bool) -> Strategy:
    alias = st.sampled_from(("shop", "0123456789ab", "shop.example"))
    fields: dict[str, Strategy] = {"Aliases": st.lists(alias, min_size=1, max_size=2, unique=True), "DriverOpts": st.just({"a": "b"})}
    if mac_of_endpoint:
        fields["MacAddress"] = st.just("02:42:c0:ff:ee:01")
    endpoint = st.fixed_dictionaries({}, optional=fields)

    def on(chosen: list[str]) -> Strategy:
        return st.fixed_dictionaries(
            {
                "mode": st.just(chosen[0]),
                "endpoints": st.fixed_dictionaries(dict.fromkeys(chosen, endpoint)),
                "config": st.just({}) if mac_of_endpoint else st.sampled_from(({}, {"MacAddress": "02:42:c0:ff:ee:02"})),
            }
        )

    built_in = st.sampled_from(("default", "bridge", "none", "host")).map(lambda mode: {"mode": mode, "endpoints": {}, "config": {}})
    return st.one_of(st.lists(st.sampled_from(networks), min_size=1, unique=True).flatmap(on), built_in)
