# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real registries that require a username and a password, or use TLS with a certificate that is not trusted."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import ipaddress
import json
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
import docker
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .common import TestbedError, wait_until
from .containment import locked
from .engines import MACHINES_CERTIFICATES, certificates
from .packages import unpacked


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str

    @property
    def auth_config(self) -> Mapping[str, str]:
        """The credentials as the SDK takes them for pushes and pulls."""
        return {"username": self.username, "password": self.password}

    @property
    def basic(self) -> str:
        """The credentials as HTTP basic authentication and the client configuration encode them."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def some_credentials() -> Credentials:
    return Credentials(f"user-{secrets.token_hex(6)}", f"password-{secrets.token_hex(12)}")


@dataclass(frozen=True)
class SecuredRegistry:
    """A registry that listens on `address`. `authority` is the file with the certificate to trust, if it uses TLS."""

    address: str
    credentials: Credentials | None = None
    authority: Path | None = None

    def publish(self, client: docker.APIClient, image: str, name: str) -> str:
        """Push an image of the engine as `name` (repository:tag). Return the reference, which does not exist on the engine."""
        reference = f"{self.address}/{name}"
        repository, tag = reference.rsplit(":", 1)
        client.tag(image, repository, tag)
        auth_config = self.credentials.auth_config if self.credentials else {}
        try:
            for line in client.push(repository, tag=tag, stream=True, decode=True, auth_config=auth_config):
                if "error" in line:
                    raise TestbedError(f"pushing {reference} failed: {line['error']}")
        finally:
            client.remove_image(reference)
        return reference


@contextlib.contextmanager
def registry_with_password(folder: Path) -> Iterator[SecuredRegistry]:
    """A registry on loopback, where engines do not require TLS."""
    credentials = some_credentials()
    hashed = bcrypt.hashpw(credentials.password.encode(), bcrypt.gensalt(4)).decode()
    (folder / "htpasswd").write_text(f"{credentials.username}:{hashed}\n")
    with _serving(folder, "127.0.0.1", auth={"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}) as address:
        yield SecuredRegistry(address, credentials)


@contextlib.contextmanager
def registry_with_tls(folder: Path, host: str) -> Iterator[SecuredRegistry]:
    """A registry on `host`, an address of this machine. For a loopback address, engines would not check the certificate."""
    certificate, key = folder / "ca.crt", folder / "key.pem"
    _write_certificate(host, certificate, key)
    with _serving(folder, host, http={"tls": {"certificate": str(certificate), "key": str(key)}}) as address:
        yield SecuredRegistry(address, authority=certificate)


def bridge_address(client: docker.APIClient) -> str:
    """The machine's address on the engine's default network. It is not loopback, and other machines cannot reach it."""
    config = client.inspect_network("bridge")["IPAM"]["Config"][0]
    # On its first start, an engine does not return the gateway, and uses the first address of the subnet.
    return config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))


@contextlib.contextmanager
def trusted(registry: SecuredRegistry) -> Iterator[None]:
    """Let the engine trust the registry's certificate during the `with` block. The engine reads the folder at each request."""
    folder = certificates() / registry.address
    with locked("certificates"):  # Another worker removes the parent folder if it is empty.
        folder.mkdir(parents=True)
    try:
        (folder / "ca.crt").write_bytes(registry.authority.read_bytes() if registry.authority else b"")
        yield
    finally:
        (folder / "ca.crt").unlink(missing_ok=True)
        with locked("certificates"):
            folder.rmdir()
            if folder.parent == MACHINES_CERTIFICATES:
                with contextlib.suppress(OSError):  # The folder has other certificates.
                    folder.parent.rmdir()


@contextlib.contextmanager
def _serving(folder: Path, host: str, *, http: Mapping[str, Any] | None = None, **more: Any) -> Iterator[str]:
    """Run a registry on `host`, and yield its address. The kernel chooses a free port when the registry binds it."""
    config = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"{host}:0", **(http or {})},
        **more,
    }
    (folder / "registry.json").write_text(json.dumps(config))  # JSON is YAML too.
    binary = unpacked("docker-registry") / "usr/bin/docker-registry"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen((binary, "serve", folder / "registry.json"), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(f"the start of the registry (see {folder / 'log'})", lambda: bool(_address_in(folder / "log")))
        yield _address_in(folder / "log")
    finally:
        process.kill()
        process.wait()


def _address_in(log: Path) -> str:
    """The address in the registry's log, or an empty string if it does not listen yet."""
    found = re.search(r'listening on ([0-9.]+:[0-9]+)[",]', log.read_text())
    return found[1] if found else ""


def _write_certificate(host: str, certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "evenkeel test registry")])
    now = dt.datetime.now(dt.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted))
