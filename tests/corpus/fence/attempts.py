"""Ways out of a fenced process: each function tries one. Run with a folder outside; prints how each of them ended."""

# ruff: noqa: SIM115  # a file that stays open is no fault here

import ctypes
import errno
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
IS_X86 = os.uname().machine == "x86_64"


def call(number, *arguments):
    """A system call; OSError if it fails."""
    result = LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def shell(text):
    subprocess.run(["sh", "-c", text], check=True, capture_output=True, cwd=OUT)


def request(path, number):
    __import__("fcntl").ioctl(os.open(path, os.O_RDONLY), number, bytes(1024))


def datagram(kind):
    first, _ = socket.socketpair(socket.AF_UNIX, kind)
    first.sendto(b"x", f"{OUT}/datagrams")


def thread():
    failed = []

    def write():
        try:
            open(f"{OUT}/thread", "w").close()
        except OSError as error:
            failed.append(error)

    started = threading.Thread(target=write)
    started.start()
    started.join()
    if failed:
        raise failed[0]


def linked():
    os.symlink(f"{OUT}/file", f"{tempfile.gettempdir()}/link")
    open(f"{tempfile.gettempdir()}/link", "w").close()


def moved():
    open(f"{tempfile.gettempdir()}/moved", "w").close()
    os.rename(f"{tempfile.gettempdir()}/moved", f"{OUT}/moved")


def failed(number):
    raise OSError(number, os.strerror(number))


def by_descriptor():
    """Start a program with execveat, in a process of its own."""
    program = os.open("/bin/true", os.O_RDONLY)
    pid = os.fork()
    if pid == 0:
        try:
            os.execve(program, ["true"], {})
        except OSError as error:
            os._exit(error.errno)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        failed(status)


def own_memory():
    open("/proc/self/mem", "r+b").close()


def database():
    connection = sqlite3.connect(f"{OUT}/database")
    connection.execute("create table x (y)")


OUT = sys.argv[1]
OUTSIDE = {
    "open": lambda: open(f"{OUT}/new", "w"),
    "append": lambda: open(f"{OUT}/file", "a"),
    "truncate": lambda: os.truncate(f"{OUT}/file", 0),
    "O_TRUNC alone": lambda: os.open(f"{OUT}/file", os.O_RDONLY | os.O_TRUNC),
    "O_TMPFILE": lambda: os.open(OUT, os.O_TMPFILE | os.O_RDWR),
    "remove": lambda: os.remove(f"{OUT}/file"),
    "rename": lambda: os.rename(f"{OUT}/file", f"{OUT}/other"),
    "move out of the scratch folder": moved,
    "move into the scratch folder": lambda: os.rename(f"{OUT}/file", f"{tempfile.gettempdir()}/file"),
    "folder": lambda: os.mkdir(f"{OUT}/folder"),
    "hard link": lambda: os.link(f"{OUT}/file", f"{OUT}/hard"),
    "hard link into the scratch folder": lambda: os.link(f"{OUT}/file", f"{tempfile.gettempdir()}/hard"),
    "symbolic link": lambda: os.symlink("file", f"{OUT}/soft"),
    "through a symbolic link": linked,
    "mkfifo": lambda: os.mkfifo(f"{OUT}/fifo"),
    "device": lambda: os.mknod(f"{tempfile.gettempdir()}/device", 0o20600, os.makedev(1, 3)),
    "chmod": lambda: os.chmod(f"{OUT}/file", 0o777),
    "fchmod": lambda: os.fchmod(os.open(f"{OUT}/file", os.O_RDONLY), 0o777),
    "chown": lambda: os.chown(f"{OUT}/file", os.getuid(), os.getgid()),
    "utime": lambda: os.utime(f"{OUT}/file", (1, 1)),
    "setxattr": lambda: os.setxattr(f"{OUT}/file", "user.x", b"x"),
    "copy": lambda: shutil.copyfile(__file__, f"{OUT}/copy"),
    "database": database,
    "another program": lambda: shell("echo x > program"),
    "file in memory": lambda: os.memfd_create("x"),
    "thread": thread,
    "own memory as a file": own_memory,
    "memory of its parent": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
    "environment of its parent": lambda: open(f"/proc/{os.getppid()}/environ", "rb").read(),
    "settings of the kernel": lambda: open("/proc/sys/kernel/core_pattern", "r+"),
    "another priority": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 5),
    "priority of a group": lambda: os.setpriority(os.PRIO_PGRP, 0, 5),
    "priority for disks": lambda: call(251 if IS_X86 else 30, 1, os.getppid(), 3 << 13),
    "processors of another": lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0)),
    "scheduling of another": lambda: os.sched_setscheduler(os.getppid(), os.SCHED_BATCH, os.sched_param(0)),
    "scheduling of another, anew": lambda: call(314 if IS_X86 else 274, os.getppid(), bytes(48), 0),
    "limits of another": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)),
    "signal": lambda: os.kill(os.getppid(), 0),
    "ptrace": lambda: call(101 if IS_X86 else 117, 16, os.getppid(), 0, 0),
    "process_vm_writev": lambda: call(311 if IS_X86 else 271, os.getppid(), None, 0, None, 0, 0),
    "pidfd_getfd": lambda: call(438, os.pidfd_open(os.getppid()), 0, 0),
    "io_uring": lambda: call(425, 4, ctypes.create_string_buffer(120)),
    "mount": lambda: call(165 if IS_X86 else 40, b"none", OUT.encode(), b"tmpfs", 0, None),
    "user namespace": lambda: call(272 if IS_X86 else 97, 0x10000000),
    "key": lambda: call(248 if IS_X86 else 217, b"user", b"aotlens", b"x", 1, -3),
    "shared memory by number": lambda: call(29 if IS_X86 else 194, 0, 4096, 0o1600),
    "verity of a file": lambda: request(f"{OUT}/file", 0x40806685),
    "encryption of a folder": lambda: request(OUT, 0x800C6613),
    "version of a file": lambda: request(f"{OUT}/file", 0x40086604),
    "blocks of a file": lambda: request(f"{OUT}/file", 0x660C),
    "extents of a file": lambda: request(f"{OUT}/file", 0x6628),
    "attributes of a FAT file": lambda: request(f"{OUT}/file", 0x40047211),
    "subvolume": lambda: request(OUT, 0x5000940E),
    "typing into a terminal": lambda: __import__("fcntl").ioctl(0, 0x5412, b"x"),
    "TCP": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
    "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "IPv6": lambda: socket.socket(socket.AF_INET6),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW),
    "packet socket": lambda: socket.socket(17, socket.SOCK_RAW),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "local socket": lambda: socket.socket(socket.AF_UNIX).connect(f"{OUT}/service"),
    "pair of datagram sockets": lambda: datagram(socket.SOCK_DGRAM),
    "pair of raw sockets": lambda: datagram(socket.SOCK_RAW | socket.SOCK_CLOEXEC),
    "pair of sockets of another family": lambda: socket.socketpair(30, socket.SOCK_STREAM),
}
PROGRAMS = {
    "program": lambda: subprocess.run(["true"], check=True),
    "own child": lambda: subprocess.Popen(["sleep", "9"]).kill(),
    "program of the C library": lambda: LIBC.system(b"true") and failed(errno.EPERM),
    "program by descriptor": by_descriptor,
}
INSIDE = {
    "read": lambda: open(f"{OUT}/file").read(),
    "temporary file": lambda: tempfile.NamedTemporaryFile().write(b"x"),
    "copy with mode and times": lambda: shutil.copy2(f"{OUT}/file", tempfile.mkdtemp()),
    "null": lambda: open("/dev/null", "w").write("x"),
    "pair of sockets": socket.socketpair,
    "pair of sockets for packets": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET),
    "own signal": lambda: os.kill(os.getpid(), 0),
    "thread": lambda: threading.Thread(target=int).start(),
    "own priority": lambda: os.nice(0),
    "own priority by number": lambda: os.setpriority(os.PRIO_PROCESS, os.getpid(), os.getpriority(os.PRIO_PROCESS, 0)),
    "own processors": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "own processors by number": lambda: os.sched_setaffinity(os.getpid(), os.sched_getaffinity(0)),
    "own limits": lambda: resource.prlimit(os.getpid(), resource.RLIMIT_CORE, (0, 0)),
}


def ends(ways):
    """How each way ended: an errno, or None if nothing was raised."""
    found = {}
    for name, way in ways.items():
        try:
            way()
        except OSError as error:
            found[name] = error.errno
        except Exception as error:
            found[name] = str(error)
        else:
            found[name] = None
    return found


def main():
    signal.alarm(60)
    print(json.dumps({"outside": ends(OUTSIDE), "inside": ends(INSIDE), "programs": ends(PROGRAMS)}))
