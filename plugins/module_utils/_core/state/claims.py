# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run claims besides the container that it replaces, so that runs on related containers do not meet.

A run touches the dependents of its container: it stops, recreates or restarts them. It needs the providers of all of these to stay as they
are. What it touches it claims for itself; what it needs it shares with other runs that need it too, so twenty containers behind one VPN
can be updated at once.

A run writes its lock and all of its claims, and only then looks at those of others. So of two runs that are in each other's way, at least
one sees the other. That one withdraws everything, waits, and plans again. No run waits while it holds anything, so runs cannot wait for
each other.
"""

from __future__ import annotations

import json
import typing as t

from ..engine.errors import InvalidInput
from .journal import LONGEST_KEY, TOKEN_LENGTH, Holder, container_of_lock_key

_CLAIM = "evenkeel-claim"
_SHARE = "evenkeel-share"
_VERSION = 1


class Claims(t.NamedTuple):
    """The names of the containers that a run touches besides its own, and of those that it only needs as they are."""

    touched: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()

    def keys(self, token: str) -> tuple[str, ...]:
        """The keys under which the run with this token records them."""
        claims = (f"{_CLAIM}.{token}.{name}" for name in sorted(self.touched))
        shares = (f"{_SHARE}.{token}.{name}" for name in sorted(self.needed - self.touched))
        return (*claims, *shares)


NO_CLAIMS = Claims()


def longest_claimed_name() -> int:
    """The greatest length of a container's name with which it can be claimed."""
    return LONGEST_KEY - max(len(_CLAIM), len(_SHARE)) - len("..") - TOKEN_LENGTH


class Claimant(t.NamedTuple):
    """The run that recorded a claim: the container that it replaces, its process, and how long it can take, in seconds."""

    container: str
    holder: Holder
    lease: float


def keys_in_the_way(container: str, token: str, claims: Claims, keys: t.Iterable[str]) -> tuple[str, ...]:
    """Return those of `keys` by which other runs exclude this run: the run with `token`, which holds the lock of `container`."""
    own = {container, *claims.touched}
    related = own | claims.needed

    def is_in_the_way(key: str) -> bool:
        locked = container_of_lock_key(key)
        if locked is not None:
            return locked != container and locked in related
        kind, owner, name = _parts(key)
        return owner != token and ((kind == _CLAIM and name in related) or (kind == _SHARE and name in own))

    return tuple(filter(is_in_the_way, keys))


def is_claim_on(key: str, container: str) -> bool:
    """Whether a run that records this key touches `container` while it replaces another one."""
    kind, _owner, name = _parts(key)
    return kind == _CLAIM and name == container


def is_claim_of(key: str, token: str) -> bool:
    """Whether the run with this token records this key as one of its claims."""
    kind, owner, _name = _parts(key)
    return kind in (_CLAIM, _SHARE) and owner == token


def _parts(key: str) -> tuple[str, str, str]:
    kind, _dot, rest = key.partition(".")
    owner, _dot, name = rest.partition(".")
    return kind, owner, name


def claimant_to_text(claimant: Claimant) -> str:
    return json.dumps({**claimant._asdict(), "holder": claimant.holder._asdict(), "version": _VERSION}, sort_keys=True)


def claimant_from_text(text: str) -> Claimant:
    """Read what `claimant_to_text` wrote. Raise InvalidInput if another version of the collection wrote it in a format of its own."""
    try:
        fields = json.loads(text)
        if fields["version"] == _VERSION:
            return Claimant(fields["container"], Holder(**fields["holder"]), fields["lease"])
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise InvalidInput("it is not a claim in a format that this version of the collection knows")
