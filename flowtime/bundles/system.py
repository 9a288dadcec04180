"""The two system calls that Python's library lacks: openat2 and renameat2, with what to do where they are missing."""

import ctypes
import errno
import os

_libc = ctypes.CDLL(None, use_errno=True)

# One number on every architecture: openat2 is newer than their unification (Linux 5.6).
_SYS_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2

# What a kernel without the call says, and what a container's filter that does not know it says.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM})


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _openat2(directory: int, path: str, flags: int) -> int:
    how = _OpenHow(
        flags=flags,
        mode=0,
        resolve=_RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS,
    )
    fd = int(
        _libc.syscall(
            ctypes.c_long(_SYS_OPENAT2),
            ctypes.c_int(directory),
            ctypes.c_char_p(os.fsencode(path)),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
    )
    if fd < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return fd


def _kernel_confines() -> bool:
    try:
        fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.close(_openat2(fd, ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


KERNEL_CONFINES = hasattr(_libc, "syscall") and _kernel_confines()
"""True where openat2 does the confining; elsewhere each component is opened on its own."""


def open_beneath(directory: int, parts: tuple[str, ...], flags: int) -> int:
    """Open ``parts`` below ``directory``, following no symbolic link in any component.

    The caller has checked that no component is empty, ``.`` or ``..`` or holds a separator.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    if KERNEL_CONFINES:
        return _openat2(directory, "/".join(parts), flags)
    return _open_step_by_step(directory, parts, flags)


def _open_step_by_step(directory: int, parts: tuple[str, ...], flags: int) -> int:
    held = -1
    try:
        for part in parts[:-1]:
            step = os.open(
                part,
                os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
                dir_fd=directory if held < 0 else held,
            )
            if held >= 0:
                os.close(held)
            held = step
        return os.open(parts[-1], flags, dir_fd=directory if held < 0 else held)
    finally:
        if held >= 0:
            os.close(held)


def _renameat2(
    source: str, target: str, *, source_directory: int, target_directory: int, flag: int
) -> bool:
    """True when done, False where the kernel or the file system has no such call."""
    if not hasattr(_libc, "renameat2"):
        return False
    done = _libc.renameat2(
        ctypes.c_int(source_directory),
        ctypes.c_char_p(os.fsencode(source)),
        ctypes.c_int(target_directory),
        ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_uint(flag),
    )
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code))


def rename_new(source: str, target: str, *, source_directory: int, target_directory: int) -> None:
    """Rename a directory to a name that is free; raises FileExistsError where it is taken."""
    if _renameat2(
        source,
        target,
        source_directory=source_directory,
        target_directory=target_directory,
        flag=_RENAME_NOREPLACE,
    ):
        return
    # Without the flag, rename would replace an empty directory; a full one it refuses itself.
    if _is_taken(target, target_directory):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory)


def exchange(source: str, target: str, *, source_directory: int, target_directory: int) -> bool:
    """Swap two directories in one step; False where the file system cannot."""
    return _renameat2(
        source,
        target,
        source_directory=source_directory,
        target_directory=target_directory,
        flag=_RENAME_EXCHANGE,
    )


def _is_taken(name: str, directory: int) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
