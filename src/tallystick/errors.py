# SPDX-License-Identifier: Apache-2.0
"""Every error the package raises, as one tree.

::

    TallystickError
    ├── UsageError            a flag, file, job or program the user can correct
    │   ├── ProgramError      a program that cannot be traced (names the program's line)
    │   ├── DataError         a table that does not fit its schema (names file, row, column)
    │   └── PolicyError       a node's own policy forbids the job (names the rule)
    ├── DecodeError           bytes that are not a valid encoding (names what, and the offset)
    ├── VerificationError     a proof, signature or transcript that does not hold (names item and check)
    ├── ProtocolAbort         a run that stopped (names the check, and the party to blame if known)
    ├── UnfinishedError       work that was cut short: memory, time, a full disk, a program that misbehaves
    └── BackendError          the native core refused a call or is absent
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = [
    "BackendError",
    "DataError",
    "DecodeError",
    "PolicyError",
    "ProgramError",
    "ProtocolAbort",
    "TallystickError",
    "UnfinishedError",
    "UsageError",
    "VerificationError",
    "explaining",
]


class TallystickError(Exception):
    """Base of every error of this package; ``hint`` says what to do next, or is None."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the attributes: an exception's own way calls its class again with the message alone."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[TallystickError], args: tuple[object, ...]) -> TallystickError:
    """Return an error of a kind without its attributes, which pickle sets."""
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class UsageError(TallystickError):
    """Something the user wrote (flag, file, job, program) is wrong and can be corrected."""


class ProgramError(UsageError):
    """A program cannot be traced into a plan; ``where`` is ``file:line`` of the program, ``what`` the rest."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where
        self.what = message


class DataError(UsageError):
    """A member's table does not fit the schema the job declares."""


class PolicyError(UsageError):
    """The node's own policy forbids the job."""


class DecodeError(TallystickError):
    """Bytes that are not the canonical encoding of what was expected.

    ``offset`` is the position in bytes, from the start of the decoded buffer, of the first fault; ``item`` says
    which item of a transcript could not be decoded, or is None elsewhere.
    """

    def __init__(
        self, message: str, *, offset: int | None = None, item: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message if offset is None else f"{message} (at byte {offset})", hint=hint)
        self.offset = offset
        self.item = item


class VerificationError(TallystickError):
    """A proof, signature or transcript that does not hold.

    ``check`` is the short, stable name of the failed check; ``item`` says which item of the
    transcript (or which proof) failed it.
    """

    def __init__(self, message: str, *, check: str, item: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.check = check
        self.item = item


class ProtocolAbort(TallystickError):
    """A run stopped before any output.

    ``check`` is the short, stable name of the failed check (``mac-check``, ``input-consistency``,
    ``equivocation``, ``z-share``, ``deadline``, ...); ``blame`` is the index of the party that the
    evidence convicts, or None where the evidence convicts nobody.  ``about`` are the parties that the
    sentence begins with, and ``what`` is its rest: protocols know parties by number, ``named`` gives them names.
    ``heard`` says that only another party's notice tells of it, which is evidence of nothing.
    """

    def __init__(
        self,
        what: str,
        *,
        check: str,
        blame: int | None = None,
        about: Sequence[int] = (),
        names: Sequence[str] = (),
        hint: str | None = None,
        heard: bool = False,
    ) -> None:
        subject = " and ".join(names[j] if j < len(names) else f"party {j}" for j in about)
        joint = " " if subject and what[:1].isalnum() else ""
        super().__init__(subject + joint + what, hint=hint)
        self.what = what
        self.check = check
        self.blame = blame
        self.about = tuple(about)
        self.heard = heard

    @classmethod
    def by(
        cls, party: int, what: str, *, check: str, names: Sequence[str] = (), hint: str | None = None
    ) -> ProtocolAbort:
        """Return the abort that convicts ``party``; ``what`` continues a sentence that begins with it."""
        return cls(what, check=check, blame=party, about=(party,), names=names, hint=hint)

    def named(self, names: Sequence[str]) -> ProtocolAbort:
        """Return the same abort with names for the parties that it is about."""
        return ProtocolAbort(
            self.what,
            check=self.check,
            blame=self.blame,
            about=self.about,
            names=names,
            hint=self.hint,
            heard=self.heard,
        )


class UnfinishedError(TallystickError):
    """Work that was cut short before it could say anything: memory, time, a full disk, a program that misbehaves.

    ``check`` is the short, stable name of what could not be finished, or None.
    """

    def __init__(self, message: str, *, check: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.check = check


class BackendError(TallystickError):
    """A backend refused a call, or the one asked for is not available."""


@contextmanager
def explaining(what: str, *, hint: str | None = None) -> Iterator[None]:
    """Turn what the operating system refuses into a ``UsageError`` that says what could not be done, and why."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{what}: {error.strerror or error}", hint=hint) from error
