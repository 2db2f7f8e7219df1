# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches the engine. Same names and environment variables as in community.docker."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - Where the engine listens, as a URL or the path of a Unix socket, for example V(tcp://192.0.2.23:2376) or V(ssh://user@192.0.2.23).
      - The environment variable E(DOCKER_HOST) on the target is used when this is not set.
    type: str
    default: unix:///var/run/docker.sock
    aliases: [docker_url]
  tls_hostname:
    description:
      - The name that the engine's TLS certificate has to carry, if it is not the one in O(docker_host).
      - The environment variable E(DOCKER_TLS_HOSTNAME) is used when this is not set.
      - The Docker SDK for Python no longer knows this option from 7.0.0 on, and refuses it.
    type: str
  api_version:
    description:
      - The version of the Engine API to speak. V(auto) takes what the engine speaks, up to 1.51. Later versions do not tell which MAC
        address a container was asked to have.
      - The environment variable E(DOCKER_API_VERSION) is used when this is not set.
    type: str
    default: auto
    aliases: [docker_api_version]
  timeout:
    description:
      - How long to wait for an answer of the engine, in seconds. Stopping a container gets its stop timeout on top of that.
      - The environment variable E(DOCKER_TIMEOUT) is used when this is not set.
    type: int
    default: 60
  ca_path:
    description:
      - The file with the CA certificate that the engine's certificate is checked against.
      - The file C(ca.pem) in the directory that E(DOCKER_CERT_PATH) names is used when this is not set.
    type: path
    aliases: [ca_cert, tls_ca_cert, cacert_path]
  client_cert:
    description:
      - The file with the client's TLS certificate. Needs O(client_key).
      - The file C(cert.pem) in the directory that E(DOCKER_CERT_PATH) names is used when this is not set.
    type: path
    aliases: [tls_client_cert, cert_path]
  client_key:
    description:
      - The file with the key of the client's TLS certificate. Needs O(client_cert).
      - The file C(key.pem) in the directory that E(DOCKER_CERT_PATH) names is used when this is not set.
    type: path
    aliases: [tls_client_key, key_path]
  tls:
    description:
      - Talk TLS to the engine without checking its certificate. O(validate_certs) outranks this.
      - The environment variable E(DOCKER_TLS) is used when this is not set.
    type: bool
    default: false
  validate_certs:
    description:
      - Talk TLS to the engine and check its certificate.
      - The environment variable E(DOCKER_TLS_VERIFY) is used when this is not set.
    type: bool
    default: false
    aliases: [tls_verify]
  use_ssh_client:
    description:
      - For an engine at an V(ssh://) URL, use the command C(ssh) instead of the Python library paramiko.
    type: bool
    default: false
requirements:
  - Docker Engine with API 1.41 (20.10) or later
  - Docker SDK for Python 5.0.0 or later on the target
  - Python 3.8 or later on the target
notes:
  - The engine pulls images with the credentials in the client configuration of the user that the task runs as on the target
    (C(~/.docker/config.json), or where E(DOCKER_CONFIG) points).
"""
