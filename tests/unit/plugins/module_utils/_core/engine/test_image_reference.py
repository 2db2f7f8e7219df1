# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference, digest_in, followed_by

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:alpine", "docker.io/library/nginx:alpine"),
        ("library/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("grafana/grafana:11", "docker.io/grafana/grafana:11"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("registry.example.com/team/app:1.2_3-rc.4", "registry.example.com/team/app:1.2_3-rc.4"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:alpine@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        ("a__b/c--d.e", "docker.io/a__b/c--d.e:latest"),
    ],
)
def test_spellings_are_normalised(text: str, normalised: str) -> None:
    reference = ImageReference.parse(text)
    assert reference.normalised == normalised
    assert reference.as_written == text


def test_reference_is_split_into_parts() -> None:
    reference = ImageReference.parse(f"registry.example.com:5000/team/app:1@{DIGEST}")
    assert (reference.domain, reference.path, reference.tag, reference.digest) == ("registry.example.com:5000", "team/app", "1", DIGEST)
    assert reference.repository == "registry.example.com:5000/team/app"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("Nginx", "lower case"),
        ("nginx:", "not a tag"),
        ("nginx:-x", "not a tag"),
        ("nginx:" + "x" * 129, "not a tag"),
        ("nginx@sha256:abc", "not a digest"),
        ("nginx@", "not a digest"),
        ("nginx latest", "not the name of a repository"),
        ("a//b", "not the name of a repository"),
        ("https://registry.example.com/app", "not the name of"),
        ("under_score.example/app", "not the name of a registry"),
        ("x" * 256, "longer than 255"),
        (DIGEST, "image ID"),
        ("a" * 64, "image ID"),
    ],
)
def test_error_names_the_invalid_part(text: str, reason: str) -> None:
    with pytest.raises(InvalidImageReference, match=reason):
        ImageReference.parse(text)


def test_references_to_the_same_image_are_equal() -> None:
    nginx = ImageReference.parse("nginx")
    assert nginx.names_same_image_as(ImageReference.parse("docker.io/library/nginx:latest"))
    assert not nginx.names_same_image_as(ImageReference.parse("nginx:alpine"))


def test_digest_is_found_only_in_the_repository_of_the_reference() -> None:
    other = "sha256:" + "b" * 64
    repo_digests = [f"registry.example.com/mirror/nginx@{other}", f"nginx@{DIGEST}"]
    assert digest_in(repo_digests, ImageReference.parse("nginx:alpine")) == DIGEST
    assert digest_in(repo_digests, ImageReference.parse("httpd")) is None
    assert digest_in(None, ImageReference.parse("nginx")) is None


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("a_b/c", "docker.io/a_b/c:latest"),
        ("REGISTRY/app", "REGISTRY/app:latest"),
        ("zabbix/agent", "docker.io/zabbix/agent:latest"),
        ("nginx:" + "x" * 128, "docker.io/library/nginx:" + "x" * 128),
        ("nginx@sha512:" + "a" * 128, "docker.io/library/nginx@sha512:" + "a" * 128),
        ("abcdef123456", "docker.io/library/abcdef123456:latest"),
        ("a" * 65, "docker.io/library/" + "a" * 65 + ":latest"),
    ],
)
def test_edge_cases_that_are_valid(text: str, normalised: str) -> None:
    assert ImageReference.parse(text).normalised == normalised


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nginx@sha256:" + "a" * 63, "not a digest"),
        (f"nginx@{DIGEST}a", "not a digest"),
        ("nginx:\u00e9", "not a tag"),
        ("a___b", r"not the name of a repository\.$"),
        ("-x.example/app", "not the name of a registry"),
    ],
)
def test_edge_cases_that_are_invalid(text: str, reason: str) -> None:
    with pytest.raises(InvalidImageReference, match=reason):
        ImageReference.parse(text)


def test_missing_tag_and_digest_are_none() -> None:
    nginx = ImageReference.parse("nginx")
    assert (nginx.tag, nginx.digest) == (None, None)


def test_length_limit_includes_the_registry() -> None:
    ImageReference.parse("localhost/" + "x" * 245)
    with pytest.raises(InvalidImageReference, match="longer than 255"):
        ImageReference.parse("localhost/" + "x" * 246)


@pytest.mark.parametrize("repo_digest", [f"a.example.com/library/nginx@{DIGEST}", "<none>@<none>"])
def test_digest_of_another_repository_is_ignored(repo_digest: str) -> None:
    assert digest_in([repo_digest], ImageReference.parse("nginx")) is None


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("nginx:1", "docker.io/library/nginx:1"),
        (DIGEST, None),
        ("a" * 64, None),
        ("aaaaaaaaaaaa", None),
        ("sha256:aaaa", None),
        ("<none>", None),
    ],
)
def test_container_created_from_an_image_id_follows_no_reference(text: str, normalised: str | None) -> None:
    followed = followed_by(text, DIGEST, lambda _name: False)
    assert (followed and followed.normalised) == normalised


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("a", "docker.io/library/a:latest"),
        ("aaaaaaaaaaaa", "docker.io/library/aaaaaaaaaaaa:latest"),
        ("a" * 63, f"docker.io/library/{'a' * 63}:latest"),
        ("sha256:aaaa", "docker.io/library/sha256:aaaa"),
        ("sha256", "docker.io/library/sha256:latest"),
        (f"{'a' * 64}:1", f"docker.io/library/{'a' * 64}:1"),
        (f"acme/{'a' * 64}", f"docker.io/acme/{'a' * 64}:latest"),
        # The engine never takes these for names.
        (DIGEST, None),
        ("a" * 64, None),
    ],
)
def test_digits_that_name_an_image_on_this_host_are_a_name(text: str, normalised: str | None) -> None:
    """F-H15. The engine, too, takes them for a name if there is one, and for an ID otherwise."""
    followed = followed_by(text, DIGEST, lambda name: name.normalised == normalised)
    assert (followed and followed.normalised) == normalised


def test_the_engine_is_asked_only_about_digits_that_could_be_an_id() -> None:
    assert followed_by("nginx", DIGEST, lambda _name: pytest.fail("it was asked")) is not None
