# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Image references: parse, normalise, compare.

Follows the grammar and the defaults of https://github.com/distribution/reference.
"""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidImageReference

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
LONGEST_REPOSITORY = 255

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
    """Whether `text` is a full image ID and so no reference that a registry could resolve."""
    return bool(_IMAGE_ID.fullmatch(text))


def is_digest(text: str) -> bool:
    """Whether `text` is a digest that a registry could know an image by."""
    return bool(_DIGEST.fullmatch(text))


class ImageReference(t.NamedTuple):
    """An image reference, as the operator wrote it and in its parts.

    `tag` and `digest` are None where the operator wrote none.
    """

    as_written: str
    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read `text`. Raises InvalidImageReference, saying which part is wrong."""
        if not text:
            raise InvalidImageReference("The image reference is empty.")
        if is_image_id(text):
            raise _invalid(text, "it is an image ID, and a registry knows images by name only")
        rest, has_digest, digest = text.partition("@")
        if has_digest and not _DIGEST.fullmatch(digest):
            raise _invalid(text, f"'{digest}' is not a digest such as sha256:<64 hex digits>")
        name, tag = _split_tag(rest)
        if tag is not None and not _TAG.fullmatch(tag):
            raise _invalid(text, f"'{tag}' is not a tag (letters, digits, '_', '.', '-'; at most 128; not first '.' or '-')")
        domain, path = _split_domain(name)
        if not _DOMAIN.fullmatch(domain):
            raise _invalid(text, f"'{domain}' is not the name of a registry")
        if not _PATH.fullmatch(path):
            hint = "; it must be in lower case" if path != path.lower() else ""
            raise _invalid(text, f"'{path}' is not the name of a repository{hint}")
        if len(domain) + 1 + len(path) > LONGEST_REPOSITORY:
            raise _invalid(text, f"its name is longer than {LONGEST_REPOSITORY} characters")
        return cls(as_written=text, domain=domain, path=path, tag=tag, digest=digest or None)

    @property
    def repository(self) -> str:
        """Registry and path, always with the registry: `docker.io/library/nginx`."""
        return f"{self.domain}/{self.path}"

    @property
    def version(self) -> str:
        """What the registry is asked for: the digest where there is one, else the tag, else `latest`."""
        return self.digest or self.tag or DEFAULT_TAG

    @property
    def normalised(self) -> str:
        """The one spelling that all spellings of this reference share. A digest outranks a tag."""
        separator = "@" if self.digest else ":"
        return f"{self.repository}{separator}{self.version}"

    def at(self, digest: str) -> ImageReference:
        """What this repository has under a digest. Raises InvalidImageReference when `digest` is none."""
        return ImageReference.parse(f"{self.repository}@{digest}")

    def names_same_image_as(self, other: ImageReference) -> bool:
        """Whether both resolve to the same thing in the same registry."""
        return self.normalised == other.normalised


def _split_tag(name: str) -> tuple[str, str | None]:
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail:
        return head, tail
    return name, None


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash or not _looks_like_a_domain(first):
        domain, path = DEFAULT_DOMAIN, name
    else:
        domain, path = first, rest
    if domain == _LEGACY_DEFAULT_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = f"{_OFFICIAL_NAMESPACE}/{path}"
    return domain, path


def _looks_like_a_domain(first: str) -> bool:
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def _invalid(text: str, why: str) -> InvalidImageReference:
    return InvalidImageReference(f"'{text}' is not an image reference: {why}.")


def digest_in(repo_digests: t.Iterable[str] | None, reference: ImageReference) -> str | None:
    """The digest among `repo_digests` (the engine's `RepoDigests` of an image) that the repository of `reference` knows the image by."""
    for repo_digest in repo_digests or ():
        candidate = parse_if_possible(repo_digest)
        if candidate and candidate.repository == reference.repository:
            return candidate.digest
    return None


def followed_by(text: str, image_id: str) -> ImageReference | None:
    """The reference that a container follows which was created from `text` and runs the image `image_id`.

    None when it follows none: it was created from an image ID, or from the first digits of one.
    """
    return None if image_id.startswith((text, f"sha256:{text}")) else parse_if_possible(text)


def parse_if_possible(text: str) -> ImageReference | None:
    """The reference, None when `text` is none: an image ID, or the `<none>` that the engine writes where there is no name."""
    try:
        return ImageReference.parse(text)
    except InvalidImageReference:
        return None
