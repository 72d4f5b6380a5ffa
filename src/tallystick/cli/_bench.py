# SPDX-License-Identifier: Apache-2.0
"""``tallystick bench``."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..bench import (
    AUDITS,
    COUNTED,
    FORMULAS,
    LIBRARY,
    ROOFLINE_NOTES,
    SECONDS,
    SOURCES,
    SUITES,
    Machine,
    Measured,
    Result,
    anchors_of,
    available_backends,
    document,
    fit,
    load_matplotlib,
    machine,
    ratios,
    remarks,
    run_audits,
    run_calibration,
    run_cases,
    run_demo,
    run_library,
    run_online,
    run_prepare,
    write_plot,
)
from ..cost import Calibration, bytes_text
from ..errors import UsageError, explaining

__all__ = ["bench_command"]

_STDOUT = "-"
_NEAR = 0.15
"""An estimate of seconds that misses by no more is near."""

_WIDTH = 120
_SIZES = ("peak_bytes", "proof_bytes", "transcript_bytes", "set_up_bytes_per_direction")


@click.command("bench")
@click.argument("suite", type=click.Choice([*SUITES, "all", "calibrate"]), default="all")
@click.option(
    "--json",
    "json_to",
    metavar="[FILE]",
    is_flag=False,
    flag_value=_STDOUT,
    help="Write the results as JSON: to FILE, or instead of the tables.",
)
@click.option("--plot", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Draw an SVG.")
@click.option("--quick", is_flag=True, help="Smallest sizes and two runs: shows that it works, not how fast.")
@click.option(
    "--backend",
    "backends",
    type=click.Choice(["native", "pure"]),
    multiple=True,
    help="Only this backend (default: both; prepare, library, demo, audit: native, where there is one).",
)
@click.option(
    "--members",
    default=2,
    show_default=True,
    type=click.IntRange(2, 16),
    help="For online, prepare and library.",
)
@click.option(
    "--case",
    "cases",
    metavar="NAME",
    multiple=True,
    type=click.Choice([case.name for case in LIBRARY]),
    help="For library: only this one.",
)
@click.option("--triples", metavar="N", type=click.IntRange(min=1), help="For prepare: how many to make.")
@click.option(
    "--files",
    metavar="N",
    type=click.IntRange(min=1),
    help=f"For audit: how many transcripts (default: {AUDITS:,}).",
)
def bench_command(
    suite: str,
    json_to: str | None,
    plot: Path | None,
    quick: bool,
    backends: tuple[str, ...],
    members: int,
    cases: tuple[str, ...],
    triples: int | None,
    files: int | None,
) -> None:
    """Measure this machine: kernels, proofs, the online phase, preparation, the library, the demonstration, audits.

    Medians of nine runs, fewer where one takes long; native beside pure, and both beside other libraries.  calibrate
    prints the constants with which `tallystick plan` turns counts into seconds; with --json they are written, too, for
    `tallystick plan --calibration`.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if plot is not None:
        load_matplotlib()
    for path in (plot, None if json_to in (None, _STDOUT) else Path(str(json_to))):
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path}: cannot write there: {path.parent} is not a folder")
    tables = _console(stderr=json_to == _STDOUT)
    where = machine()
    _print_machine(tables, where)
    results: list[Result] = []
    calibrations: dict[str, Calibration] = {}
    if suite == "calibrate":
        for backend in backends or available_backends()[:1]:
            measured = _calibration_runs(backend, quick=quick)
            calibrations[backend] = _fitted(tables, backend, measured)
            results += [one.result for one in measured]
    for name in () if suite == "calibrate" else SUITES if suite == "all" else (suite,):
        found: list[Result] = []
        try:
            found.extend(
                _measured(
                    name,
                    backends,
                    members=members,
                    cases=cases,
                    triples=triples,
                    files=files,
                    quick=quick,
                )
            )
        finally:
            # What was measured is shown also where a later case fails or is interrupted.
            if name == "library" and found:
                _print_library(tables, found)
            elif found:
                _print_suite(tables, name, found)
        results += found
    if json_to is not None:
        found_here = document(where, results, quick=quick, calibrations=calibrations)
        _write_json(json_to, json.dumps(found_here, indent=2) + "\n")
    if plot is not None:
        write_plot(plot, results, where)


def _calibration_runs(backend: str, *, quick: bool) -> list[Measured]:
    """Run the programs that units are fitted to, saying on a terminal which."""
    with Console(stderr=True, markup=False).status("calibrate") as status:
        return list(run_calibration(backend, quick=quick, told=status.update))


def _fitted(console: Console, backend: str, measured: Sequence[Measured]) -> Calibration:
    """Fit what a unit of work takes on this machine; print the constants and how far they miss."""
    found = fit(measured)
    table = _table("case", "size", "on", *found.misses, title="calibrate: off by")
    for k, one in enumerate(measured):
        result = one.result
        misses = (f"{of[k]:+.1%}" for of in found.misses.values())
        table.add_row(result.case, f"{result.size:,}", result.subject, *misses)
    console.print()
    console.print(table)
    console.print(f"{backend}: {found.text()}")
    return found.calibration


def _measured(
    suite: str,
    backends: Sequence[str],
    *,
    members: int,
    cases: Sequence[str],
    triples: int | None,
    files: int | None,
    quick: bool,
) -> Iterator[Result]:
    """Measure a suite, saying on a terminal what is being measured."""
    chosen = backends or available_backends()
    console = Console(stderr=True, markup=False)
    with console.status(suite) as status:
        told = status.update
        match suite:
            case "online":
                yield from run_online(chosen, members=members, quick=quick, told=told)
            case "prepare":
                chosen = backends or chosen[:1]
                yield from run_prepare(chosen, members=members, triples=triples, quick=quick, told=told)
            case "library":
                chosen = backends or chosen[:1]
                yield from run_library(chosen, members=members, cases=cases, quick=quick, told=told)
            case "audit":
                yield from run_audits(backends or chosen[:1], files=files, quick=quick, told=told)
            case "demo":
                yield from run_demo(backends or chosen[:1], quick=quick, told=told)
            case _:
                yield from run_cases(suite, chosen, quick=quick, told=told)


def _write_json(to: str, text: str) -> None:
    if to == _STDOUT:
        click.echo(text, nl=False)
        return
    with explaining(f"{to}: cannot write the results"):
        Path(to).write_text(text, encoding="utf-8")


# ---------------------------------------------------------------------- tables
def _console(*, stderr: bool) -> Console:
    """Return a console that does not squeeze tables where nobody's window limits them."""
    console = Console(highlight=False, markup=False, stderr=stderr)
    return (
        console
        if console.is_terminal
        else Console(highlight=False, markup=False, stderr=stderr, width=_WIDTH)
    )


def _table(*columns: str, title: str) -> Table:
    """Return an empty table; all columns after the third are numbers."""
    table = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold")
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k > 2 or column == "size" else "left", no_wrap=True)
    return table


def _print_machine(console: Console, where: Machine) -> None:
    memory = f"{where.memory_bytes / 2**30:.0f} GiB"
    console.print(f"{where.processor}, {where.cores} cores, {memory}; {where.system}; {where.python}")
    console.print(", ".join(f"{name} {version}" for name, version in where.packages.items()))
    if where.busy:
        console.print(
            Text(
                f"warning: the load average is {where.load:g}: other work slows everything measured here",
                style="yellow",
            )
        )


def _print_suite(console: Console, suite: str, results: Sequence[Result]) -> None:
    """Print a row for each case, size and subject, and under them what others need."""
    factors = ratios(results)
    table = _table(
        "case", "size", "on", "median", "least", "each", "CPU", "spread", "runs", "ratio", title=suite
    )
    for (case, size), rows in _by_case(results).items():
        for k, row in enumerate(rows):
            m = row.measurement
            factor = factors.get((suite, case, size))
            table.add_row(
                case if k == 0 else "",
                f"{size:,}" if k == 0 else "",
                row.subject,
                _time(m.median),
                _time(m.minimum),
                _time(m.median / size) if row.per_element else "",
                "" if m.cpu is None else _time(m.cpu),
                f"{m.spread:.0%}",
                str(m.runs),
                _ratio(factor, row) if factor is not None and row.subject == "pure" else "",
            )
        for anchor in anchors_of(case, size):
            if anchor.unit == "s":
                each = _time(anchor.value / size) if rows[0].per_element else ""
                table.add_row("", "", f"({anchor.peer})", _time(anchor.value), "", each, style="dim")
    console.print()
    console.print(table)
    _print_facts(console, results)
    _explain_columns(console, results)
    if suite == "core":
        _print_roofline(console, results)


def _print_library(console: Console, results: Sequence[Result]) -> None:
    """Print for each function what it took, what had been estimated, and by how much that was missed."""
    for title, names in (("library: counted", COUNTED), ("library: timed", SECONDS)):
        heads = [_HEADS.get(name, name.removesuffix("_seconds").replace("_", " ")) for name in names]
        table = _table("case", "size", "on", *heads, title=title)
        for result in results:
            facts = result.facts
            table.add_row(
                result.case,
                f"{result.size:,}",
                result.subject,
                *(_amount(name, facts[name]) for name in names),
            )
            estimated = [facts.get(f"estimated_{name}") for name in names]
            table.add_row(
                "",
                "",
                "estimated",
                *("" if e is None else _amount(name, e) for name, e in zip(names, estimated, strict=True)),
                style="dim",
            )
            table.add_row(
                "",
                "",
                "off by",
                *(
                    "" if not e else f"{facts[name] / e - 1:+.1%}"
                    for name, e in zip(names, estimated, strict=True)
                ),
                style="dim",
            )
        console.print()
        console.print(table)
    for name in SECONDS:
        misses = {
            f"{r.case} {r.size:,}": r.facts[name] / r.facts[f"estimated_{name}"] - 1
            for r in results
            if r.facts.get(f"estimated_{name}")
        }
        if len(misses) > 1:
            worst = max(misses, key=lambda case: abs(misses[case]))
            within = sum(abs(miss) <= _NEAR for miss in misses.values())
            phase, half = name.removesuffix("_seconds").replace("_", " "), median(map(abs, misses.values()))
            console.print(
                f"estimate of {phase}: {within} of {len(misses)} within {_NEAR:.0%}, half within {half:.0%}, "
                f"worst {misses[worst]:+.0%} ({worst})"
            )
    for result in results:
        each = (result.facts["triples"] + result.facts["random_bits"]) / result.size
        console.print(f"{result.case} {result.size:,}: {result.title}; {each:,.1f} triples and bits an entry")
        others = [f"{a.peer} {a.value:,g} {a.unit}" for a in anchors_of(result.case, result.size)]
        if others:
            console.print(Text(f"  ({'; '.join(others)})", style="dim"))
    _print_notes(console, [*_LIBRARY_NOTES, *_sources(results)])


_HEADS = {
    "random_bits": "bits",
    "random_elements": "randoms",
    "prepare_bytes": "to prepare",
    "bytes_sent": "sent",
    "transcript_bytes": "file",
}
_LIBRARY_NOTES = (
    "counted: by a member from its commitment to the finished proof; to prepare: sent to fill an empty store;",
    "off by: what was used and taken, over what had been estimated; run: commit, online and proof together",
)


def _amount(name: str, value: float) -> str:
    return (
        _time(value)
        if name.endswith("_seconds")
        else bytes_text(int(value))
        if "bytes" in name
        else f"{value:,.0f}"
    )


def _print_notes(console: Console, notes: Iterable[str]) -> None:
    for note in notes:
        console.print(Text(note, style="dim"))


def _sources(results: Sequence[Result]) -> list[str]:
    """Say where other libraries' figures come from."""
    sources = dict.fromkeys(a.source for r in results for a in anchors_of(r.case, r.size))
    return [f"in brackets: {SOURCES[source]}" for source in sources]


def _by_case(results: Sequence[Result]) -> dict[tuple[str, int], list[Result]]:
    groups: dict[tuple[str, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.case, result.size), []).append(result)
    return groups


def _ratio(factor: float, row: Result) -> str:
    """Mark what is a ratio of C to C."""
    return f"{factor:,.1f} *" if row.twin else f"{factor:,.1f}  "


def _print_facts(console: Console, results: Sequence[Result]) -> None:
    """Print the further figures: once for a case where all subjects agree on them."""
    for (case, size), rows in _by_case(results).items():
        same = all(row.facts == rows[0].facts for row in rows)
        for row in rows[:1] if same else rows:
            if row.facts:
                said = ", ".join(_fact(name, value) for name, value in row.facts.items())
                console.print(f"{case} {size:,}{'' if same else ' ' + row.subject}: {said}")
        others = [f"{a.peer} {a.value:,.0f} {a.unit}" for a in anchors_of(case, size) if a.unit != "s"]
        if others:
            console.print(Text(f"{case} {size:,} elsewhere: {'; '.join(others)}", style="dim"))


def _explain_columns(console: Console, results: Sequence[Result]) -> None:
    """Say what the columns mean, and where other libraries' figures come from."""
    notes = [
        "median, least, CPU: of one call; each: of one element; spread: slowest less fastest run, over the median;",
        "ratio: the pure backend's median over that of the fastest native path",
    ]
    for twin in dict.fromkeys(r.twin for r in results if r.twin):
        cases = ", ".join(dict.fromkeys(r.case for r in results if r.twin == twin))
        notes.append(f"*: C beside C, as the pure backend leaves the work to {twin}: {cases}")
    _print_notes(console, [*notes, *_sources(results)])


def _print_roofline(console: Console, results: Sequence[Result]) -> None:
    """Print how many multiplier operations each kernel needs, and how near it comes to the highest rate."""
    table = _table(
        "case", "size", "on", "needed an element", "done in 1 ns", "of the roof", title="multiplier"
    )
    for (case, size, subject), remark in remarks(results).items():
        table.add_row(
            case, f"{size:,}", subject, f"{remark.needed:,.0f}", f"{remark.rate:.2f}", f"{remark.share:.0%}"
        )
    console.print()
    console.print(table)
    cases = dict.fromkeys(r.case for r in results if r.case in FORMULAS)
    _print_notes(console, [*ROOFLINE_NOTES, *(f"  {case}: {FORMULAS[case].text}" for case in cases)])


def _fact(name: str, value: float) -> str:
    words = name.replace("_", " ")
    if name in _SIZES:
        return f"{words.replace(' bytes', '')} {bytes_text(int(value))}"
    return f"{words} {value:,.2f}" if value < 100 and value != int(value) else f"{words} {value:,.0f}"


def _time(seconds: float) -> str:
    """Write a time for people, with three digits."""
    if seconds >= 100:
        return f"{seconds:,.0f} s"
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
