# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator asked for is there after an update, and what the old image said is gone. Through Ansible, on a real engine."""

from __future__ import annotations

import io
import json
from typing import Any

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected
from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import run_module, run_module_here
from support.real.sandbox import Sandbox
from testbed import engine
from testbed.images import WebImage, serve_after, shell

pytestmark = pytest.mark.oldest_engine

Document = dict[str, Any]

STAYS = shell("trap 'exit 0' TERM; sleep 600 & wait")
ENDS = shell("exit 3")


class Old:
    """A container of image v1, and a way to move it to v2."""

    def __init__(self, sandbox: Sandbox, v1: tuple[str, ...] = (), **body: Any) -> None:
        self._sandbox = sandbox
        self.name = f"{sandbox.prefix}-web"
        self.image = image(sandbox, "1", WebImage("v1", command=STAYS, health=None), v1)
        self.id = create(sandbox, self.name, {"Image": self.image, **body})
        sandbox.client.start(self.id)
        self.document = sandbox.inspect(self.id)

    def update(self, v2: tuple[str, ...] = (), *, command: tuple[str, ...] = STAYS, health: str | None = None, **options: Any) -> Document:
        """The inspect document after the update."""
        result = self.run(v2, command=command, health=health, **options)
        assert result["outcome"] == "recreated", result
        assert self._sandbox.containers == [self.name]
        document = self._sandbox.inspect(self.name)
        assert document["Id"] != self.id
        return document

    def roll_back(self, **options: Any) -> Document:
        """The inspect document after an update that failed."""
        result = self.run(command=ENDS, **options)
        assert result["outcome"] == "rolled_back", result
        assert self._sandbox.containers == [self.name]
        document = self._sandbox.inspect(self.name)
        assert (document["Id"], document["State"]["Running"]) == (self.id, True)
        return document

    def run(self, v2: tuple[str, ...] = (), *, command: tuple[str, ...] = STAYS, health: str | None = None, **options: Any) -> Document:
        v2_image = image(self._sandbox, "2", WebImage("v2", command=command, health=health), v2)
        given = {"name": self.name, "image": v2_image, "pull": "never", "grace_period": 1, "poll_interval": 0.2, **options}
        return run_module("container_recreate", **given)


def image(sandbox: Sandbox, tag: str, like: WebImage, instructions: tuple[str, ...] = ()) -> str:
    """An image that is on this host only, with more instructions than an import knows."""
    reference = sandbox.image(tag, like, push=False)
    if instructions:
        base = sandbox.client.inspect_image(reference)["Id"]
        dockerfile = io.BytesIO("\n".join((f"FROM {reference}", *instructions)).encode())
        for line in sandbox.client.build(fileobj=dockerfile, tag=reference, rm=True, decode=True):
            assert "error" not in line, line
        # An image goes with the last one that was made from it.
        sandbox._images = sandbox._images - {base} | {sandbox.client.inspect_image(reference)["Id"]}
    return reference


def create(sandbox: Sandbox, name: str, body: Document) -> str:
    """Create a container on any number of networks, whatever the engine takes at once."""
    client = sandbox.client
    endpoints = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    first = dict(list(endpoints.items())[: None if takes_all_networks(client) else 1])
    container: str = client.create_container_from_config({**body, "NetworkingConfig": {"EndpointsConfig": first}}, name)["Id"]
    for network, endpoint in endpoints.items():
        if network not in first:
            url = client._url("/networks/{0}/connect", network)
            client._raise_for_status(client._post_json(url, data={"Container": container, "EndpointConfig": endpoint}))
    return container


def takes_all_networks(client: docker.APIClient) -> bool:
    return bool(docker.utils.version_gte(client.api_version, "1.44"))


def network(sandbox: Sandbox, suffix: str, number: int, *, ipv6: bool = False) -> str:
    """A bridge network with subnets of its own, so that addresses can be asked for."""
    pools = [docker.types.IPAMPool(subnet=subnet(sandbox, number) + "0/24")]
    if ipv6:
        pools.append(docker.types.IPAMPool(subnet=subnet6(sandbox, number) + ":/64"))
    return sandbox.network(suffix, ipam=docker.types.IPAMConfig(pool_configs=pools), enable_ipv6=ipv6)


def subnet(sandbox: Sandbox, number: int) -> str:
    return f"10.{200 + number}.{int(sandbox.prefix[-2:], 16)}."


def subnet6(sandbox: Sandbox, number: int) -> str:
    return f"fd00:{int(sandbox.prefix[-4:], 16):x}:{number}:"


def endpoints(document: Document) -> Document:
    networks: Document = document["NetworkSettings"]["Networks"]
    return networks


def aliases(document: Document) -> dict[str, list[str]]:
    return {
        name: [alias for alias in endpoint["Aliases"] or [] if alias != document["Id"][:12]]
        for name, endpoint in endpoints(document).items()
    }


def variables(config: Document) -> list[str]:
    """Without PATH, which every build sets."""
    return sorted(entry for entry in config["Env"] if not entry.startswith("PATH="))


def execute(sandbox: Sandbox, container: str, *command: str) -> str:
    output: bytes = sandbox.client.exec_start(sandbox.client.exec_create(container, ["busybox", *command])["Id"])
    return output.decode()


class TestImageDefaults:
    @pytest.mark.behaviour("B1", "B2", "B5", "B6", "B10", "B11", "J4")
    def test_defaults_follow_the_new_image(self, sandbox: Sandbox) -> None:
        v1 = (
            "ENV APP_VERSION=1",
            "ENV SHARED=1",
            "LABEL org.opencontainers.image.version=1",
            "STOPSIGNAL SIGINT",
            "USER 1000",
            "WORKDIR /www",
            "EXPOSE 8080",
            "ONBUILD RUN true",
        )
        v2 = (
            "ENV APP_VERSION=2",
            "ENV SHARED=2",
            "LABEL org.opencontainers.image.version=2",
            "STOPSIGNAL SIGQUIT",
            "USER 1001",
            "WORKDIR /tmp",
            "EXPOSE 9090",
            "ONBUILD RUN false",
            'ENTRYPOINT ["busybox"]',
            f"CMD {json.dumps(STAYS)}",
        )
        labels = {"team": "shop", "com.docker.compose.project": "shop"}
        old = Old(sandbox, v1, Env=["A=b", "SHARED=ours"], Labels=labels)
        config = old.update(v2)["Config"]
        assert variables(config) == ["A=b", "APP_VERSION=2", "SHARED=ours"]
        assert {**config["Labels"], **labels, "org.opencontainers.image.version": "2"} == config["Labels"]
        assert (config["StopSignal"], config["User"], config["WorkingDir"]) == ("SIGQUIT", "1001", "/tmp")
        assert (config["Entrypoint"], config["Cmd"]) == (["busybox"], list(STAYS))
        assert config["ExposedPorts"] == {"9090/tcp": {}}
        assert config["Hostname"] == sandbox.inspect(old.name)["Id"][:12]

    @pytest.mark.behaviour("B4")
    def test_health_check_follows_the_image_except_for_user_settings(self, sandbox: Sandbox) -> None:
        old = Old(sandbox, ("HEALTHCHECK --interval=30s --retries=7 CMD false",), Healthcheck={"Timeout": 9_000_000_000})
        health_check = old.update(command=serve_after(), health="true")["Config"]["Healthcheck"]
        assert health_check == {"Test": ["CMD-SHELL", "true"], "Interval": 1_000_000_000, "Timeout": 9_000_000_000, "Retries": 2}

    def test_user_settings_are_kept(self, sandbox: Sandbox) -> None:
        asked = {
            "Hostname": "shop",
            "Domainname": "example",
            "User": "0",
            "WorkingDir": "/tmp",
            "Entrypoint": ["sh"],
            "Cmd": ["-c", "trap 'exit 0' TERM; sleep 601 & wait"],
            "StopSignal": "SIGTERM",
            "StopTimeout": 4,
            "Shell": ["/bin/ash", "-c"],
            "Tty": True,
            "OpenStdin": True,
            "Healthcheck": {"Test": ["NONE"]},
        }
        old = Old(sandbox, ("USER 1000", "WORKDIR /www", "STOPSIGNAL SIGINT"), **asked)
        config = old.update(("USER 1001", "STOPSIGNAL SIGQUIT", 'ENTRYPOINT ["false"]'), health="false")["Config"]
        assert {field: config[field] for field in asked} == {**asked, "Healthcheck": config["Healthcheck"]}
        assert config["Healthcheck"]["Test"] == ["NONE"]

    def test_published_port_is_kept_when_the_image_no_longer_exposes_it(self, sandbox: Sandbox) -> None:
        bindings = {"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}}
        old = Old(sandbox, ("EXPOSE 8080",), ExposedPorts={"8080/tcp": {}}, HostConfig=bindings)
        assert old.document["NetworkSettings"]["Ports"]["8080/tcp"]
        assert old.update()["NetworkSettings"]["Ports"]["8080/tcp"]

    @pytest.mark.behaviour("B8")
    def test_keep_env_keeps_a_variable_with_the_default_value(self, sandbox: Sandbox) -> None:
        old = Old(sandbox, ("ENV MODE=fast", "ENV LEVEL=1"), Env=["MODE=fast", "LEVEL=1"])
        config = old.update(("ENV MODE=slow", "ENV LEVEL=2"), keep_env=["MODE"])["Config"]
        assert variables(config) == ["LEVEL=2", "MODE=fast"]

    @pytest.mark.behaviour("F-H14")
    def test_user_that_changes_with_the_image_is_a_warning(self, sandbox: Sandbox) -> None:
        """The operator set the user that the image also has, so it counts as a default of the image."""
        old = Old(sandbox, ("USER 65534",), User="65534")
        v2 = image(sandbox, "2", WebImage("v2", command=STAYS, health=None))
        options = {"name": old.name, "image": v2, "pull": "never", "grace_period": 1, "docker_host": engine.host(), "_ansible_diff": True}
        predicted = run_module_here(container_recreate, check_mode=True, **options)
        result = run_module_here(container_recreate, **options)
        for found in (predicted, result):
            assert found["outcome"] == "recreated", found
            assert "will run as root, not as 65534 as before" in str(found["warnings"])
            assert (found["diff"]["before"]["user"], found["diff"]["after"]["user"]) == ("65534", None)
        assert sandbox.inspect(old.name)["Config"]["User"] == ""

    @pytest.mark.behaviour("F-H14")
    def test_kept_fields_do_not_follow_the_image(self, sandbox: Sandbox) -> None:
        old = Old(sandbox, ("USER 65534", "WORKDIR /www", "STOPSIGNAL SIGINT", "LABEL a=1"), User="65534")
        result = old.run(("USER 1000", "WORKDIR /tmp", "STOPSIGNAL SIGQUIT", "LABEL a=2"), keep=["user", "working_dir"])
        assert (result.get("outcome"), result.get("warnings", [])) == ("recreated", []), result
        config = sandbox.inspect(old.name)["Config"]
        assert (config["User"], config["WorkingDir"], config["StopSignal"], config["Labels"]) == ("65534", "/www", "SIGQUIT", {"a": "2"})
        again = run_module("container_recreate", name=old.name, pull="never", force=True, grace_period=1)
        assert (again["outcome"], sandbox.inspect(old.name)["Config"]["User"]) == ("recreated", "65534")

    @pytest.mark.behaviour("B9")
    def test_verbatim_configuration_is_accepted_by_the_engine(self, sandbox: Sandbox) -> None:
        old = Old(sandbox, ("ENV MODE=fast", "LABEL from=1", "USER 1000"), Env=["A=b"])
        v2 = image(sandbox, "2", WebImage("v2", command=ENDS, health=None), ("ENV MODE=slow", 'ENTRYPOINT ["false"]'))
        spec = ContainerSpec.from_inspect(Inspected(old.document, None))
        again = create(sandbox, f"{sandbox.prefix}-again", dict(spec.create_body(v2)))
        config = sandbox.inspect(again)["Config"]
        assert variables(config) == ["A=b", "MODE=fast"]
        assert (config["Labels"], config["User"], config["Entrypoint"], config["Cmd"]) == ({"from": "1"}, "1000", None, list(STAYS))


class TestStorage:
    @pytest.mark.behaviour("C4", "C10")
    def test_all_kinds_of_mounts_are_kept(self, sandbox: Sandbox) -> None:
        local = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
        with_options, plain = f"{sandbox.prefix}-options", f"{sandbox.prefix}-plain"
        sandbox.client.create_volume(with_options, driver_opts=local)
        host_config = {
            "Binds": [f"{with_options}:/options", f"{plain}:/plain:ro,nocopy", "/tmp:/bind:ro,private,z", "/fresh-by-bind"],
            "Mounts": [
                {"Type": "volume", "Source": plain, "Target": "/again", "VolumeOptions": {"NoCopy": True}},
                {"Type": "bind", "Source": "/tmp", "Target": "/long", "ReadOnly": True, "BindOptions": {"Propagation": "private"}},
                {"Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 0o700}},
                {"Type": "volume", "Target": "/fresh", "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}}},
            ],
            "Tmpfs": {"/hidden": "size=1m"},
        }
        volumes = {"/by-operator": {}, "/hidden": {}}
        old = Old(sandbox, ("VOLUME /by-image /hidden",), HostConfig=host_config, Volumes=volumes)
        for path in ("/fresh", "/fresh-by-bind", "/by-operator", "/by-image"):
            execute(sandbox, old.id, "touch", f"{path}/kept")
        new = old.update(("VOLUME /by-image",))
        assert mounts(new) == mounts(old.document)
        assert new["HostConfig"]["Tmpfs"] == host_config["Tmpfs"]
        # The engine would have made it anew without them.
        assert sandbox.client.inspect_volume(with_options)["Options"] == local
        for path in ("/fresh", "/fresh-by-bind", "/by-operator", "/by-image"):
            assert execute(sandbox, new["Id"], "ls", path).strip() == "kept"

    @pytest.mark.behaviour("C4")
    def test_volumes_from_another_container_still_belong_to_it(self, sandbox: Sandbox) -> None:
        lent = image(sandbox, "lender", WebImage("lender", command=STAYS, health=None), ("VOLUME /lent",))
        lender = create(sandbox, f"{sandbox.prefix}-lender", {"Image": lent})
        volume = sandbox.inspect(lender)["Mounts"][0]["Name"]
        old = Old(sandbox, HostConfig={"VolumesFrom": [f"{lender}:ro"]})
        result = old.run()
        assert result["outcome"] == "recreated", result
        new = sandbox.inspect(old.name)
        assert [(mount["Name"], mount["RW"]) for mount in new["Mounts"]] == [(volume, False)]
        assert new["HostConfig"]["VolumesFrom"] == [f"{lender}:ro"]

    @pytest.mark.behaviour("F-H1")
    @pytest.mark.parametrize("offer", ["volume", "bind", "nested volume"])
    def test_own_volume_is_kept_when_the_lender_offers_another_one_there(self, sandbox: Sandbox, offer: str) -> None:
        name, body = f"{sandbox.prefix}-lender", {"Image": image(sandbox, "lender", WebImage("lender", command=STAYS, health=None))}
        create(sandbox, name, body)
        host_config = {"VolumesFrom": [name], "Binds": [f"{sandbox.prefix}-named:/named"]}
        old = Old(sandbox, ("VOLUME /own /own/nested",), HostConfig=host_config)
        paths = ("/own", "/own/nested", "/named")
        for path in paths:
            execute(sandbox, old.id, "sh", "-c", f"echo {path} > {path}/kept")
        offered = ("/own/nested",) if offer == "nested volume" else paths
        there = {"Binds": [f"/tmp:{path}" for path in offered]} if offer == "bind" else {}
        sandbox.client.remove_container(name)
        lender = create(sandbox, name, {**body, "HostConfig": there, "Volumes": {path: {} for path in (*offered, "/lent")}})
        sandbox.client.start(lender)
        execute(sandbox, lender, "touch", "/lent/file")
        result = old.run()
        assert result["outcome"] == "recreated", result
        new = sandbox.inspect(old.name)
        for path in paths:
            assert execute(sandbox, new["Id"], "cat", f"{path}/kept").strip() == path
        assert execute(sandbox, new["Id"], "ls", "/lent").strip() == "file"
        assert [mount for mount in mounts(new) if mount[0] != "/lent"] == mounts(old.document)
        # What was kept once is kept again.
        assert run_module("container_recreate", name=old.name, pull="never", force=True, grace_period=1)["outcome"] == "recreated"
        assert mounts(sandbox.inspect(old.name)) == mounts(new)

    @pytest.mark.behaviour("F-H1")
    @pytest.mark.parametrize("mode", ["", ":ro"])
    def test_borrowed_volume_is_kept_when_the_lender_no_longer_has_it(self, sandbox: Sandbox, mode: str) -> None:
        name, lent = f"{sandbox.prefix}-lender", image(sandbox, "lender", WebImage("lender", command=STAYS, health=None))
        create(sandbox, name, {"Image": lent, "Volumes": {"/lent": {}}})
        sandbox.inspect(name)
        old = Old(sandbox, HostConfig={"VolumesFrom": [name + mode]})
        sandbox.client.remove_container(name)
        create(sandbox, name, {"Image": lent, "Volumes": {"/lent": {}}})
        sandbox.inspect(name)
        result = old.run()
        assert result["outcome"] == "recreated", result
        assert mounts(sandbox.inspect(old.name)) == mounts(old.document)

    @pytest.mark.behaviour("F-H12b")
    def test_volume_at_a_path_with_a_colon_is_kept(self, sandbox: Sandbox) -> None:
        paths = ("/a:b", "/data:ro")
        old = Old(sandbox, (f"VOLUME {json.dumps(paths)}",))
        for path in paths:
            execute(sandbox, old.id, "touch", f"{path}/kept")
        new = old.update()
        assert mounts(new) == mounts(old.document)
        for path in paths:
            assert execute(sandbox, new["Id"], "ls", path).strip() == "kept"


def mounts(document: Document) -> list[tuple[Any, ...]]:
    """What is mounted where, and how; less the SELinux mode of an anonymous volume, which cannot be asked for."""
    return sorted((mount["Destination"], mount["Type"], mount["Source"], mount["RW"], mount["Propagation"]) for mount in document["Mounts"])


class TestNetworks:
    @pytest.mark.behaviour("D1", "D2", "D6", "A14")
    def test_networks_and_aliases_are_connected_before_the_process_starts(self, sandbox: Sandbox) -> None:
        names = [network(sandbox, suffix, number) for number, suffix in enumerate(("b", "a", "c"))]
        wishes = {name: {"Aliases": [f"shop-{suffix}", "0123456789ab"]} for suffix, name in zip("bac", names, strict=True)}
        driver_opts = {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"}
        wishes[names[1]] |= {"DriverOpts": driver_opts, "IPAMConfig": {"LinkLocalIPs": ["169.254.34.68"]}}
        if docker.utils.version_gte(sandbox.client.api_version, "1.48"):
            wishes[names[2]] |= {"GwPriority": 7}
        old = Old(sandbox, HostConfig={"NetworkMode": names[0]}, NetworkingConfig={"EndpointsConfig": wishes})
        gateway = execute(sandbox, old.id, "ip", "route").split()[:3]
        first = old.update(command=shell("busybox ls /sys/class/net; trap 'exit 0' TERM; sleep 600 & wait"))
        assert run_module("container_recreate", name=old.name, pull="never", force=True, grace_period=1)["outcome"] == "recreated"
        second = sandbox.inspect(old.name)
        for new in (first, second):
            assert aliases(new) == {name: wish["Aliases"] for name, wish in wishes.items()}
            assert new["HostConfig"] == old.document["HostConfig"]
        assert endpoints(second)[names[1]]["DriverOpts"] == driver_opts
        assert endpoints(second)[names[1]]["IPAMConfig"]["LinkLocalIPs"] == ["169.254.34.68"]
        assert endpoints(second)[names[2]].get("GwPriority") == wishes[names[2]].get("GwPriority")
        assert execute(sandbox, second["Id"], "ip", "route").split()[:3] == gateway
        assert sandbox.client.logs(second["Id"]).decode().split() == ["eth0", "eth1", "eth2", "lo"]
        for suffix, name in zip("bac", names, strict=True):
            peer = create(sandbox, f"{sandbox.prefix}-peer-{suffix}", {"Image": old.image, "HostConfig": {"NetworkMode": name}})
            sandbox.client.start(peer)
            found = execute(sandbox, peer, "nslookup", f"shop-{suffix}", "127.0.0.11")
            assert endpoints(second)[name]["IPAddress"] in found

    @pytest.mark.behaviour("D3", "A10")
    @pytest.mark.parametrize("fails", [False, True])
    def test_static_addresses_are_kept(self, sandbox: Sandbox, fails: bool) -> None:
        front, back = network(sandbox, "front", 4, ipv6=True), network(sandbox, "back", 5)
        wishes: Document = {
            front: {"IPAMConfig": {"IPv4Address": subnet(sandbox, 4) + "50", "IPv6Address": subnet6(sandbox, 4) + ":50"}},
            back: {"IPAMConfig": {"IPv4Address": subnet(sandbox, 5) + "51"}},
        }
        old = Old(sandbox, HostConfig={"NetworkMode": front}, NetworkingConfig={"EndpointsConfig": wishes})
        now = endpoints(old.roll_back() if fails else old.update())
        assert now[front]["IPAddress"] == subnet(sandbox, 4) + "50"
        assert now[front]["GlobalIPv6Address"] == subnet6(sandbox, 4) + ":50"
        assert now[back]["IPAddress"] == subnet(sandbox, 5) + "51"

    @pytest.mark.behaviour("D4")
    @pytest.mark.parametrize("mode", ["front", "default"])
    def test_requested_mac_address_is_kept(self, sandbox: Sandbox, mode: str) -> None:
        mode = network(sandbox, "front", 6) if mode == "front" else mode
        mac = "02:42:c0:ff:ee:01"
        old = Old(sandbox, MacAddress=mac, HostConfig={"NetworkMode": mode})
        new = old.update()
        assert [endpoint["MacAddress"] for endpoint in endpoints(new).values()] == [mac]
        assert new["Config"].get("MacAddress", mac) == mac

    @pytest.mark.behaviour("D4", "D2")
    def test_mac_addresses_of_several_networks_are_kept(self, sandbox: Sandbox) -> None:
        if not takes_all_networks(sandbox.client):
            pytest.skip("before API 1.44 only a container as a whole can be given a MAC address")
        front, back, side = (network(sandbox, suffix, 7 + number) for number, suffix in enumerate(("front", "back", "side")))
        wishes = {front: {"MacAddress": "02:42:c0:ff:ee:01"}, back: {"MacAddress": "02:42:c0:ff:ee:02"}, side: {}}
        old = Old(sandbox, HostConfig={"NetworkMode": front}, NetworkingConfig={"EndpointsConfig": wishes})
        new = endpoints(old.update())
        assert [new[name]["MacAddress"] for name in (front, back)] == ["02:42:c0:ff:ee:01", "02:42:c0:ff:ee:02"]

    @pytest.mark.behaviour("D4")
    def test_generated_mac_address_is_not_pinned(self, sandbox: Sandbox) -> None:
        front, back = network(sandbox, "front", 10), network(sandbox, "back", 11)
        old = Old(sandbox, HostConfig={"NetworkMode": front}, NetworkingConfig={"EndpointsConfig": {front: {}, back: {}}})
        spec = ContainerSpec.from_inspect(Inspected(old.document, sandbox.client.inspect_image(old.image)))
        assert "MacAddress" not in spec.config
        assert spec.endpoints == {front: {}, back: {}}

    @pytest.mark.behaviour("D10")
    def test_network_of_another_container_is_kept(self, sandbox: Sandbox) -> None:
        provided = image(sandbox, "provider", WebImage("provider", command=STAYS, health=None))
        provider = create(sandbox, f"{sandbox.prefix}-provider", {"Image": provided, "Hostname": "shop", "Domainname": "example"})
        sandbox.client.start(provider)
        old = Old(sandbox, ("EXPOSE 8080",), HostConfig={"NetworkMode": f"container:{provider}"})
        result = old.run(("EXPOSE 9090",))
        assert result["outcome"] == "recreated", result
        new = sandbox.inspect(old.name)
        assert new["HostConfig"]["NetworkMode"] == f"container:{provider}"
        assert execute(sandbox, new["Id"], "readlink", "/proc/1/ns/net") == execute(sandbox, provider, "readlink", "/proc/1/ns/net")

    @pytest.mark.behaviour("D15")
    @pytest.mark.parametrize("mode", ["default", "bridge", "host", "none"])
    def test_predefined_networks_are_kept(self, sandbox: Sandbox, mode: str) -> None:
        old = Old(sandbox, HostConfig={"NetworkMode": mode})
        new = old.update()
        assert new["HostConfig"] == old.document["HostConfig"]
        assert list(endpoints(new)) == list(endpoints(old.document))
        assert aliases(new) == aliases(old.document)
        if mode == "host":
            assert new["Config"]["Hostname"] == old.document["Config"]["Hostname"]

    @pytest.mark.parametrize("digits", [12, 64])
    def test_network_given_by_id_is_kept(self, sandbox: Sandbox, digits: int) -> None:
        front, back = network(sandbox, "front", 12), network(sandbox, "back", 13)
        network_id = sandbox.client.inspect_network(front)["Id"]
        old = Old(
            sandbox, HostConfig={"NetworkMode": network_id[:digits]}, NetworkingConfig={"EndpointsConfig": {front: {"Aliases": ["shop"]}}}
        )
        sandbox.client.connect_container_to_network(old.id, back, aliases=["shop-back"])
        assert aliases(old.update()) == {front: ["shop"], back: ["shop-back"]}

    @pytest.mark.behaviour("F-H6")
    @pytest.mark.parametrize("fails", [False, True])
    @pytest.mark.parametrize("digits", [7, 12, 64])
    def test_network_given_by_id_with_an_alias_is_kept(self, sandbox: Sandbox, digits: int, fails: bool) -> None:
        """The engine lists the network under its name too, and could not even start the old container again by itself."""
        front, back = network(sandbox, "front", 17), network(sandbox, "back", 18)
        mode = sandbox.client.inspect_network(front)["Id"][:digits]
        asked = {mode: {"Aliases": ["shop"], "IPAMConfig": {"IPv4Address": subnet(sandbox, 17) + "50"}}}
        old = Old(sandbox, HostConfig={"NetworkMode": mode}, NetworkingConfig={"EndpointsConfig": asked})
        sandbox.client.connect_container_to_network(old.id, back, aliases=["shop-back"])
        new = old.roll_back() if fails else old.update()
        assert {name: names for name, names in aliases(new).items() if name != mode} == {front: ["shop"], back: ["shop-back"]}
        assert endpoints(new)[front]["IPAddress"] == subnet(sandbox, 17) + "50"
        assert new["HostConfig"]["NetworkMode"].startswith(mode)  # Newer engines complete the ID at the second start.
        if not fails:
            sandbox.client.restart(new["Id"], timeout=0)
            assert aliases(sandbox.inspect(old.name)) == {front: ["shop"], back: ["shop-back"]}

    def test_disconnected_first_network_is_not_connected_again(self, sandbox: Sandbox) -> None:
        front, back = network(sandbox, "front", 14), network(sandbox, "back", 15)
        old = Old(sandbox, HostConfig={"NetworkMode": front})
        sandbox.client.connect_container_to_network(old.id, back)
        sandbox.client.disconnect_container_from_network(old.id, front)
        assert list(endpoints(old.update())) == [back]

    def test_isolated_container_stays_isolated(self, sandbox: Sandbox) -> None:
        front = network(sandbox, "front", 16)
        old = Old(sandbox, HostConfig={"NetworkMode": front})
        sandbox.client.disconnect_container_from_network(old.id, front)
        assert execute(sandbox, old.update()["Id"], "ls", "/sys/class/net").split() == ["lo"]


class TestHostConfig:
    @pytest.mark.behaviour("E1", "E3", "E4")
    def test_host_config_is_kept_completely(self, sandbox: Sandbox) -> None:
        host_config = {
            "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
            "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
            "ShmSize": 1 << 20,
            "Init": True,
            "Tmpfs": {"/scratch": "size=1m"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
            "Dns": ["10.0.0.53"],
            "DnsOptions": ["ndots:1"],
            "DnsSearch": ["example"],
            "ExtraHosts": ["db:10.0.0.2"],
            "CapAdd": ["NET_ADMIN"],
            "CapDrop": ["MKNOD"],
            "SecurityOpt": ["no-new-privileges"],
            "GroupAdd": ["1234"],
            "OomScoreAdj": 100,
            "Memory": 64 << 20,
            "MemorySwap": 64 << 20,
            "CpuShares": 512,
            "CpuPeriod": 100000,
            "CpuQuota": 50000,
            "PidsLimit": 100,
            "ReadonlyRootfs": True,
            "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rw"}],
            "DeviceCgroupRules": ["c 1:3 rw"],
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
            "Annotations": {"org.example": "kept"},
        }
        old = Old(sandbox, HostConfig=host_config)
        before = old.document["HostConfig"]
        new = old.update()["HostConfig"]
        assert new == before
        # The engine changes some as it takes them, such as the names of capabilities, and knows no annotations before API 1.43.
        told = {field for field in host_config if before.get(field)}
        assert told >= set(host_config) - {"Annotations"}

    @pytest.mark.behaviour("E3")
    def test_cpus_as_one_number_are_kept(self, sandbox: Sandbox) -> None:
        old = Old(sandbox, HostConfig={"NanoCpus": 500_000_000})
        assert old.update()["HostConfig"] == old.document["HostConfig"]

    @pytest.mark.behaviour("E4")
    def test_rollback_restores_the_restart_policy(self, sandbox: Sandbox) -> None:
        policy = {"Name": "on-failure", "MaximumRetryCount": 5}
        old = Old(sandbox, HostConfig={"RestartPolicy": policy})
        assert old.roll_back()["HostConfig"]["RestartPolicy"] == policy

    @pytest.mark.behaviour("E2", "X20")
    def test_device_requests_are_kept_completely(self, sandbox: Sandbox) -> None:
        """Without the hardware, as far as a create call goes."""
        v1 = image(sandbox, "1", WebImage("v1", command=STAYS, health=None))
        gpus = [{"Driver": "nvidia", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {"a": "b"}}]
        old = sandbox.inspect(
            create(sandbox, f"{sandbox.prefix}-old", {"Image": v1, "HostConfig": {"DeviceRequests": gpus, "Runtime": "runc"}})
        )
        spec = ContainerSpec.from_inspect(Inspected(old, sandbox.client.inspect_image(v1)))
        new = sandbox.inspect(create(sandbox, f"{sandbox.prefix}-new", dict(spec.create_body(v1))))
        assert new["HostConfig"] == old["HostConfig"]
        assert new["HostConfig"]["DeviceRequests"] == gpus

    @pytest.mark.behaviour("E2")
    def test_missing_device_is_rolled_back(self, sandbox: Sandbox) -> None:
        device = sandbox.client.create_volume(f"{sandbox.prefix}-device")["Mountpoint"]
        mapping = {"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rw"}
        old = Old(sandbox, HostConfig={"Devices": [mapping], "Binds": [f"{sandbox.prefix}-device:/device"]})
        assert device
        result = old.run(('ENTRYPOINT ["/no-such-driver"]',))
        assert (result["outcome"], result["rollback"]["reason"]) == ("rolled_back", "start_failed")
        assert sandbox.inspect(old.name)["HostConfig"]["Devices"] == [mapping]
