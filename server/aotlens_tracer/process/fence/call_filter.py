"""The filter of system calls: what Landlock knows nothing about. It is a program for the kernel (seccomp, classic BPF).

A call that it denies fails with EPERM or EACCES, which Python raises as PermissionError. A few succeed and do nothing.
All other calls pass. The program reads the number of a call and its arguments, not the memory that these point to.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterable

from . import call_numbers as numbers
from .call_numbers import DENIED, WITHOUT_EFFECT, Numbers
from .system_calls import MACHINE, SECCOMP, call

_SET_MODE_FILTER = 1
_ACTION_AVAILABLE = 2
_ALL_THREADS, _KEEP_SPECULATION = 1, 4
"""The second: without it, old kernels make the whole process slower."""
_NEW_LISTENER = 8
_RET_ALLOW, _RET_ERRNO, _RET_ASKS = 0x7FFF0000, 0x00050000, 0x7FC00000
_LOAD, _AND, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
"""Set in the numbers of the second set of calls that x86-64 has, which would pass every comparison."""
_THREAD = 0x00010000
"""The flag of `clone` that makes a thread, and no process."""
_NEW_NAMESPACES = 0x7E020080
"""The flags of `clone` that begin with CLONE_NEW."""
_IOCTLS = (
    *(0x5412, 0x541C, 0x541D),  # terminals: TIOCSTI, TIOCLINUX, TIOCCONS
    *(0x40086602, 0x401C5820, 0x40087602, 0x4004662C, 0x40086604, 0x40047211),  # attributes and versions of files
    *(0x660C, 0x6628),  # ext4: blocks that are put off, what it knows of a file's extents
    *(0x40806685, 0x800C6613, 0xC0506617, 0xC0406618),  # FS_IOC_ENABLE_VERITY, encryption: a policy, keys
    *(0x5000940E, 0x50009418, 0x50009401, 0x50009417, 0x5000940F, 0x5000943F),  # Btrfs: subvolumes, snapshots
    *(0x4008941A, 0xC0C89425, 0x41009432, 0x50009402, 0x40309410),  # Btrfs: their flags, a label, defragmentation
)
"""Requests that need no writable descriptor, and that Landlock knows nothing about."""
_NETWORK = (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_NETLINK", 16))
"""The families of sockets that a trace with network gets; names are looked up with the third."""
_SOCK_TYPE = 0xF
"""The part of a socket's type that is no flag."""
_CONNECTED = (1, 5)
"""The types of local sockets that stay connected to each other: streams, and sequences of packets."""
_Instruction = tuple[int, int, int, int]


def is_available() -> bool:
    """Whether this kernel takes such a filter."""
    if SECCOMP is None:
        return False
    try:
        call(SECCOMP, _ACTION_AVAILABLE, 0, ctypes.byref(ctypes.c_uint32(_RET_ERRNO)))
    except OSError:
        return False
    return True


def restrict(network: bool, programs: bool, protected: Iterable[int] = ()) -> None:
    """Deny the calls to this process and to all its threads: network and other programs too, unless they are allowed.

    `protected` are processes that get no signal. Raises OSError.
    """
    _install(_program(network, programs, tuple(protected)), _ALL_THREADS | _KEEP_SPECULATION)


def ask_for_processes() -> int:
    """Let this thread, and all that it starts, ask for each new process; return what the answers are given through.

    Raises OSError, also where the kernel takes no such filter.
    """
    if not is_available():
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    program = [_LOAD_NUMBER]
    for call_numbers in (numbers.FORK, numbers.VFORK):
        program += _on(call_numbers, [_ASKS])
    program += _on(numbers.CLONE, [_argument(0), (_ANY_BIT, 0, 1, _THREAD), _PASSES, _ASKS])
    return _install([*program, _PASSES], _NEW_LISTENER | _KEEP_SPECULATION)


def _install(program: list[_Instruction], flags: int) -> int:
    assert SECCOMP is not None
    data = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(data, len(data))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(buffer)))
    return call(SECCOMP, _SET_MODE_FILTER, flags, header)


def _program(network: bool, programs: bool, protected: tuple[int, ...]) -> list[_Instruction]:
    refused, missing = _fails(errno.EPERM), _fails(errno.ENOSYS)
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT_ARCHITECTURE[MACHINE]),
        missing,
        _LOAD_NUMBER,
        (_AT_LEAST, 0, 1, _X32),
        missing,
    ]
    for call_numbers in DENIED.values():
        program += _on(call_numbers, [refused])
    for call_numbers in () if programs else (numbers.EXECVE, numbers.EXECVEAT):
        program += _on(call_numbers, [refused])
    for call_numbers in WITHOUT_EFFECT.values():
        program += _on(call_numbers, [_fails(0)])
    for call_numbers in (numbers.CLONE3, numbers.MEMFD_CREATE, numbers.MEMFD_SECRET):
        program += _on(call_numbers, [missing])
    program += _on(numbers.CLONE, [_argument(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), refused, _PASSES])
    program += _on(numbers.IOCTL, _among(1, _IOCTLS, refused, _PASSES))
    # Libraries name their own process by 0 or by its number.
    itself = (0, os.getpid())
    for call_numbers in numbers.OF_PROCESS.values():
        program += _on(call_numbers, _among(0, itself, _PASSES, refused))
    for call_numbers, process in ((numbers.SETPRIORITY, 0), (numbers.IOPRIO_SET, 1)):  # the others: groups, users
        program += _on(
            call_numbers, [_argument(0), (_EQUAL, 1, 0, process), refused, *_among(1, itself, _PASSES, refused)]
        )
    program += _on(numbers.SOCKET, _among(0, _NETWORK if network else (), _PASSES, _fails(errno.EACCES)))
    # Datagram sockets of a pair may send to any service. A raw local socket is one of them.
    stream, packets = _CONNECTED
    of_type = [_argument(1), (_AND, 0, 0, _SOCK_TYPE), (_EQUAL, 1, 0, stream), (_EQUAL, 0, 1, packets), _PASSES]
    program += _on(numbers.SOCKETPAIR, [_argument(0), (_EQUAL, 1, 0, socket.AF_UNIX), refused, *of_type, refused])
    if protected:
        targets = [target & 0xFFFFFFFF for pid in protected for target in (pid, -pid, -1)]
        signals = numbers.KILL, numbers.TGKILL, numbers.TKILL, numbers.RT_SIGQUEUEINFO, numbers.RT_TGSIGQUEUEINFO
        for signal_call in signals:
            program += _on(signal_call, _among(0, targets, refused, _PASSES))
        program += _on(numbers.PIDFD_SEND_SIGNAL, [refused])
    return [*program, _PASSES]


_LOAD_NUMBER: _Instruction = (_LOAD, 0, 0, _NUMBER)
_PASSES: _Instruction = (_RETURN, 0, 0, _RET_ALLOW)
_ASKS: _Instruction = (_RETURN, 0, 0, _RET_ASKS)


def _fails(error: int) -> _Instruction:
    return _RETURN, 0, 0, _RET_ERRNO | error


def _argument(index: int) -> _Instruction:
    """Load the low half of an argument. Both architectures are little-endian."""
    return _LOAD, 0, 0, _ARGUMENTS + 8 * index


def _among(index: int, values: Iterable[int], then: _Instruction, otherwise: _Instruction) -> list[_Instruction]:
    """Decide by an argument. The instructions end the program."""
    steps = [_argument(index)]
    for value in values:
        steps += [(_EQUAL, 0, 1, value), then]
    return [*steps, otherwise]


def _on(call_numbers: Numbers, steps: list[_Instruction]) -> list[_Instruction]:
    """Run steps that end the program on one call alone."""
    number = getattr(call_numbers, MACHINE)
    return [] if number is None else [(_EQUAL, 0, len(steps), number), *steps]
