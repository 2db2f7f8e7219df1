# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How a module connects to the engine. Names and environment variables are the same as in community.docker."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - The URL or the Unix socket path of the engine, for example V(tcp://192.0.2.23:2376) or V(ssh://user@192.0.2.23).
      - If this option is not set, the environment variable E(DOCKER_HOST) on the target is used.
    type: str
    default: unix:///var/run/docker.sock
    aliases: [docker_url]
  tls_hostname:
    description:
      - The host name to expect in the engine's TLS certificate if it differs from the one in O(docker_host).
      - If this option is not set, the environment variable E(DOCKER_TLS_HOSTNAME) is used.
      - The Docker SDK for Python removed this feature in version 7.0.0. With that version or later, the task fails if a host name is set.
    type: str
  api_version:
    description:
      - The version of the Engine API to use.
      - V(auto) selects the latest version that the engine supports, up to 1.51. Later versions no longer report the MAC address that a
        container was configured with.
      - With a version older than the engine's, a container is not changed if it has a setting that came later, because the engine would
        drop it.
      - If this option is not set, the environment variable E(DOCKER_API_VERSION) is used.
    type: str
    default: auto
    aliases: [docker_api_version]
  timeout:
    description:
      - How long to wait for a response from the engine, in seconds. When the module stops a container, the stop timeout is added.
      - If this option is not set, the environment variable E(DOCKER_TIMEOUT) is used.
    type: int
    default: 60
  ca_path:
    description:
      - Path to the CA certificate that verifies the engine's certificate.
      - If this option is not set, the file C(ca.pem) in the directory E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [ca_cert, tls_ca_cert, cacert_path]
  client_cert:
    description:
      - Path to the client's TLS certificate. Requires O(client_key).
      - If this option is not set, the file C(cert.pem) in the directory E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [tls_client_cert, cert_path]
  client_key:
    description:
      - Path to the private key of the client's TLS certificate. Requires O(client_cert).
      - If this option is not set, the file C(key.pem) in the directory E(DOCKER_CERT_PATH) is used.
    type: path
    aliases: [tls_client_key, key_path]
  tls:
    description:
      - Connect to the engine with TLS but do not verify its certificate. O(validate_certs) takes precedence.
      - If this option is not set, the environment variable E(DOCKER_TLS) is used.
    type: bool
    default: false
  validate_certs:
    description:
      - Connect to the engine with TLS and verify its certificate.
      - If this option is not set, the environment variable E(DOCKER_TLS_VERIFY) is used.
    type: bool
    default: false
    aliases: [tls_verify]
  use_ssh_client:
    description:
      - Connect to an V(ssh://) URL with the C(ssh) command instead of the Python library paramiko.
    type: bool
    default: false
requirements:
  - Docker Engine with API 1.41 (20.10) or later
  - Docker SDK for Python 5.0.0 or later on the target
  - Python 3.8 or later on the target
notes:
  - By default, registry credentials come from the Docker client configuration on the target. This is the file C(config.json) in
    C(~/.docker) of the user that runs the task, or in the directory E(DOCKER_CONFIG).
"""
