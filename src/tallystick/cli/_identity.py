# SPDX-License-Identifier: Apache-2.0
"""``tallystick identity``."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..record import Member, check_name, member_toml, parse_address, read_consortium
from ..session import (
    check_rotation,
    make_rotation,
    new_identity,
    read_certificate,
    read_identity,
    read_rotation,
    write_identity,
    write_new,
)
from ._options import FILE, file_option, folder_option
from ._passphrase import passphrase_of, passphrase_option

__all__ = ["identity_file", "identity_group"]

_ADDRESS = "localhost:7450"
_address_option = click.option(
    "--address", metavar="HOST:PORT", default=_ADDRESS, show_default=True, help="Address for the entry."
)


def identity_file(name: str, folder: Path = Path()) -> Path:
    """Return where a member's identity is unless the user says otherwise."""
    return folder / f"{name}.identity"


@click.group("identity")
def identity_group() -> None:
    """Make and show a member's identity: a signing key and the certificate that others pin."""


@identity_group.command("new")
@click.argument("name")
@folder_option("--out", default=Path(), help="Folder for NAME.identity (default: here).")
@click.option(
    "--address",
    metavar="HOST:PORT",
    default=_ADDRESS,
    show_default=True,
    help="Where the other members reach this one.",
)
@passphrase_option
def new_command(name: str, out: Path, address: str, passphrase_file: Path | None) -> None:
    """Make an identity NAME, encrypt its key, and print its entry for the consortium file.

    The entry is public: give it to every member, and compare its fingerprint with them by another channel.
    """
    check_name(name)
    parse_address(address)
    path = _free(identity_file(name, out))
    with passphrase_of(name, passphrase_file, new=True) as passphrase:
        identity = new_identity(name)
        write_identity(identity, path, passphrase)
    click.echo(f"tallystick: wrote {path}; the entry below goes into the consortium file", err=True)
    click.echo(member_toml(identity.member(address)), nl=False)


@identity_group.command("show")
@click.argument("file", type=FILE)
@_address_option
def show_command(file: Path, address: str) -> None:
    """Print the entry for the consortium file of the identity in FILE; no passphrase is needed."""
    parse_address(address)
    name, certificate = read_certificate(file)
    member = Member(name, address, certificate)
    first, last = member.validity
    click.echo(f"# valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    click.echo(member_toml(member), nl=False)


@identity_group.command("rotate")
@click.argument("file", type=FILE)
@folder_option(
    "--out", required=True, help="Folder for the new NAME.identity and the statement NAME.rotation."
)
@_address_option
@passphrase_option
def rotate_command(file: Path, out: Path, address: str, passphrase_file: Path | None) -> None:
    """Replace the identity in FILE: make a new one, and have the old key say so.

    Give the statement to the other members; they check it with `identity successor`.
    """
    parse_address(address)
    name, _certificate = read_certificate(file)
    path, statement = _free(identity_file(name, out)), _free(out / f"{name}.rotation")
    with passphrase_of(name, passphrase_file) as passphrase:
        old, new = read_identity(file, passphrase), new_identity(name)
        write_identity(new, path, passphrase)
    write_new(statement, make_rotation(old, new))
    click.echo(f"tallystick: wrote {path}, with the same passphrase, and {statement}", err=True)
    click.echo(member_toml(new.member(address)), nl=False)


@identity_group.command("successor")
@click.argument("statement", type=FILE)
@click.argument("member")
@file_option(
    "--consortium", required=True, help="Your consortium file, with the member's present certificate."
)
def successor_command(statement: Path, member: str, consortium: Path) -> None:
    """Check that MEMBER's pinned key made STATEMENT, and print the entry that replaces the present one."""
    present = read_consortium(consortium).member(member)
    click.echo(member_toml(check_rotation(read_rotation(statement), present)), nl=False)


def _free(path: Path) -> Path:
    """Return the path if a new file can be made there."""
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: there is no such folder")
    if path.exists():
        raise UsageError(f"{path} exists already", hint="choose another folder; nothing was changed")
    return path
