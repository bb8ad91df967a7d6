"""As whom PostgreSQL runs: it refuses root, so root lends it a system user."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM_USER: Final = "faceauth"
_USERADD: Final = (
    "useradd",
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/usr/sbin/nologin",
    SYSTEM_USER,
)


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system user that owns the data and runs the server. ``lent``: it is not who this process is."""

    uid: int
    gid: int
    lent: bool

    def process(self) -> dict[str, Any]:
        """Return arguments for ``subprocess`` that make a child run as this user, privileges dropped."""
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        shared: dict[str, Any] = {"cwd": "/", "env": environment, "umask": 0o077, "stdin": subprocess.DEVNULL}
        return shared | ({"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {})

    def own(self, folder: Path, mode: int) -> None:
        """Make one folder of ours, or check it: this user's, that mode. Its parents must exist.

        Raises ``ConfigurationError`` where something else is in that place already.
        """
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.uid, 0 if self.lent else self.uid}:
                raise ConfigurationError(f"{folder} belongs to somebody else: move it away") from None
        if self.lent:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)

    def can_pass(self, folder: Path) -> bool:
        """Say whether this user can walk down to that existing folder and into it."""
        return all(self._may(place, stat.S_IXUSR) for place in (folder, *folder.parents))

    def can_read(self, file: Path) -> bool:
        """Say whether this user can walk to that file and read it."""
        return file.exists() and self.can_pass(file.parent) and self._may(file, stat.S_IRUSR)

    def _may(self, path: Path, owner_bit: int) -> bool:
        found = path.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & owner_bit)
        shift = 3 if found.st_gid == self.gid else 6
        return bool(found.st_mode & (owner_bit >> shift))


def current_account(area: Path) -> Account:
    """Return this process's own user, or for root the owner of ``area``, or the system user ``faceauth``.

    A cluster that a normal user made stays that user's when root comes along. Raises ``ConfigurationError`` when the
    system user is missing and cannot be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), lent=False)
    found = area.stat() if area.is_dir() else None
    if found is not None and found.st_uid != 0:
        return Account(found.st_uid, found.st_gid, lent=True)
    entry = _lookup() or _create()
    return Account(entry.pw_uid, entry.pw_gid, lent=True)


def _lookup() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    try:
        subprocess.run(_USERADD, check=False, capture_output=True, timeout=30)  # noqa: S603 - fixed arguments
    except (OSError, subprocess.TimeoutExpired):
        entry = None
    else:
        # Another process may have been faster: what counts is that the user is there now.
        entry = _lookup()
    if entry is None:
        raise ConfigurationError(
            f"PostgreSQL does not run as root and the system user {SYSTEM_USER} could not be created: "
            f"create it (useradd --system {SYSTEM_USER}), run faceauth as a normal user, or set DATABASE_URL"
        )
    return entry
