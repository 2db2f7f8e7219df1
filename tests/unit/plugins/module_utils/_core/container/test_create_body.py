# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's configuration is recovered from inspect documents of a real engine (fixtures/capture.sh)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec, shares_network_of
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected

FIXTURES = Path(__file__).parent / "fixtures"


def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


def spec_from(container: dict[str, Any]) -> ContainerSpec:
    return ContainerSpec.from_inspect(Inspected(container, document("image")))


def spec_of(name: str) -> ContainerSpec:
    return spec_from(document(name))


def user_config(name: str) -> dict[str, Any]:
    """The recovered config, without the fields that the client sets on every container."""
    always = {"AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "Domainname", "Image"}
    return {field: value for field, value in spec_of(name).config.items() if field not in always}


def test_a_container_without_configuration_follows_the_image_in_everything() -> None:
    assert user_config("plain") == {}


def test_configured_values_are_kept_and_the_rest_follows_the_image() -> None:
    assert user_config("customised") == {
        "Hostname": "shop.example",
        "User": "0",
        "Env": ["A=b", "MODE=fast"],
        "Labels": {"owner": "me", "team": "shop"},
        "ExposedPorts": {"7070/tcp": {}, "8080/tcp": {}},
        "Cmd": ["sleep 601"],
        "WorkingDir": "/tmp",
        "StopSignal": "SIGTERM",
        "StopTimeout": 33,
        "Healthcheck": {"Interval": 5_000_000_000},
    }


def test_a_command_is_kept_with_a_configured_entrypoint() -> None:
    assert user_config("entrypoint") == {"Entrypoint": ["sleep"], "Cmd": ["602"]}


def test_a_removed_entrypoint_is_kept() -> None:
    assert user_config("no-entrypoint") == {"Entrypoint": [""], "Cmd": ["sleep", "603"]}


def test_a_disabled_health_check_is_kept() -> None:
    assert user_config("no-health-check") == {"Healthcheck": {"Test": ["NONE"]}}


def test_a_container_in_anothers_network_has_no_host_name_and_no_ports() -> None:
    assert user_config("shares-network") == {}
    assert spec_of("shares-network").endpoints == {}


def test_the_host_config_is_kept_whole() -> None:
    container = document("customised")
    container["HostConfig"]["FieldOfTheFuture"] = {"kept": True}
    host_config = dict(spec_from(container).host_config)
    assert {**host_config, "Binds": None} == {**container["HostConfig"], "Binds": None}


def test_an_anonymous_volume_stays_attached() -> None:
    volume = next(mount["Name"] for mount in document("plain")["Mounts"] if mount["Destination"] == "/data")
    assert spec_of("plain").host_config["Binds"] == [f"{volume}:/data"]


def test_named_volumes_and_binds_are_not_mounted_twice() -> None:
    container = document("customised")
    anonymous = next(mount["Name"] for mount in container["Mounts"] if mount["Destination"] == "/data")
    assert spec_of("customised").host_config["Binds"] == ["/tmp:/host:ro", f"{anonymous}:/data"]
    assert spec_of("customised").host_config["Mounts"] == container["HostConfig"]["Mounts"]


@pytest.mark.parametrize("target", ["/data", "/data/", "//data", "/x/../data", "data"])
def test_a_mount_without_a_source_gets_the_anonymous_volume(target: str) -> None:
    container = document("plain")
    options = {"NoCopy": True, "Labels": {"a": "b"}}
    mount, scratch = {"Type": "volume", "Target": target, "VolumeOptions": options}, {"Type": "tmpfs", "Target": "/scratch"}
    container["HostConfig"]["Mounts"] = [mount, scratch]
    host_config = spec_from(container).host_config
    assert host_config["Binds"] is None
    assert host_config["Mounts"] == [{**mount, "Source": container["Mounts"][0]["Name"]}, scratch]


def test_endpoints_keep_configured_fields_and_drop_those_of_the_engine() -> None:
    by_alias = {endpoint["Aliases"][0]: endpoint for endpoint in spec_of("customised").endpoints.values()}
    assert by_alias == {
        "shop": {"IPAMConfig": {"IPv4Address": "10.99.1.50"}, "Aliases": ["shop", "shop.example"]},
        "shop-back": {"Aliases": ["shop-back", "shop.example"]},
    }


def test_the_default_network_needs_no_endpoint() -> None:
    assert spec_of("plain").endpoints == {}


@pytest.mark.parametrize(
    ("mode", "networks", "kept"),
    [
        ("default", ["bridge", "back"], ["bridge", "back"]),
        ("bridge", ["back", "bridge"], ["bridge", "back"]),
        ("front", ["back", "front"], ["front", "back"]),
        ("id-of-front", ["back", "front"], ["front", "back"]),
        ("front", ["front"], ["front"]),
        ("default", ["back"], ["back"]),
        ("default", ["bridge"], []),
        ("host", ["host"], []),
        ("none", ["none"], []),
    ],
)
def test_all_networks_are_kept_and_the_main_one_comes_first(mode: str, networks: list[str], kept: list[str]) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["NetworkSettings"]["Networks"] = {name: {"NetworkID": f"id-of-{name}"} for name in networks}
    assert list(spec_from(container).endpoints) == kept


def test_every_configured_field_of_an_endpoint_is_kept() -> None:
    container = document("plain")
    configured = {"Links": ["db:db"], "DriverOpts": {"a": "b"}, "GwPriority": 5, "IPAMConfig": {"LinkLocalIPs": ["169.254.1.1"]}}
    configured["FieldOfANewerEngine"] = {"a": 1}
    container["HostConfig"]["NetworkMode"] = "front"
    container["NetworkSettings"]["Networks"] = {"front": {**configured, "IPAddress": "10.0.0.2", "MacAddress": "02:42:0a:00:00:02"}}
    assert spec_from(container).endpoints == {"front": configured}


def test_a_read_only_volume_stays_read_only() -> None:
    container = document("plain")
    container["Mounts"][0]["RW"] = False
    assert spec_from(container).host_config["Binds"][0].endswith(":/data:ro")


def test_a_bind_without_a_source_keeps_its_volume() -> None:
    container = document("plain")
    container["HostConfig"]["Binds"] = ["/data"]
    assert [bind.split(":")[1] for bind in spec_from(container).host_config["Binds"]] == ["/data"]


def test_fields_that_only_an_image_can_set_are_dropped() -> None:
    container = document("plain")
    container["Config"].update(OnBuild=["RUN x"], Shell=["/bin/ash"], ArgsEscaped=True, StopTimeout=5)
    config = spec_from(container).config
    assert "OnBuild" not in config
    assert (config["Shell"], config["ArgsEscaped"], config["StopTimeout"]) == (["/bin/ash"], True, 5)


@pytest.mark.parametrize("field", ["ArgsEscaped", "StopSignal", "User", "WorkingDir"])
def test_a_default_of_the_image_is_dropped(field: str) -> None:
    container, image = document("plain"), document("image")
    container["Config"][field] = image["Config"][field] = "same"
    assert field not in ContainerSpec.from_inspect(Inspected(container, image)).config


@pytest.mark.parametrize("nothing", [None, []])
def test_an_empty_list_and_none_are_the_same_missing_entrypoint(nothing: list[str] | None) -> None:
    container, image = document("no-entrypoint"), document("image")
    container["Config"]["Entrypoint"], image["Config"]["Entrypoint"] = nothing, [] if nothing is None else None
    assert "Entrypoint" not in ContainerSpec.from_inspect(Inspected(container, image)).config


def test_the_create_body_has_the_image_the_host_config_and_the_endpoints() -> None:
    spec = spec_of("customised")
    body = spec.create_body("nginx:alpine")
    assert body["Image"] == "nginx:alpine"
    assert body["HostConfig"] == spec.host_config
    assert body["NetworkingConfig"] == {"EndpointsConfig": spec.endpoints}


def test_the_inspect_documents_are_not_changed() -> None:
    container, image = document("customised"), document("image")
    ContainerSpec.from_inspect(Inspected(container, image)).create_body("nginx")
    assert (container, image) == (document("customised"), document("image"))


def test_the_images_entrypoint_configured_without_a_command_stays_without_one() -> None:
    container = document("plain")
    container["Config"]["Cmd"] = None
    config = spec_from(container).config
    assert config["Entrypoint"] == ["sh", "-c"]
    assert "Cmd" not in config


@pytest.mark.parametrize("bind", ["/srv:/x/../data", "vol:/x/..//data/:ro", "vol://data"])
def test_a_mount_point_is_compared_in_its_normalised_form(bind: str) -> None:
    container = document("plain")
    container["HostConfig"]["Binds"] = [bind]
    assert spec_from(container).host_config["Binds"] == [bind]


def test_a_value_of_zero_is_kept() -> None:
    container = document("plain")
    container["Config"]["StopTimeout"] = 0
    assert spec_from(container).config["StopTimeout"] == 0


@pytest.mark.parametrize("image", [{"Config": {}}, {"Config": None}, {}, None])
def test_all_values_are_kept_if_the_image_has_no_defaults(image: dict[str, Any] | None) -> None:
    fields = ("Env", "Labels", "ExposedPorts", "Volumes", "Healthcheck", "Cmd", "Entrypoint", "User")
    config = ContainerSpec.from_inspect(Inspected(document("plain"), image)).config
    assert {field: config.get(field) for field in fields} == {field: document("plain")["Config"][field] for field in fields}


def test_the_images_command_is_kept_with_a_configured_entrypoint() -> None:
    container, image = document("entrypoint"), document("image")
    image["Config"]["Cmd"] = container["Config"]["Cmd"]
    assert ContainerSpec.from_inspect(Inspected(container, image)).config["Cmd"] == ["602"]


def test_a_container_in_anothers_network_exposes_no_ports() -> None:
    container = document("shares-network")
    container["Config"]["ExposedPorts"] = {"7070/tcp": {}}
    assert "ExposedPorts" not in spec_from(container).config


@pytest.mark.parametrize(
    ("mode", "other"),
    [("container:c0ffee", "c0ffee"), ("ns:/run/netns/a", None), ("container", None), ("bridge", None), ("", None), (None, None)],
)
def test_the_container_whose_network_is_shared(mode: str | None, other: str | None) -> None:
    assert shares_network_of({"NetworkMode": mode}) == other


def endpoints_of(mode: str, networks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["NetworkSettings"]["Networks"] = networks
    return dict(spec_from(container).endpoints)


@pytest.mark.parametrize(
    ("mode", "networks", "kept"),
    [
        ("default", ["back", "bridge"], ["bridge", "back"]),
        ("front", ["bridge", "front"], ["front", "bridge"]),
        ("fro", ["back", "front"], ["back", "front"]),
        ("bridge", ["bridge"], []),
        ("front", ["bridge"], ["bridge"]),
    ],
)
def test_the_order_of_networks_does_not_depend_on_their_ids(mode: str, networks: list[str], kept: list[str]) -> None:
    assert list(endpoints_of(mode, {name: {"NetworkID": name} for name in networks})) == kept
    assert list(endpoints_of(mode, {name: {} for name in networks})) == kept


def test_a_configured_field_of_a_single_built_in_network_is_kept() -> None:
    assert endpoints_of("default", {"bridge": {"GwPriority": 5}}) == {"bridge": {"GwPriority": 5}}


@pytest.mark.parametrize("settings", [None, {}, {"Networks": None}])
def test_a_container_without_networks_has_no_endpoints(settings: dict[str, Any] | None) -> None:
    assert spec_from({**document("plain"), "NetworkSettings": settings}).endpoints == {}


def test_the_entrypoint_follows_the_image_if_neither_has_a_command() -> None:
    container, image = document("plain"), document("image")
    container["Config"]["Cmd"] = image["Config"]["Cmd"] = None
    assert "Entrypoint" not in ContainerSpec.from_inspect(Inspected(container, image)).config


@pytest.mark.parametrize(
    ("field", "value"), [("StopTimeout", 30), ("Shell", ["/bin/ash", "-c"]), ("Domainname", "example"), ("Tty", True), ("OpenStdin", True)]
)
def test_fields_that_no_image_can_set_are_kept_even_if_the_image_has_the_same_value(field: str, value: object) -> None:
    """An image from docker commit has such values, but the engine ignores them."""
    container, image = document("plain"), document("image")
    container["Config"][field] = image["Config"][field] = value
    assert ContainerSpec.from_inspect(Inspected(container, image)).config[field] == value


def config_of(container: dict[str, Any], image: dict[str, Any], **options: Any) -> dict[str, Any]:
    inspected = document("plain")
    inspected["Config"].update(container)
    return dict(ContainerSpec.from_inspect(Inspected(inspected, {"Config": image}), **options).config)


@pytest.mark.parametrize(
    ("env", "defaults", "kept"),
    [
        (["A=2", "A=1"], ["A=1"], ["A=2", "A=1"]),
        (["A=1", "A=2"], ["A=1"], ["A=1", "A=2"]),
        (["A=1", "A=2"], ["A=1", "A=2"], None),
        (["A=1", "B=1"], ["A=1", "A=2", "B=1"], ["A=1"]),
        (["A"], ["A=1"], ["A"]),
        (["A="], ["A=1"], ["A="]),
        (["AB=1"], ["A=1"], ["AB=1"]),
        (["A=b=c"], ["A=b"], ["A=b=c"]),
        (["B=2", "A=2"], ["A=1", "B=1"], ["B=2", "A=2"]),
    ],
)
def test_all_entries_of_a_variable_are_kept_or_dropped_together(env: list[str], defaults: list[str], kept: list[str] | None) -> None:
    """The engine takes all entries of a variable from the container, or all from the image."""
    assert config_of({"Env": env}, {"Env": defaults}).get("Env") == kept


def test_keep_env_keeps_a_variable_with_the_images_value() -> None:
    same = ["A=1", "AB=1", "B=1"]
    assert config_of({"Env": same}, {"Env": same}, keep_env=frozenset({"A", "C"}))["Env"] == ["A=1"]


def test_a_published_port_stays_exposed() -> None:
    """The engine publishes only exposed ports, and the new image may expose other ones."""
    container = document("plain")
    container["HostConfig"]["PortBindings"] = {"8080/tcp": [{"HostIp": "", "HostPort": "80"}]}
    assert spec_from(container).config["ExposedPorts"] == {"8080/tcp": {}}


@pytest.mark.parametrize(("command", "kept"), [(["sleep"], {"Entrypoint": []}), (["other"], {"Entrypoint": [], "Cmd": ["other"]})])
def test_an_empty_entrypoint_is_kept_and_still_takes_the_images_command(command: list[str], kept: dict[str, Any]) -> None:
    config = config_of({"Entrypoint": [], "Cmd": command}, {"Entrypoint": ["sh"], "Cmd": ["sleep"]})
    assert {field: config[field] for field in ("Entrypoint", "Cmd") if field in config} == kept


def test_args_escaped_is_kept_only_with_a_configured_command() -> None:
    image = {"Cmd": ["a"], "ArgsEscaped": True, "Entrypoint": None}
    assert config_of({"Cmd": ["b"], "ArgsEscaped": True, "Entrypoint": None}, image)["ArgsEscaped"] is True
    assert "ArgsEscaped" not in config_of({"Cmd": ["a"], "ArgsEscaped": True, "Entrypoint": None}, image)


@pytest.mark.behaviour("E5")
def test_unknown_fields_are_kept() -> None:
    container = document("plain")
    container["Config"]["Future"] = container["HostConfig"]["Future"] = {"kept": [True]}
    body = spec_from(container).create_body("nginx")
    assert body["Future"] == body["HostConfig"]["Future"] == {"kept": [True]}


@pytest.mark.behaviour("B9")
def test_verbatim_keeps_every_value_that_a_create_body_can_contain() -> None:
    container = document("customised")
    container["Config"]["OnBuild"] = ["RUN x"]
    config = ContainerSpec.from_inspect(Inspected(container, None)).config
    assert config == {field: value for field, value in container["Config"].items() if field != "OnBuild"}


def test_verbatim_does_not_keep_values_that_the_engine_set() -> None:
    config = ContainerSpec.from_inspect(Inspected(document("plain"), None)).config
    assert "Hostname" not in config
    config = ContainerSpec.from_inspect(Inspected(document("no-entrypoint"), None)).config
    assert (config["Entrypoint"], config["Cmd"]) == ([""], ["sleep", "603"])
    config = ContainerSpec.from_inspect(Inspected(document("shares-network"), None)).config
    assert not {"Hostname", "Domainname", "ExposedPorts"} & set(config)


def test_a_container_in_anothers_network_has_no_domain() -> None:
    container = document("shares-network")
    container["Config"]["Domainname"] = "of.the.other"
    assert "Domainname" not in spec_from(container).config


@pytest.mark.parametrize(("host_name", "kept"), [("box", None), ("", "box"), ("other", "box")])
def test_the_hosts_name_is_dropped_on_the_hosts_network(host_name: str, kept: str | None) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = "host"
    container["Config"]["Hostname"] = "box"
    assert ContainerSpec.from_inspect(Inspected(container, document("image"), host_name=host_name)).config.get("Hostname") == kept


def test_the_hosts_name_is_kept_on_another_network() -> None:
    container = document("plain")
    container["Config"]["Hostname"] = "box"
    assert ContainerSpec.from_inspect(Inspected(container, document("image"), host_name="box")).config["Hostname"] == "box"


@pytest.mark.parametrize(
    ("mode", "isolated"),
    [
        ("front", True),
        ("default", True),
        ("bridge", True),
        (None, True),
        ("none", False),
        ("host", False),
        ("container:c0ffee", False),
        ("ns:/run/netns/a", False),
        ("slirp4netns:port_handler=rootlesskit", False),
    ],
)
def test_a_container_that_was_disconnected_from_all_networks_stays_disconnected(mode: str | None, isolated: bool) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["NetworkSettings"]["Networks"] = {}
    spec = spec_from(container)
    assert (spec.host_config["NetworkMode"], spec.endpoints) == ("none" if isolated else mode, {})


def test_a_container_that_was_created_without_networks_stays_without() -> None:
    container = document("plain")
    container["NetworkSettings"]["Networks"] = {}
    container["Config"]["NetworkDisabled"] = True
    spec = spec_from(container)
    assert (spec.host_config["NetworkMode"], spec.config["NetworkDisabled"]) == (document("plain")["HostConfig"]["NetworkMode"], True)


ENGINE_20 = {"NetworkID": "c0ffee", "IPAddress": "172.19.0.2"}
ENGINE_26 = {**ENGINE_20, "DNSNames": None}
ENGINE_28 = {**ENGINE_26, "GwPriority": 0}
NEVER_STARTED = {"NetworkID": "", "IPAddress": "", "DNSNames": None}


@pytest.mark.behaviour("D4")
@pytest.mark.parametrize(
    ("endpoint", "mac", "kept"),
    [
        (ENGINE_20, "02:42:ac:13:00:02", False),
        (ENGINE_20, "02:42:0a:11:22:36", False),
        (ENGINE_26, "02:42:ac:13:00:02", False),
        (ENGINE_26, "02:42:0a:11:22:36", True),
        (ENGINE_26, "de:ad:be:ef:00:01", True),
        (ENGINE_26, "", False),
        ({**ENGINE_26, "IPAddress": ""}, "02:42:0a:11:22:36", False),
        (ENGINE_28, "52:65:a3:da:fe:0c", False),
        (ENGINE_28, "02:42:ac:13:00:02", False),
        (ENGINE_28, "02:42:0a:11:22:36", True),
        (ENGINE_28, "00:16:3e:11:22:36", True),
        (NEVER_STARTED, "52:65:a3:da:fe:0c", True),
    ],
)
def test_a_mac_address_is_kept_unless_the_engine_generated_it(endpoint: dict[str, Any], mac: str, kept: bool) -> None:
    endpoints = endpoints_of("front", {"front": {"NetworkID": "1"}, "back": {**endpoint, "MacAddress": mac}})
    assert endpoints["back"] == ({"MacAddress": mac} if kept else {})


@pytest.mark.behaviour("D4")
@pytest.mark.parametrize(("mode", "network"), [("front", "front"), ("default", "bridge"), ("bridge", "bridge")])
def test_the_containers_mac_address_belongs_to_its_first_network(mode: str, network: str) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["Config"]["MacAddress"] = "52:65:a3:da:fe:0c"
    container["NetworkSettings"]["Networks"] = {"back": ENGINE_28, network: {**ENGINE_28, "MacAddress": "52:65:a3:da:fe:0c"}}
    spec = spec_from(container)
    assert spec.config["MacAddress"] == "52:65:a3:da:fe:0c"
    assert spec.endpoints == {network: {"MacAddress": "52:65:a3:da:fe:0c"}, "back": {}}


@pytest.mark.parametrize(
    ("mode", "kept"), [("c0ffeec0ffee", ["front", "back"]), ("c0ffee", ["back", "front"]), ("back", ["back", "front"])]
)
def test_a_network_mode_may_be_the_beginning_of_a_network_id(mode: str, kept: list[str]) -> None:
    networks = {"back": {"NetworkID": "beef" * 16}, "front": {"NetworkID": "c0ffee" * 10 + "c0ff"}}
    assert list(endpoints_of(mode, networks)) == kept


@pytest.mark.parametrize("alias", ["c0ffeec0ffee", "0123456789abcdef"])
def test_the_old_short_id_is_the_only_alias_that_is_dropped(alias: str) -> None:
    old = document("plain")["Id"][:12]
    endpoints = endpoints_of("front", {"front": {"Aliases": [alias, old, "shop", f"{old}f"]}})
    assert endpoints["front"]["Aliases"] == [alias, "shop", f"{old}f"]


def test_labels_of_compose_are_kept_even_if_the_image_has_the_same() -> None:
    """Compose also writes the first two into images that it builds, and finds its containers by them."""
    compose_labels = {
        f"com.docker.compose.{label}": value for label, value in (("project", "shop"), ("service", "web"), ("container-number", "1"))
    }
    container, image = document("plain"), document("image")
    container["Config"]["Labels"] = {**compose_labels, "team": "shop"}
    image["Config"]["Labels"] = {**compose_labels, "team": "shop"}
    del image["Config"]["Labels"]["com.docker.compose.container-number"]
    assert ContainerSpec.from_inspect(Inspected(container, image)).config["Labels"] == compose_labels


NETWORK_ID = "43f10f046c95" + "e" * 52


@pytest.mark.parametrize("digits", ["43f10f046c95", "43f1", "4", NETWORK_ID])
@pytest.mark.parametrize("first", ["digits", "name"])
@pytest.mark.parametrize("others", [(), ("back",), ("4d",)])
def test_a_network_that_is_listed_twice_is_kept_once(digits: str, first: str, others: tuple[str, ...]) -> None:
    """F-H6. Created with digits of the network's ID, the container has the network under them and under its name."""
    endpoint = {"NetworkID": NETWORK_ID, "Aliases": ["shop", document("plain")["Id"][:12]], "IPAMConfig": {"IPv4Address": "10.0.0.9"}}
    twice = {digits: endpoint, "front": endpoint} if first == "digits" else {"front": endpoint, digits: endpoint}
    networks = {**{name: {"NetworkID": f"f{name}"} for name in others}, **twice}
    kept = endpoints_of(digits, networks)
    assert list(kept) == ["front", *others]
    assert kept["front"] == {"Aliases": ["shop"], "IPAMConfig": {"IPv4Address": "10.0.0.9"}}


def test_a_network_whose_name_is_made_of_digits_is_kept() -> None:
    """Before the first start, the endpoint has no ID."""
    assert list(endpoints_of("43f1", {"back": {"NetworkID": "b"}, "43f1": {"NetworkID": ""}})) == ["43f1", "back"]
    assert list(endpoints_of("b", {"back": {"NetworkID": "ba"}, "b": {"NetworkID": "43f1"}})) == ["b", "back"]
    assert list(endpoints_of("43", {"43": {"NetworkID": NETWORK_ID}})) == ["43"]
