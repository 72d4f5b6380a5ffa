# SPDX-License-Identifier: Apache-2.0
"""The corpus of ``tests/fuzz.py``, and a few changes of it, through every decoder."""

from __future__ import annotations

import random

import pytest

import fuzz
from support.mutations import count


def test_every_target_has_a_corpus() -> None:
    assert {path.name for path in fuzz.CORPUS.iterdir()} == set(fuzz.TARGETS)


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_the_corpus_and_changes_of_it(name: str) -> None:
    corpus, rng = fuzz.seeds(name), random.Random(name)
    for data in [*corpus, b"", b"\0"]:
        fuzz.TARGETS[name](data)
    for _ in range(count(40)):
        fuzz.TARGETS[name](fuzz.changed(rng.choice(corpus), corpus, rng))
