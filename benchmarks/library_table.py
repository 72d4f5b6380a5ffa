# SPDX-License-Identifier: Apache-2.0
"""Write ``library.md``, the cost table of ``ts.*``, from ``library.json``.

The figures are those of ``tallystick bench library --json benchmarks/library.json`` on a machine with nothing else to
do; ``tests/bench/test_library_table.py`` holds the counts to what plans now cost.  A result that was put in from
another run has a ``machine`` of its own, and a star.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
HEADS = (
    *("`ts.` …", "n", "gates", "rounds", "triples", "bits", "MB to prepare", "MB sent", "file kB"),
    *("prepare s", "commit s", "online s", "proof s", "audit s", "prepare off by", "run off by"),
)
_HEAD = """\
Two members, each a process of one machine, with TLS between them: {processor}, {cores} cores, {memory:.0f} GiB,
{system}, {python}, on {day}. Measured by
`tallystick bench library --json benchmarks/library.json`, written by `python benchmarks/library_table.py`.

The columns x, y and z hold 32-bit values of all members together, `category` ten categories; where `identifiers` are
joined, n is each member's. Gates, rounds, triples, bits and megabytes are one member's. *Prepare* makes keys and all
material from nothing, once; any of its proofs begins anew with probability up to 1/8, so that it varies. The other
seconds are medians of up to three runs. *Off by* is what was taken over what `tallystick plan` had estimated. Counts
are those of plans today; seconds, and estimates of them, are of plans of format 1, whose commitments took two to four
times as long.
"""

_APART = """\
\\* Measured apart, on {day}: {processor}, {cores} cores, with other work under way (load {load:.0f}), so that
seconds do not compare with those of other rows; what is counted does."""


def table(document: dict[str, Any]) -> str:
    """Return the page: what was measured where, a row a case, and what other libraries need."""
    where, results = document["machine"], document["results"]
    lines = [
        "# What the functions of `ts.*` cost",
        "",
        _HEAD.format(**where, memory=where["memory_bytes"] / 2**30, day=where["time"][:10]),
        "| " + " | ".join(HEADS) + " |",
        "|---" + "|---:" * (len(HEADS) - 1) + "|",
    ]
    lines += ["| " + " | ".join(_row(result)) + " |" for result in results]
    apart = {result["machine"]["time"]: result["machine"] for result in results if "machine" in result}
    for other in apart.values():
        lines += ["", _APART.format(**other, day=other["time"][:10])]
    lines += ["", f"Elsewhere ({document['anchors']['sources']['measured']}):", ""]
    for figure in document["anchors"]["figures"]:
        lines.append(
            f"- {figure['case']} {figure['size']:,}: {figure['peer']} {figure['value']:,g} {figure['unit']}"
        )
    lines.append("")
    return "\n".join(lines)


def _row(result: dict[str, Any]) -> list[str]:
    f = result["facts"]
    title = result["title"].rpartition(", ")[0].replace("ts.", "").replace("|", "\\|")
    fill = f["set_up_seconds"] + f["prepare_seconds"]
    timed = (f[f"{name}_seconds"] for name in ("commit", "online", "proof", "audit"))
    return [
        f"`{title}`" + (" \\*" if "machine" in result else ""),
        *(f"{n:,.0f}" for n in (result["size"], f["gates"], f["rounds"], f["triples"], f["random_bits"])),
        f"{f['prepare_bytes'] / 1e6:,.0f}",
        f"{f['bytes_sent'] / 1e6:,.2f}",
        f"{f['transcript_bytes'] / 1e3:,.0f}",
        *(f"{seconds:,.2f}" for seconds in (fill, *timed)),
        f"{fill / (f['estimated_set_up_seconds'] + f['estimated_prepare_seconds']) - 1:+.0%}",
        f"{f['run_seconds'] / f['estimated_run_seconds'] - 1:+.0%}",
    ]


if __name__ == "__main__":
    page = table(json.loads((FOLDER / "library.json").read_text(encoding="utf-8")))
    (FOLDER / "library.md").write_text(page, encoding="utf-8")
