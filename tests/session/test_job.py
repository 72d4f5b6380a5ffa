# SPDX-License-Identifier: Apache-2.0
"""Job and policy files: what they say, and that every refusal names file and entry."""

from __future__ import annotations

from pathlib import Path

import pytest

import tallystick as ts
from tallystick.errors import PolicyError, UsageError
from tallystick.plan import Column
from tallystick.record import Policy, check_policy, member_toml
from tallystick.session import new_identity, read_job, read_policy, schemas

CONSORTIUM = "\n".join(
    member_toml(new_identity(name).member(f"127.0.0.1:{port}"))
    for port, name in enumerate(("north", "south", "west"), 7001)
)
TEXT = """\
name = "wages 2026"
program = "wages.py:wages"
consortium = "consortium.toml"
members = ["west", "north"]

[columns.wage]
low = 0
high = 40.95
decimals = 2

[columns.change]
low = -5
high = 5

[policy]
min_members = 2
min_rows = 10
outputs = ["mean", "count"]
"""


def write(folder: Path, text: str) -> Path:
    (folder / "consortium.toml").write_text(CONSORTIUM)
    path = folder / "job.toml"
    path.write_text(text)
    return path


def test_a_job_is_read(tmp_path: Path) -> None:
    job = read_job(write(tmp_path, TEXT))
    assert (job.name, job.program, job.consortium.names) == (
        "wages 2026",
        "wages.py:wages",
        ("west", "north"),
    )
    assert job.columns == {
        "wage": Column(0, 4095, 2),
        "change": Column(-5, 5),
    }
    assert job.policy == Policy(min_members=2, min_rows=10, outputs=("mean", "count"))
    seen = schemas(job, [3, 4])
    assert [(s.name, s.rows, sorted(s.columns)) for s in seen] == [
        ("west", 3, ["change", "wage"]),
        ("north", 4, ["change", "wage"]),
    ]


def test_members_and_policy_have_defaults(tmp_path: Path) -> None:
    text = TEXT.split("[policy]")[0].replace('members = ["west", "north"]\n', "")
    job = read_job(write(tmp_path, text))
    assert job.consortium.names == ("north", "south", "west")
    assert job.policy == Policy()


def test_terms_differ_where_job_files_differ(tmp_path: Path) -> None:
    one = read_job(write(tmp_path, TEXT)).terms()
    other = read_job(write(tmp_path, TEXT.replace("min_rows = 10", "min_rows = 9"))).terms()
    assert [part for part in one if one[part] != other[part]] == ["policy"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "wages 2026"', "", "name: is missing; text is needed"),
        ('name = "wages 2026"', "name = 3", "name: text was expected"),
        ('name = "wages 2026"', r'name = "a\u0007"', "name: between 1 and 200 printable characters"),
        ('program = "wages.py:wages"', "", "program: is missing"),
        ('consortium = "consortium.toml"', "", "consortium: is missing"),
        ("members =", "member =", "the job: unknown entry 'member'"),
        ('["west", "north"]', '["west", "nord"]', "'nord' is not a member of the consortium"),
        ('["west", "north"]', '["west", "west"]', "members: an entry appears twice"),
        ('["west", "north"]', '["west"]', "members: a computation has at least 2 members"),
        ('["west", "north"]', '"west"', "members: a list of texts was expected"),
        ("low = 0\n", "", "columns.wage.low: a number is needed"),
        ("low = 0\n", "low = true\n", "columns.wage.low: a number is needed"),
        ("low = 0\n", "low = 41\n", "columns.wage: low is above high"),
        ("high = 40.95", "high = inf", "columns.wage.high: Infinity is out of range"),
        ("high = 40.95", "high = 40.955", "columns.wage.high: 40.955 has more than 2 decimals"),
        ("high = 40.95", "high = 1e90", "columns.wage: the range takes more than 250 bits"),
        ("high = 40.95", "high = 1e999999999", "columns.wage.high: .* is out of range"),
        ("low = 0\n", "low = 1e-99999999\n", "columns.wage.low: 1E-99999999 has more than 2 decimals"),
        ("low = 0\n", "low = -1e-1000000000000000000\n", "columns.wage.low: .* has more than 2 decimals"),
        ("low = 0\n", f"low = 0.{'0' * 100_000}1\n", "columns.wage.low: 1E-100001 has more than 2 decimals"),
        ("high = 40.95", f"high = {'9' * 5000}", "not valid TOML"),
        ("high = 40.95", f"high = 0x{'f' * 100_000}", "columns.wage.high: an integer of 400000 bits"),
        ("high = 40.95", f"high = {'[' * 100_000}", "not valid TOML"),
        ("decimals = 2", "decimals = 19", "columns.wage.decimals: 19 is not between 0 and 18"),
        ("decimals = 2", "digits = 2", "columns.wage: unknown entry 'digits'"),
        ("min_members = 2", "min_members = 1", "policy.min_members: 1 is not between 2 and 64"),
        ("min_rows = 10", "min_rows = 1.5", "policy.min_rows: an integer was expected"),
        ("min_rows = 10", "minrows = 10", "policy: unknown entry 'minrows'"),
        ('outputs = ["mean", "count"]', "outputs = [1]", "policy.outputs: text was expected"),
        ("[policy]", "[policy", "not valid TOML"),
    ],
)
def test_refusals_name_file_and_entry(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(UsageError, match=message) as caught:
        read_job(write(tmp_path, TEXT.replace(old, new, 1)))
    assert caught.value.message.startswith(f"{tmp_path / 'job.toml'}: ")


@pytest.mark.parametrize(
    ("written", "scaled"),
    [("0e-99999999", 0), ("0e99999999", 0), ("4000e-2", 4000), (f"40.{'0' * 100_000}", 4000), ("1e1", 1000)],
)
def test_zeros_at_the_end_change_nothing(tmp_path: Path, written: str, scaled: int) -> None:
    job = read_job(write(tmp_path, TEXT.replace("low = 0\n", f"low = {written}\n")))
    assert job.columns["wage"].low == scaled


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.toml: cannot read the job file: No such file"):
        read_job(tmp_path / "none.toml")
    path = write(tmp_path, TEXT)
    (tmp_path / "consortium.toml").unlink()
    with pytest.raises(UsageError, match=r"consortium.toml: cannot read the consortium file"):
        read_job(path)


def test_no_columns(tmp_path: Path) -> None:
    head = TEXT.split("[columns.wage]")[0]
    with pytest.raises(UsageError, match="columns: is missing; a table is needed"):
        read_job(write(tmp_path, head))
    with pytest.raises(UsageError, match="columns: at least one is needed"):
        read_job(write(tmp_path, head + "[columns]\n"))


# ---------------------------------------------------------------------- policies
@ts.program
def means(table):  # type: ignore[no-untyped-def]
    wage = ts.concat([t["wage"] for t in table])
    return {"mean": ts.mean(wage), "count": wage.size}


def test_a_plan_that_keeps_to_the_policy_passes(tmp_path: Path) -> None:
    job = read_job(write(tmp_path, TEXT))
    check_policy(job.policy, ts.trace(means, schemas(job, [10, 11])), whose="the job")


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("min_members = 3", "node demands at least 3 members; the computation has 2"),
        ("min_rows = 11", "node demands at least 11 rows of every member; west has 10"),
        ('outputs = ["mean"]', "node does not allow the output 'count'"),
        ("outputs = []", "node does not allow the output 'mean'"),
    ],
)
def test_a_policy_that_forbids_says_which_rule(tmp_path: Path, policy: str, message: str) -> None:
    job = read_job(write(tmp_path, TEXT))
    path = tmp_path / "policy.toml"
    path.write_text(policy)
    with pytest.raises(PolicyError, match=message):
        check_policy(read_policy(path)[0], ts.trace(means, schemas(job, [10, 11])), whose="node")


@ts.program
def by_member(table):  # type: ignore[no-untyped-def]
    return {"mean": {t.name: ts.mean(t["wage"]) for t in table}}


def test_a_policy_names_groups_of_results(tmp_path: Path) -> None:
    job = read_job(write(tmp_path, TEXT))
    plan = ts.trace(by_member, schemas(job, [10, 11]))
    check_policy(Policy(outputs=("mean",)), plan, whose="node")
    check_policy(Policy(outputs=("mean.west", "mean.north")), plan, whose="node")
    with pytest.raises(PolicyError, match=r"node does not allow the output 'mean.north'"):
        check_policy(Policy(outputs=("mean.west",)), plan, whose="node")
    with pytest.raises(PolicyError, match=r"node does not allow the output 'mean.west'"):
        check_policy(Policy(outputs=("mea",)), plan, whose="node")


def test_a_policy_that_names_outputs_allows_no_more_than_can_be_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = read_job(write(tmp_path, TEXT))
    plan = ts.trace(means, schemas(job, [10, 11]))
    check_policy(job.policy, plan, whose="node")
    monkeypatch.setattr("tallystick.disclosure._statement._MAX_WORK", 1)
    check_policy(Policy(), plan, whose="node")
    with pytest.raises(PolicyError, match="node names outputs, and too much is opened to see that"):
        check_policy(job.policy, plan, whose="node")


def test_a_misspelt_policy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("minimum_rows = 5")
    with pytest.raises(UsageError, match=r"policy.toml: policy: unknown entry 'minimum_rows'"):
        read_policy(path)


@pytest.mark.parametrize(
    "number", ["1e-99999999", "1e-3000000", "1e99999999", "0." + "1" * 5000, "1" + "0" * 400]
)
def test_a_huge_exponent_is_refused_at_once(tmp_path: Path, number: str) -> None:
    with pytest.raises(UsageError, match=r"columns\.change\.high"):
        read_job(write(tmp_path, TEXT.replace("high = 5", f"high = {number}")))


@pytest.mark.parametrize("number", ["0e-99999999", "-0e99999999", "0.000"])
def test_zero_is_zero_however_it_is_written(tmp_path: Path, number: str) -> None:
    job = read_job(write(tmp_path, TEXT.replace("high = 5", f"high = {number}")))
    assert [c.high for c in job.columns.values()] == [4095, 0]
