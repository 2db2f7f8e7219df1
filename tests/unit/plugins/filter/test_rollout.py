# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter adds to the decisions: it masks what other tasks may have returned."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.filter import rollout

WITH_CREDENTIALS = "could not clone https://shop:hunter22@git.example/shop"


def test_credentials_in_urls_are_masked_in_each_string() -> None:
    value = {"reason": WITH_CREDENTIALS, "hosts": [{"notes": (WITH_CREDENTIALS, 3, None, True)}]}
    masked = rollout.decide(value, "masked")
    assert "hunter22" not in str(masked)
    assert masked["hosts"][0]["notes"][1:] == [3, None, True]
    assert "git.example/shop" in masked["reason"]


def test_secrets_that_ansible_knows_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """ansible-core has such a list since 2.22."""
    monkeypatch.setattr(rollout, "mask_secrets", lambda text: text.replace("hunter22", "$REDACTED$"))
    assert rollout.decide({"reason": ["the password hunter22 is wrong"]}, "masked") == {"reason": ["the password $REDACTED$ is wrong"]}


def test_text_without_secrets_is_kept() -> None:
    for text in ("web: crashed", "{{ no_template }}", "https://registry.example/shop:1"):
        assert rollout.decide(text, "masked") == text
