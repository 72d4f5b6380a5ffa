# SPDX-License-Identifier: Apache-2.0
"""Members' tables: exact values in, and errors that name file, row and column."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tallystick.errors import DataError, UsageError
from tallystick.plan import Column
from tallystick.session import read_table

COLUMNS = {
    "wage": Column(-100, 99999, 2),
    "years": Column(0, 18),
}


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_csv(tmp_path: Path) -> None:
    text = '\ufeffid,years, wage ,note\n1,12,7.5,x\r\n2,0,-0.25,"a, ""b""\nc"\n3, 18 ,+999.990,\n'
    table = read_table(write(tmp_path, text), COLUMNS)
    assert table.rows == 3
    assert table.integers() == {"wage": [750, -25, 99999], "years": [12, 0, 18]}
    assert "750" not in repr(table)


def test_a_table_may_be_empty(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "wage,years\n"), COLUMNS).rows == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the header has no column 'wage'"),
        ("wage,year\n1,2\n", "the header has no column 'years'"),
        ("wage,years,wage\n1,2,3\n", "the header has more than one column 'wage'"),
        ("wage,years\n1,2\n1\n", r"row 2 \(line 3\): has 1 cells, the header has 2 columns"),
        ("wage,years\n1,2,3\n", r"row 1 \(line 2\): has 3 cells"),
        ("wage,years\n1,2\n\n", r"row 2 \(line 3\): has 0 cells"),
        ("wage,years\nx,2\n", r"row 1 \(line 2\), column 'wage': 'x' is not a number"),
        ("wage,years\n1,\n", r"row 1 \(line 2\), column 'years': is empty"),
        ("wage,years\n1e3,2\n", "'1e3' is not a number"),
        ("wage,years\n1,2.5\n", "column 'years': '2.5' has 1 decimals, the job declares 0"),
        ("wage,years\n1.001,2\n", "column 'wage': '1.001' has 3 decimals, the job declares 2"),
        ("wage,years\n1,19\n", r"column 'years': '19' is outside \[0, 18\]"),
        ("wage,years\n1000,2\n", r"column 'wage': '1000' is outside \[-1.00, 999.99\]"),
        ("wage,years\n1,-1\n", r"'-1' is outside \[0, 18\]"),
        ("wage,years\nnan,2\n", "'nan' is not a number"),
        ("wage,years\n١,2\n", "is not a number"),
        ('wage,years\n1,"2\n', "line 2: unexpected end of data"),
        ("wage,years\n1," + "9" * 200 + "\n", "is not a number"),
        ("wage,years\n1,007\n", r"column 'years': '007' begins with a zero"),
        ("wage,years\n-01.5,7\n", "column 'wage': '-01.5' begins with a zero"),
        ("wage,years\n00,7\n", "column 'wage': '00' begins with a zero"),
        (b"wage,years\n\xff,1\n", "is not UTF-8 text"),
    ],
)
def test_csv_refusals(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path, COLUMNS)
    assert caught.value.message.startswith(f"{path}: ")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.csv: there is no such file"):
        read_table(tmp_path / "none.csv", COLUMNS)


def test_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    wage = pa.array([Decimal("7.50"), Decimal("-0.25")])
    parquet.write_table(pa.table({"id": [1, 2], "years": [12, 0], "wage": wage}), path)
    assert read_table(path, COLUMNS).integers() == {"wage": [750, -25], "years": [12, 0]}
    parquet.write_table(pa.table({"years": [1, 2, 3], "wage": [0.1, 999.99, 1e2]}), path)
    assert read_table(path, COLUMNS).integers() == {"wage": [10, 99999, 10000], "years": [1, 2, 3]}


@pytest.mark.parametrize(
    ("wage", "message"),
    [
        ([1.0, None], "row 2, column 'wage': is empty"),
        ([1.0, 0.001], "row 2, column 'wage': '0.001' has 3 decimals"),
        ([float("nan"), 1.0], "row 1, column 'wage': 'NaN' is not a number"),
        ([1e300, 1.0], "row 1, column 'wage': .* is not a number"),
        ([True, False], "row 1, column 'wage': 'True' is not a number"),
        ([5000.0, 1.0], r"row 1, column 'wage': '5000.0' is outside \[-1.00, 999.99\]"),
    ],
)
def test_parquet_refusals(tmp_path: Path, wage: list[object], message: str) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table({"years": [1, 2], "wage": wage}), path)
    with pytest.raises(DataError, match=message):
        read_table(path, COLUMNS)


WIDE = Column(-(10**20), 10**20)
CENTS = Column(-(10**20), 10**20, 2)


@pytest.mark.parametrize(
    ("kind", "column", "last", "first"),
    [
        ("float64", WIDE, 2**53 - 1, 2**53),
        ("float64", WIDE, -(2**53) + 1, -1234567890123456789),
        ("float64", CENTS, 2**46, 2**53 / 64),
        ("float32", WIDE, 2**24 - 1, 2**24),
        ("float16", WIDE, 2**11 - 1, 2**11),
    ],
)
def test_floating_point_numbers_that_others_share_are_refused(
    tmp_path: Path, kind: str, column: Column, last: float, first: float
) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    np = pytest.importorskip("numpy")
    path = tmp_path / "table.parquet"

    def write_floats(values: list[float]) -> None:
        parquet.write_table(pa.table({"id": pa.array(np.array(values, dtype=kind))}), path)

    write_floats([last])
    assert read_table(path, {"id": column}).integers() == {"id": [int(last) * 10**column.decimals]}
    write_floats([1.0, first])
    with pytest.raises(
        DataError, match=r"row 2, column 'id': .* is a floating-point number of \d+ binary digits"
    ):
        read_table(path, {"id": column})


def test_integers_decimals_and_text_beyond_that_are_exact(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    for values in ([2**53 + 1], [Decimal(2**53 + 1)], [str(2**53 + 1)]):
        parquet.write_table(pa.table({"id": pa.array(values)}), path)
        assert read_table(path, {"id": WIDE}).integers() == {"id": [2**53 + 1]}


def test_not_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "table.parquet"
    path.write_bytes(b"wage,years\n1,2\n")
    with pytest.raises(DataError, match=r"table.parquet: is not a readable Parquet file"):
        read_table(path, COLUMNS)


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.parquet"
    path.touch()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match="takes the package pyarrow") as caught:
        read_table(path, COLUMNS)
    assert "tallystick[parquet]" in str(caught.value.hint)
