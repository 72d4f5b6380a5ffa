# SPDX-License-Identifier: Apache-2.0
"""Files in batches: what a reader finds that takes cells one by one, wherever a batch begins and ends."""

from __future__ import annotations

import csv
import datetime
import random
import sys
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tallystick.errors import DataError
from tallystick.plan import Column
from tallystick.session import DataTable, _batches, _data, read_table
from tallystick.session._cells import Unfit, exact, written

COLUMNS = {"wage": Column(-100, 99_999, 2), "id": Column(0, 2**90), "years": Column(0, 18)}
HEADER = "years,note,id,wage\n"

GOOD = ["7", " 7", "7\t", "+7", "-0", "7.0", "0.00", "7." + "0" * 50, '"7"', '" 7"', '"7.0"']
BAD = [
    *(
        "",
        " ",
        "x",
        "1e3",
        "007",
        "-00",
        "1.001",
        "1.",
        ".5",
        "--1",
        "+",
        "1 2",
        "nan",
        "1.2.3",
        "0x1",
        "7:",
        "/",
    ),
    *("1001", "-1001", "9" * 30, "9" * 200, "١", "½", "\xa07", "7\x00", "7\x0b", "\ufeff7", "'7'"),
    *('"7', '7"', '"7"7', '7"7"', '"7""', '""', '"7\n"', '"7\r\n"', '"7,7"', "7\r7", "7\r", "\r7"),
    *("7,7", "7\n7", "7\n", "7\n\n", "7\n\r\n", "\n7", "7,7,7,7\n7,7", "1" * 140_000, b"\xff", b"\xc3"),
]
FITS = {(2, "1001"), (3, "7\r")}
"""Columns where these are no bad cells."""

NOTES = ["", "x", "ä", "a b", " ", '"a, ""b"""', '"two\nlines"', '"two\r\nlines"', '"a\rb"', 'a"b']


def one_by_one(path: Path, columns: Mapping[str, Column]) -> dict[str, list[int]]:
    """Read a table cell by cell with the csv module, and make the errors of ``read_table``."""
    found: dict[str, list[int]] = {name: [] for name in columns}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            for name in columns:
                if header.count(name) != 1:
                    problem = "more than one column" if name in header else "no column"
                    raise DataError(
                        f"{path}: the header has {problem} {name!r}",
                        hint=f"its columns are: {', '.join(header)}",
                    )
            for number, row in enumerate(reader, 1):
                where = f"{path}: row {number} (line {reader.line_num})"
                if len(row) != len(header):
                    raise DataError(f"{where}: has {len(row)} cells, the header has {len(header)} columns")
                for name, column in columns.items():
                    found[name].append(
                        one(row[header.index(name)], None, column, f"{where}, column {name!r}")
                    )
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text") from None
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: {error}") from None
    return found


def one(text: str, digits: int | None, column: Column, where: str) -> int:
    try:
        return exact(text, digits, column)
    except Unfit as error:
        raise DataError(f"{where}: {error.reason}", hint=error.hint) from None


def outcome(read: Callable[..., Any], *args: Any) -> Any:
    """What is read, as integers, or the error's words."""
    try:
        found = read(*args)
        return found.integers() if isinstance(found, DataTable) else found
    except DataError as error:
        return error.message, error.hint


def compare(path: Path, data: str | bytes, columns: Mapping[str, Column] = COLUMNS) -> Any:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = outcome(read_table, path, columns)
    assert found == outcome(one_by_one, path, columns)
    return found


def joined(rows: Sequence[Sequence[str | bytes]], end: str = "\n") -> bytes:
    octets = [[c.encode() if isinstance(c, str) else c for c in row] for row in rows]
    return b"".join(b",".join(row) + end.encode() for row in octets)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to write."""
    return tmp_path / "table.csv"


@pytest.fixture(params=[(1 << 20, 1 << 16), (64, 6), (8, 1)], ids=str)
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and batches that end everywhere."""
    monkeypatch.setattr(_batches, "_BLOCK", request.param[0])
    monkeypatch.setattr(_batches, "_CELLS", request.param[1])


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("cell", [*GOOD, *BAD], ids=lambda cell: ascii(cell)[:20])
def test_each_kind_of_cell_at_each_place(path: Path, cell: str | bytes) -> None:
    for column in range(4):
        header = HEADER.replace("note", '"a note,\non two lines"') if column % 2 else HEADER
        for row in (0, 2, 5):
            rows: list[list[str | bytes]] = [[str(k), "ä", str(10 * k), f"{k}.5"] for k in range(6)]
            rows[row][column] = cell
            data = header.encode() + joined(rows)
            found = compare(path, data)
            if column == 1:
                continue
            if cell in GOOD:
                assert len(found["id"]) == 6
            else:
                assert isinstance(found, tuple) or (column, cell) in FITS
    compare(path, data.rstrip(b"\n"))
    compare(path, b"\xef\xbb\xbf" + data)


@pytest.mark.usefixtures("_sizes")
def test_drawn_tables(path: Path) -> None:
    """A few unusual cells anywhere, several bad ones among them: the first counts."""
    refused = [isinstance(compare(path, _drawn(random.Random(seed))), tuple) for seed in range(60)]
    assert 10 < sum(refused) < 40


def _drawn(rng: random.Random) -> bytes:
    odd, bad = rng.choice([(0, 0), (0.1, 0), (0.3, 0.02), (0.02, 0.02)])
    worse = [cell for cell in BAD if isinstance(cell, str) and len(cell) < 1000]

    def cell(usual: str, others: list[str]) -> str:
        if rng.random() < bad:
            return rng.choice(worse)
        return rng.choice(others) if rng.random() < odd else usual

    rows = [
        [
            cell(str(rng.randrange(19)), GOOD),
            cell("", NOTES),
            cell(str(rng.randrange(2**90)), GOOD),
            cell(f"{rng.randrange(999)}.{rng.randrange(100):02}", GOOD),
        ]
        for _ in range(rng.randrange(40))
    ]
    end = rng.choice(["\n", "\r\n"])
    data = HEADER.encode() + joined(rows, end)
    return data if rng.random() < 0.5 else data.removesuffix(end.encode())


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "years\n", "years", "years\n1\n2", "years\r\n1\r\n2\r\n", "years\r1\r2\r", "years\n\n1\n"),
        *("years\n1\n\n", "years\r\n1\r\n\r\n", "years\n1\n\n2\n", "years\n 1\n\t\n", "years\n,\n", "years\n1,\n"),
        *(" years \n1\n", '"years"\n1\n', '"years\n1\n', '"ye""ars"\n1\n', '"years\n",years\n1,2\n'),
        *("years,years\n1,2", "years,\n1,\n2,\n", "years,\r\n1,\r\n2,\r\n", ",years\n,1\n,2"),
        *("\ufeffyears\n1\n", "\ufeff\ufeffyears\n1\n", "\nyears\n1\n", "\n1,2\n", "years\n1\n\ufeff2\n"),
        *("years\n1\r\n2\n", "years\n1\n2\r3\n", "years\n1\n\x002\n"),
    ],
    ids=ascii,
)  # fmt: skip
def test_headers_and_lines(path: Path, text: str) -> None:
    compare(path, text, {"years": COLUMNS["years"]})


@pytest.mark.parametrize(
    "data", [b"\xff", b"years\n\xff\n", b"ye\xffars\n1\n", b"\xef\xbbyears\n1\n", b"years\n1\n\xe4"]
)
def test_not_utf8(path: Path, data: bytes) -> None:
    assert compare(path, data, {"years": COLUMNS["years"]}) == (f"{path}: is not UTF-8 text", None)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("decimals", [0, 2])
def test_every_width_of_words(path: Path, width: int, decimals: int) -> None:
    for low, high in [(0, 2 ** (64 * width - 7)), (-(2 ** (64 * width - 7)), 5)]:
        rng, column = random.Random(width), Column(low, high, decimals)
        values = [low, high, 0, 1, *(rng.randint(low, high) >> rng.randrange(64 * width) for _ in range(40))]
        text = "x\n" + "".join(f"{scaled_down(v, decimals)}\n" for v in values)
        assert compare(path, text, {"x": column}) == {"x": values}
        words = read_table(path, {"x": column}).words["x"]
        assert words.shape == (width, len(values)) and words.dtype == "uint64"


def scaled_down(value: int, decimals: int) -> str:
    whole, rest = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}" + (f".{rest:0{decimals}}" if decimals else "")


def test_an_empty_table_has_words_of_each_column(path: Path) -> None:
    path.write_text(HEADER)
    words = read_table(path, COLUMNS).words
    assert {name: w.shape for name, w in words.items()} == {"wage": (1, 0), "id": (2, 0), "years": (1, 0)}


def not_called(*_: object) -> Any:
    """Stand in for what takes cells one by one."""
    raise AssertionError("slow")


def test_ordinary_cells_of_csv_are_not_taken_one_by_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[str(k % 19), "ä", str(k), f" {k % 900}.{k % 100:02} "] for k in range(500)]
    want = {"wage": [k % 900 * 100 + k % 100 for k in range(500)], "id": list(range(500))}
    monkeypatch.setattr(_batches, "_BLOCK", 1 << 10)
    monkeypatch.setattr(_batches, "_by_module", not_called)
    monkeypatch.setattr(_data, "exact", not_called)
    for module in ("pyarrow", "pyarrow.csv", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    path.write_bytes(joined([HEADER.strip().split(",")], "\r\n") + joined(rows, "\r\n"))
    assert read_table(path, {name: COLUMNS[name] for name in want}).integers() == want
    path.write_bytes(b"id\n" + joined([row[2:3] for row in rows]))
    assert read_table(path, {"id": COLUMNS["id"]}).integers() == {"id": want["id"]}


def test_a_csv_file_that_cannot_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(_batches, "_block", fails)
    path.write_text(HEADER)
    with pytest.raises(DataError, match=r"table\.csv: cannot be read: Input/output error"):
        read_table(path, COLUMNS)


@pytest.mark.parametrize("kind", ["csv", "quoted", "parquet"])
def test_memory_holds_the_words_and_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(_batches, "_BLOCK", 1 << 17)
    monkeypatch.setattr(_batches, "_CELLS", 1 << 13)
    n, columns = 100_000, {"a": Column(0, 2**32 - 1), "b": Column(-(2**31), 2**31 - 1, 2)}
    path = tmp_path / f"table.{'parquet' if kind == 'parquet' else 'csv'}"
    if kind == "parquet":
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pa.table({"a": list(range(n)), "b": [f"{k}.25" for k in range(n)]}), path)
    else:
        quote = '"' if kind == "quoted" else ""
        path.write_text("a,b\n" + "".join(f"{k},{quote}{k}.25{quote}\n" for k in range(n)))
    read_table(path, columns)
    tracemalloc.start()
    table = read_table(path, columns)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = sum(words.nbytes for words in table.words.values())
    assert size == 16 * n
    assert peak < 1.5 * size + (3 << 20)
    assert [words[0, -1] for words in table.words.values()] == [n - 1, 100 * n - 75]


def test_more_rows_than_a_table_may_have(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_data, "MAX_ROWS", 3)
    path.write_text("years\n1\n2\n3\n")
    assert read_table(path, {"years": COLUMNS["years"]}).rows == 3
    path.write_text("years\n1\n2\n3\n4\n")
    with pytest.raises(DataError, match=r"table\.csv: has more than 3 rows"):
        read_table(path, {"years": COLUMNS["years"]})


def test_a_table_of_integers_shows_none_and_gives_them_back() -> None:
    table = DataTable(3, {"x": [5, -(2**200), 0], "y": [1, 2, 3]})
    assert table.integers() == {"x": [5, -(2**200), 0], "y": [1, 2, 3]}
    assert repr(table) == "<DataTable: 3 rows of x, y>"
    assert not hasattr(table, "columns")


# ------------------------------------------------------------------ Parquet
def few(rng: random.Random, *values: Any) -> list[Any]:
    """Nine of one to three of these values."""
    return rng.choices(rng.sample(values, rng.randint(1, min(3, len(values)))), k=9)


def floats(rng: random.Random) -> list[Any]:
    return few(rng, 0.5, 7.0, 12.0, -1.0, 0.07, None, 5e-324, 1e300, 999.99, 2.0**53, float("nan"))


def decimals(rng: random.Random) -> list[Any]:
    return few(rng, *map(Decimal, ("7.50", "12", "-0.5", "0.0000001", "0", "1" + "0" * 30)), None)


ARROW: dict[str, Callable[[Any, random.Random], Any]] = {
    **{
        kind: lambda pa, rng, kind=kind: pa.array(few(rng, 0, 7, 18, 100, None), kind)
        for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    },
    "negative": lambda pa, rng: pa.array(few(rng, -1, -100, 3, -(2**63), 2**63 - 1, -(2**62))),
    "large": lambda pa, rng: pa.array(few(rng, 1, 2**63, 2**64 - 1, 2**60), "uint64"),
    "double": lambda pa, rng: pa.array(floats(rng), "float64"),
    "float": lambda pa, rng: pa.array(floats(rng), "float64").cast("float32", safe=False),
    "decimal": lambda pa, rng: pa.array(decimals(rng), pa.decimal128(38, 7)),
    "wide": lambda pa, rng: pa.array(few(rng, *map(Decimal, (2**200, -5, 3, 0))), pa.decimal256(70, 2)),
    "text": lambda pa, rng: pa.array(few(rng, "7", " 7.50", "12", "x", "", None, "ä", "1e3"), "string"),
    "categories": lambda pa, rng: pa.array(few(rng, "7", "8.5", "9")).dictionary_encode(),
    "codes": lambda pa, rng: pa.array(few(rng, 7, 8, 100)).dictionary_encode(),
    "bool": lambda pa, rng: pa.array(few(rng, True, False, None), "bool"),
    "date": lambda pa, rng: pa.array([datetime.date(2020, 1, 1)] * 9),
    "nothing": lambda pa, rng: pa.nulls(9),
}


def _by_value(path: Path, values: list[Any], digits: int | None, column: Column) -> dict[str, list[int]]:
    where = [f"{path}: row {k}, column 'x'" for k in range(1, len(values) + 1)]
    return {"x": [one(written(v), digits, column, w) for v, w in zip(values, where, strict=True)]}


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("kind", ARROW)
def test_types_of_parquet(tmp_path: Path, kind: str) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    read = 0
    for seed in range(20):
        rng = random.Random(seed)
        column = rng.choice([*COLUMNS.values(), Column(-(2**80), 2**80, 5), Column(-(2**240), 2**240)])
        array = ARROW[kind](pa, rng)
        if rng.random() < 0.5:
            array = array[: rng.randrange(3)]
        parquet.write_table(
            pa.table({"y": pa.nulls(len(array)), "x": array}), path, row_group_size=rng.choice([2, 100])
        )
        digits = {"double": 53, "float": 24}.get(kind)
        found = outcome(read_table, path, {"x": column})
        want = outcome(_by_value, path, array.to_pylist(), digits, column)
        assert found == want
        read += isinstance(found, dict) and bool(found["x"])
    assert read or kind in ("bool", "date", "nothing")


def test_ordinary_cells_of_parquet_are_not_taken_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path, n = tmp_path / "table.parquet", 100
    arrays = {
        **{f"int{size}": pa.array([-k for k in range(n)], f"int{size}") for size in (8, 16, 32, 64)},
        **{f"uint{size}": pa.array([2 * k for k in range(n)], f"uint{size}") for size in (8, 16, 32, 64)},
        "large": pa.array([2**57 + k for k in range(n)], "uint64"),
        "short": pa.array([k / 4 for k in range(n)], "float32"),
        "float": pa.array([k / 4 for k in range(n)]),
        "decimal": pa.array([Decimal(k).scaleb(-2) for k in range(n)], pa.decimal128(12, 2)),
    }
    parquet.write_table(pa.table(arrays), path)
    monkeypatch.setattr(_data, "exact", not_called)
    monkeypatch.setattr(_batches, "written", not_called)
    assert read_table(path, dict.fromkeys(arrays, Column(-(2**90), 2**90, 2))).integers() == {
        **{f"int{size}": [-100 * k for k in range(n)] for size in (8, 16, 32, 64)},
        **{f"uint{size}": [200 * k for k in range(n)] for size in (8, 16, 32, 64)},
        "large": [100 * (2**57 + k) for k in range(n)],
        "short": [25 * k for k in range(n)],
        "float": [25 * k for k in range(n)],
        "decimal": list(range(n)),
    }


def test_columns_that_parquet_lacks_or_doubles(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table([[1], [2], [3]], names=["x", "y", "x"]), path)
    for name, problem in (("x", "more than one column"), ("z", "no column")):
        with pytest.raises(DataError, match=f"the header has {problem} '{name}'") as caught:
            read_table(path, {name: Column(0, 5)})
        assert caught.value.hint == "its columns are: x, y, x"
    assert read_table(path, {"y": Column(0, 5)}).integers() == {"y": [2]}
