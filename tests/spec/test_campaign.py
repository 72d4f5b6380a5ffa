# SPDX-License-Identifier: Apache-2.0
"""A small run of ``tests/campaign.py``: the package's auditor and the model's agree on changed files."""

from __future__ import annotations

import importlib.util
import random

import pytest

import campaign
from support.mutations import count

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("py_arkworks_bls12381") is None,
    reason="py_arkworks_bls12381 is not installed, without which the model takes a minute a file",
)

SOME = ("wages", "patients", "histogram")
"""Sums and products, a join, noise."""


@pytest.mark.parametrize("name", SOME)
def test_the_auditors_agree_on_the_unchanged_transcript(name: str) -> None:
    assert campaign.genuine(name) is None


def test_the_auditors_agree_on_changed_transcripts() -> None:
    for name, seed in [(SOME[k % 3], f"suite {k}") for k in range(count(60))]:
        found, what, difference = campaign.one(name, seed)
        assert difference is None, (name, seed, what, found, difference)


@pytest.mark.parametrize(
    "change", [change for change, _ in campaign.CHANGES], ids=lambda c: c.__name__.lstrip("_")
)
def test_a_change_of_every_kind_is_refused_by_both(change) -> None:
    """And for the same reason, if it is one that does not need a proof."""
    for seed in range(count(3)):
        items = campaign.items_of(campaign.subject("wages"))
        change(items, random.Random(seed))
        data = campaign.signed(items)
        ours, theirs = campaign.package(data), campaign.model(data)
        assert campaign.agree(ours, theirs), (seed, ours, theirs)
        assert (ours.refused is None) == (data == campaign.subject("wages"))
