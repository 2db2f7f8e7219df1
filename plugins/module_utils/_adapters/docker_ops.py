# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Implement DockerOps with the SDK's low-level client."""

from __future__ import annotations

import typing as t

from .._core.engine.errors import CreateIncomplete, EngineError, NoAnswer, NotFound
from .._core.engine.image_reference import ImageReference
from .._core.engine.interfaces import Clock
from .._core.engine.model import Document, HookRun, ImageIdentity, Inspected, Published, RunningContainer, Surroundings, name_of
from .._core.engine.reported_image import is_readable
from .._core.engine.timing import unix_seconds_of
from .credentials import RegistryLogin
from .exec import run_in_container
from .images import DEFAULT_PULL_TIMEOUT, ask_registry, image_with_id, inspect_image, local_image, pull_image, untagged_images
from .own_container import gateway, own_container
from .sdk import docker, engine_errors

# Since this API version, a container can be created with several networks at once.
_SEVERAL_NETWORKS_AT_CREATE = "1.44"
# If the answer to a stop call is lost, the container is inspected until it has stopped. In seconds: how long after its stop timeout, how
# long if it has no stop timeout, and how often.
_STOP_MARGIN = 30
_STOP_WITHOUT_TIMEOUT = 600
_STOP_POLL_INTERVAL = 0.5


class SdkDockerOps:
    """Call the engine that `client` is connected to.

    `login` has the credentials for registries. `pull_timeout` is how many seconds a pull may go without progress.
    """

    def __init__(self, client: t.Any, clock: Clock, login: RegistryLogin | None = None, pull_timeout: float = DEFAULT_PULL_TIMEOUT) -> None:
        self._client = client
        self._clock = clock
        self._login = login or RegistryLogin()
        self._pull_timeout = pull_timeout

    def inspect(self, container: str) -> Inspected:
        with engine_errors(self._client):
            document = self._client.inspect_container(container)
            if container not in (name_of(document), document["Id"]):
                raise NotFound(f"no container has the name or the ID {container}")
            return Inspected(
                container=document,
                image=self._image(document["Image"]),
                borrowed_mounts=self._borrowed_mounts(document["HostConfig"]),
                host_name=self._host_name(document["HostConfig"]),
            )

    def surroundings(self, container: str, new_image: str) -> Surroundings:
        with engine_errors(self._client):
            others = [other["Id"] for other in self._client.containers(all=True) if other["Id"] != container]
            documents = tuple(document for document in map(self._container, others) if document)
            networks = frozenset(key for network in self._client.networks() for key in (network["Name"], network["Id"]))
            image = self._image(new_image) if new_image else None
            about = self._client.version()
            return Surroundings(
                others=documents,
                networks=networks,
                new_image=image or {},
                architecture=about["Arch"],
                engine_built=unix_seconds_of(about.get("BuildTime")),
                api_version=self._client.api_version,
                newest_api_version=about["ApiVersion"],
                own_container=own_container(),
                gateway=gateway(self._client.base_url),
            )

    def running(self) -> tuple[RunningContainer, ...]:
        with engine_errors(self._client):
            return tuple(
                RunningContainer(
                    other["Id"],
                    # A link adds the names /<dependent>/<alias> to its target.
                    next((name[1:] for name in other.get("Names") or () if name.count("/") == 1), ""),
                    tuple(other.get("Mounts") or ()),
                )
                for other in self._client.containers()
            )

    def changes(self, container: str) -> tuple[Document, ...]:
        with engine_errors(self._client):
            return tuple(self._client.diff(container) or ())

    def published(self, reference: ImageReference) -> Published:
        return ask_registry(self._client, reference, self._login)

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        return local_image(self._client, reference)

    def image_with_id(self, image_id: str) -> ImageIdentity:
        return image_with_id(self._client, image_id)

    def untagged_images(self, repository: str) -> tuple[ImageIdentity, ...]:
        return untagged_images(self._client, repository)

    def pull(self, reference: ImageReference) -> ImageIdentity:
        return pull_image(self._client, reference, self._login, self._pull_timeout)

    def stop(self, container: str, timeout: int) -> None:
        deadline = self._clock.monotonic() + (_STOP_WITHOUT_TIMEOUT if timeout < 0 else timeout + _STOP_MARGIN)
        try:
            with engine_errors(self._client):
                # The SDK adds an explicit timeout to the time that it waits for the answer.
                self._client.stop(container, timeout=timeout)
        except NoAnswer:
            # The engine may be stopping the container anyway. Only after the deadline has the stop certainly failed.
            if not self._stops_by(deadline, container):
                raise

    def rename(self, container: str, name: str) -> None:
        with engine_errors(self._client):
            self._client.rename(container, name)

    def set_restart_policy(self, container: str, policy: Document) -> None:
        with engine_errors(self._client):
            self._client.update_container(container, restart_policy=dict(policy))

    def create(self, name: str, body: Document) -> str:
        body_for_create, remaining = self._split_networks(body)
        with engine_errors(self._client):
            container: str = self._client.create_container_from_config(body_for_create, name)["Id"]
        for network, endpoint in remaining.items():
            try:
                self._connect(network, container, endpoint)
            except EngineError as error:
                why = f"it could not be connected to the network {network}: "
                raise CreateIncomplete(f"{why}{error}", container, f"{why}{error.said}") from error
        return container

    def start(self, container: str) -> None:
        try:
            with engine_errors(self._client):
                self._client.start(container)
        except NoAnswer:
            raise
        except EngineError:
            if not self._disconnect_repeated(container):
                raise
            with engine_errors(self._client):
                self._client.start(container)

    def remove(self, container: str, *, force: bool = False) -> None:
        with engine_errors(self._client):
            self._client.remove_container(container, force=force, v=force)

    def run_in(self, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
        return run_in_container(self._client, self._clock, container, command, timeout)

    def tag(self, image_id: str, reference: ImageReference) -> None:
        with engine_errors(self._client):
            self._client.tag(image_id, reference.repository, tag=reference.version)

    def untag(self, reference: ImageReference, *, force: bool = False) -> None:
        with engine_errors(self._client):
            self._client.remove_image(reference.normalised, force=force, noprune=True)

    def remove_image(self, image_id: str) -> None:
        with engine_errors(self._client):
            self._client.remove_image(image_id)

    def prune_dangling(self) -> None:
        with engine_errors(self._client):
            self._client.prune_images(filters={"dangling": True})

    def _container(self, container: str) -> Document | None:
        try:
            with engine_errors(self._client):
                document: Document = self._client.inspect_container(container)
                return document
        except NotFound:
            return None

    def _image(self, image_id: str) -> Document | None:
        try:
            with engine_errors(self._client):
                image = inspect_image(self._client, image_id)
                return image if is_readable(image) else None
        except NotFound:
            return None

    def _borrowed_mounts(self, host_config: Document) -> tuple[Document, ...]:
        """Return what `VolumesFrom` offers now. At each path, the last container that offers something counts."""
        offered = {}
        for source in host_config.get("VolumesFrom") or ():
            lender, _colon, options = source.partition(":")
            document = self._container(lender.lstrip("/"))
            for mount in (document or {}).get("Mounts") or ():
                offered[mount["Destination"]] = {**mount, "RW": mount.get("RW", True) and "ro" not in options.split(",")}
        return tuple(offered.values())

    def _host_name(self, host_config: Document) -> str:
        return str(self._client.info()["Name"]) if host_config.get("NetworkMode") == "host" else ""

    def _stops_by(self, deadline: float, container: str) -> bool:
        while True:
            try:
                with engine_errors(self._client):
                    if not self._client.inspect_container(container)["State"]["Running"]:
                        return True
            except NoAnswer:
                pass
            if self._clock.monotonic() >= deadline:
                return False
            self._clock.sleep(_STOP_POLL_INTERVAL)

    def _split_networks(self, body: Document) -> tuple[Document, Document]:
        """Split a create body into what this engine accepts in one call, and the endpoints to connect after that."""
        endpoints = body["NetworkingConfig"]["EndpointsConfig"]
        if docker.utils.version_gte(self._client.api_version, _SEVERAL_NETWORKS_AT_CREATE):
            return _with_mac_addresses_at_endpoints(body), {}
        # Older versions have one MAC address for the container instead of one for each endpoint.
        endpoints = {network: _without(endpoint, "MacAddress") for network, endpoint in endpoints.items()}
        first = dict(list(endpoints.items())[:1])
        remaining = {network: endpoint for network, endpoint in endpoints.items() if network not in first}
        return {**body, "NetworkingConfig": {"EndpointsConfig": first}}, remaining

    def _disconnect_repeated(self, container: str) -> bool:
        """Disconnect a stopped container from networks that it has twice. Return whether there were any.

        The engine adds such an endpoint when it starts a container that was created with the first digits of a network's ID, and cannot
        start the container a second time before it is gone. The endpoint under the digits stays, with all of its settings.
        """
        try:
            with engine_errors(self._client):
                document = self._client.inspect_container(container)
                if document["State"]["Running"]:
                    return False
                repeated = _repeated_networks(document)
                for network_id in repeated:
                    self._client.disconnect_container_from_network(container, network_id, force=True)
        except EngineError:
            return False
        return bool(repeated)

    def _connect(self, network: str, container: str, endpoint: Document) -> None:
        with engine_errors(self._client):
            # The SDK's connect_container_to_network() would drop the fields that it does not know.
            url = self._client._url("/networks/{0}/connect", network)  # noqa: SLF001
            response = self._client._post_json(url, data={"Container": container, "EndpointConfig": endpoint})  # noqa: SLF001
            self._client._raise_for_status(response)  # noqa: SLF001


def _repeated_networks(document: Document) -> tuple[str, ...]:
    """Return the IDs of the networks that an inspected container has under their names and under the first digits of their IDs."""
    networks = (document.get("NetworkSettings") or {}).get("Networks") or {}
    ids = {key: endpoint.get("NetworkID") or key for key, endpoint in networks.items()}
    by_digits = {network_id for key, network_id in ids.items() if network_id.startswith(key)}
    return tuple({network_id for key, network_id in ids.items() if network_id in by_digits and not network_id.startswith(key)})


def _with_mac_addresses_at_endpoints(body: Document) -> Document:
    endpoints = body["NetworkingConfig"]["EndpointsConfig"].values()
    repeated = any(body.get("MacAddress") == endpoint.get("MacAddress") for endpoint in endpoints)
    return _without(body, "MacAddress") if repeated else body


def _without(document: Document, field: str) -> Document:
    return {key: value for key, value in document.items() if key != field}
