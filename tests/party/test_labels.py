# SPDX-License-Identifier: Apache-2.0
"""The list of messages is what the specification says, and what the code sends."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import tallystick
from tallystick.party import MESSAGES, labels
from tallystick.session._wire import MAX_LABEL

SPEC = Path(__file__).parents[2] / "spec"
ROOMS = ("party", "online", "offline", "session")
COMPOSED = ("rows", "coins", "open", "agree", "cross", "mask", "response")
"""Ends of labels that the code adds to a label that it was given."""


def stated(page: str) -> list[tuple[str, str, str]]:
    """The rows of a page's tables of messages: label, receivers, payload."""
    rows, places = [], None
    for line in (SPEC / f"{page}.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            places = None
        elif {"label", "to", "payload"} <= set(cells):
            places = [cells.index(name) for name in ("label", "to", "payload")]
        elif places and not set(line) <= set("|-"):
            label, to, payload = (cells[k] for k in places)
            rows.append((label, to, payload))
    return rows


@pytest.mark.parametrize("page", ["online", "preparation", "session"])
def test_the_specification_lists_the_same_messages(page: str) -> None:
    assert stated(page) == [(m.shown, m.to, m.payload) for m in MESSAGES if m.page == page]


def written() -> set[str]:
    """What looks like a label among the texts of the rooms that send messages."""
    found = set()
    for room in ROOMS:
        for path in sorted((Path(tallystick.__file__).parent / room).glob("*.py")):
            if path.name == "_labels.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return {text for text in found if re.fullmatch(r"[a-z-]+(/[a-z-]+)*", text)}


def test_the_code_sends_no_other_labels() -> None:
    bases = {message.label for message in MESSAGES}
    looks = {text for text in written() if "/" in text and text != "tallystick-"}
    assert looks - bases == set()
    assert len(looks) > 30


def test_every_label_of_the_list_is_in_the_code() -> None:
    texts = written()
    for message in MESSAGES:
        head, _, tail = message.label.rpartition("/")
        assert message.label in texts or (tail in COMPOSED and (head in texts or head == "proof")), (
            message.label
        )


def test_labels_are_distinct_and_fit_a_frame() -> None:
    every = [label for message in MESSAGES for label in message.labels()]
    assert len(every) == len(labels()) > 150
    assert all(label.isascii() and len(label) <= MAX_LABEL for label in every)
