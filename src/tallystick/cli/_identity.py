"""``tallystick identity``."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..record import Member, check_name, member_toml, parse_address
from ..session import new_identity, read_certificate, write_identity
from ._passphrase import passphrase_option, read_passphrase

__all__ = ["identity_file", "identity_group"]

_ADDRESS = "localhost:7450"


def identity_file(name: str, folder: Path = Path()) -> Path:
    """Return where a member's identity is unless the user says otherwise."""
    return folder / f"{name}.identity"


@click.group("identity")
def identity_group() -> None:
    """Make and show a member's identity: a signing key and the certificate that others pin."""


@identity_group.command("new")
@click.argument("name")
@click.option(
    "--out",
    metavar="DIR",
    default=Path(),
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for NAME.identity (default: here).",
)
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
    path = identity_file(name, out)
    if path.exists():
        raise UsageError(f"{path} exists already", hint="choose another folder or name; nothing was changed")
    if not out.is_dir():
        raise UsageError(f"{out}: there is no such folder")
    passphrase = read_passphrase(passphrase_file, name=name, new=True)
    identity = new_identity(name)
    write_identity(identity, path, passphrase)
    click.echo(f"tallystick: wrote {path}; the entry below goes into the consortium file", err=True)
    click.echo(member_toml(identity.member(address)), nl=False)


@identity_group.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--address", metavar="HOST:PORT", default=_ADDRESS, show_default=True, help="Address for the entry."
)
def show_command(file: Path, address: str) -> None:
    """Print the entry for the consortium file of the identity in FILE; no passphrase is needed."""
    parse_address(address)
    name, certificate = read_certificate(file)
    member = Member(name, address, certificate)
    first, last = member.validity
    click.echo(f"# valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    click.echo(member_toml(member), nl=False)
