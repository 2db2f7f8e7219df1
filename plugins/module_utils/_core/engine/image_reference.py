# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse, normalise and compare image references.

The grammar and the defaults are those of https://github.com/distribution/reference.
"""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidImageReference

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
MAX_REPOSITORY_LENGTH = 255

_OFFICIAL_NAMESPACE = "library"
_LEGACY_DEFAULT_DOMAIN = "index.docker.io"
_DOMAIN_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")


def is_image_id(text: str) -> bool:
    """Whether `text` is a full image ID. A registry cannot resolve one."""
    return bool(_IMAGE_ID.fullmatch(text))


def is_digest(text: str) -> bool:
    """Whether `text` is a digest of an image in a registry."""
    return bool(_DIGEST.fullmatch(text))


class ImageReference(t.NamedTuple):
    """An image reference, as the operator wrote it and split into its parts.

    `tag` and `digest` are None if the operator did not write them.
    """

    as_written: str
    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Parse `text`. Raise InvalidImageReference with the part that is wrong."""
        if not text:
            raise InvalidImageReference("The image reference is empty.")
        if is_image_id(text):
            raise _invalid(text, "it is an image ID, but a registry resolves only names")
        name_and_tag, has_digest, digest = text.partition("@")
        if has_digest and not _DIGEST.fullmatch(digest):
            raise _invalid(text, f"'{digest}' is not a digest such as sha256:<64 hex digits>")
        name, tag = _split_tag(name_and_tag)
        if tag is not None and not _TAG.fullmatch(tag):
            raise _invalid(text, f"'{tag}' is not a tag (letters, digits, '_', '.', '-'; at most 128; not first '.' or '-')")
        domain, path = _split_domain(name)
        if not _DOMAIN.fullmatch(domain):
            raise _invalid(text, f"'{domain}' is not the name of a registry")
        if not _PATH.fullmatch(path):
            hint = "; it must be lower case" if path != path.lower() else ""
            raise _invalid(text, f"'{path}' is not the name of a repository{hint}")
        if len(domain) + 1 + len(path) > MAX_REPOSITORY_LENGTH:
            raise _invalid(text, f"its name is longer than {MAX_REPOSITORY_LENGTH} characters")
        return cls(as_written=text, domain=domain, path=path, tag=tag, digest=digest or None)

    @property
    def repository(self) -> str:
        """The registry and the path: `docker.io/library/nginx`."""
        return f"{self.domain}/{self.path}"

    @property
    def version(self) -> str:
        """What to request from the registry: the digest if there is one, else the tag, else `latest`."""
        return self.digest or self.tag or DEFAULT_TAG

    @property
    def normalised(self) -> str:
        """The canonical form of this reference. A digest takes precedence over a tag."""
        separator = "@" if self.digest else ":"
        return f"{self.repository}{separator}{self.version}"

    def at(self, digest: str) -> ImageReference:
        """Return the reference to a digest in this repository. Raise InvalidImageReference if `digest` is not a digest."""
        return ImageReference.parse(f"{self.repository}@{digest}")

    def names_same_image_as(self, other: ImageReference) -> bool:
        """Whether both references resolve to the same image in the same registry."""
        return self.normalised == other.normalised


def _split_tag(name: str) -> tuple[str, str | None]:
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail:
        return head, tail
    return name, None


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, path_after_domain = name.partition("/")
    if not slash or not _looks_like_a_domain(first):
        domain, path = DEFAULT_DOMAIN, name
    else:
        domain, path = first, path_after_domain
    if domain == _LEGACY_DEFAULT_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = f"{_OFFICIAL_NAMESPACE}/{path}"
    return domain, path


def _looks_like_a_domain(first: str) -> bool:
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def _invalid(text: str, reason: str) -> InvalidImageReference:
    return InvalidImageReference(f"'{text}' is not an image reference: {reason}.")


def digest_in(repo_digests: t.Iterable[str] | None, reference: ImageReference) -> str | None:
    """Find the digest that an image has in the repository of `reference`. `repo_digests` is the engine's `RepoDigests` of the image."""
    for repo_digest in repo_digests or ():
        candidate = parse_if_possible(repo_digest)
        if candidate and candidate.repository == reference.repository:
            return candidate.digest
    return None


def followed_by(text: str, image_id: str, is_on_host: t.Callable[[ImageReference], bool]) -> ImageReference | None:
    """Return the reference that a container follows which was created from `text` and runs the image `image_id`.

    None if it follows none because it was created from an image ID, or from the first digits of one. Such digits can also be a name. Then
    they are one if `is_on_host`, which tells whether an image on this host has this name: the engine looks for names first, too.
    """
    reference = parse_if_possible(text)
    if reference is None or not image_id.startswith((text, f"sha256:{text}")):
        return reference
    return reference if is_on_host(reference) else None


def parse_if_possible(text: str) -> ImageReference | None:
    """Parse `text`. Return None if it is not a reference, such as an image ID or the engine's `<none>` for a missing name."""
    try:
        return ImageReference.parse(text)
    except InvalidImageReference:
        return None
