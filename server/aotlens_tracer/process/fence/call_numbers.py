"""The system calls that the filter denies, by their numbers on each architecture (`asm/unistd_64.h`, `asm-generic`).

A number is None where the architecture lacks the call. What Landlock holds is not listed.
"""

from __future__ import annotations

from typing import NamedTuple


class Numbers(NamedTuple):
    """The numbers of one call."""

    x86_64: int | None
    aarch64: int | None


DENIED = {
    # other processes
    "ptrace": Numbers(101, 117),
    "process_vm_readv": Numbers(310, 270),
    "process_vm_writev": Numbers(311, 271),
    "process_madvise": Numbers(440, 440),
    "process_mrelease": Numbers(448, 448),
    "pidfd_getfd": Numbers(438, 438),
    "kcmp": Numbers(312, 272),
    "migrate_pages": Numbers(256, 238),
    "move_pages": Numbers(279, 239),
    # rings carry out calls that no filter sees
    "io_uring_setup": Numbers(425, 425),
    "io_uring_enter": Numbers(426, 426),
    "io_uring_register": Numbers(427, 427),
    # mounts and namespaces
    "mount": Numbers(165, 40),
    "umount2": Numbers(166, 39),
    "pivot_root": Numbers(155, 41),
    "chroot": Numbers(161, 51),
    "open_tree": Numbers(428, 428),
    "move_mount": Numbers(429, 429),
    "fsopen": Numbers(430, 430),
    "fsconfig": Numbers(431, 431),
    "fsmount": Numbers(432, 432),
    "fspick": Numbers(433, 433),
    "mount_setattr": Numbers(442, 442),
    "open_tree_attr": Numbers(467, 467),
    "setns": Numbers(308, 268),
    "unshare": Numbers(272, 97),
    "open_by_handle_at": Numbers(304, 265),
    # keys
    "add_key": Numbers(248, 217),
    "request_key": Numbers(249, 218),
    "keyctl": Numbers(250, 219),
    # the kernel and the machine
    "bpf": Numbers(321, 280),
    "perf_event_open": Numbers(298, 241),
    "userfaultfd": Numbers(323, 282),
    "fanotify_init": Numbers(300, 262),
    "init_module": Numbers(175, 105),
    "finit_module": Numbers(313, 273),
    "delete_module": Numbers(176, 106),
    "kexec_load": Numbers(246, 104),
    "kexec_file_load": Numbers(320, 294),
    "reboot": Numbers(169, 142),
    "swapon": Numbers(167, 224),
    "swapoff": Numbers(168, 225),
    "acct": Numbers(163, 89),
    "syslog": Numbers(103, 116),
    "quotactl": Numbers(179, 60),
    "quotactl_fd": Numbers(443, 443),
    "settimeofday": Numbers(164, 170),
    "clock_settime": Numbers(227, 112),
    "sethostname": Numbers(170, 161),
    "setdomainname": Numbers(171, 162),
    "iopl": Numbers(172, None),
    "ioperm": Numbers(173, None),
    "vhangup": Numbers(153, 58),
    # attributes of files
    "setxattr": Numbers(188, 5),
    "lsetxattr": Numbers(189, 6),
    "fsetxattr": Numbers(190, 7),
    "removexattr": Numbers(197, 14),
    "lremovexattr": Numbers(198, 15),
    "fremovexattr": Numbers(199, 16),
    "setxattrat": Numbers(463, 463),
    "removexattrat": Numbers(466, 466),
    "file_setattr": Numbers(469, 469),
    "chown": Numbers(92, None),
    "fchown": Numbers(93, 55),
    "lchown": Numbers(94, None),
    "fchownat": Numbers(260, 54),
    # memory and messages that are shared by number and outlive their process
    "shmget": Numbers(29, 194),
    "shmat": Numbers(30, 196),
    "shmctl": Numbers(31, 195),
    "semget": Numbers(64, 190),
    "semop": Numbers(65, 193),
    "semctl": Numbers(66, 191),
    "semtimedop": Numbers(220, 192),
    "msgget": Numbers(68, 186),
    "msgsnd": Numbers(69, 189),
    "msgrcv": Numbers(70, 188),
    "msgctl": Numbers(71, 187),
    "mq_open": Numbers(240, 180),
    "mq_unlink": Numbers(241, 181),
}
"""Calls that fail with EPERM, whatever their arguments."""

WITHOUT_EFFECT = {
    "chmod": Numbers(90, None),
    "fchmod": Numbers(91, 52),
    "fchmodat": Numbers(268, 53),
    "fchmodat2": Numbers(452, 452),
    "utime": Numbers(132, None),
    "utimes": Numbers(235, None),
    "futimesat": Numbers(261, None),
    "utimensat": Numbers(280, 88),
}
"""Calls that do nothing and succeed: a copy of a file in the scratch folder (`shutil.copy`) sets its mode and times."""

CLONE3 = Numbers(435, 435)
"""Its flags lie in memory, which a filter cannot read: it fails with ENOSYS, and the C library takes `clone`."""
CLONE = Numbers(56, 220)
OF_PROCESS = {
    "prlimit64": Numbers(302, 261),
    "sched_setaffinity": Numbers(203, 122),
    "sched_setattr": Numbers(314, 274),
    "sched_setparam": Numbers(142, 118),
    "sched_setscheduler": Numbers(144, 119),
}
"""Calls that change the process that their first argument names."""
EXECVE = Numbers(59, 221)
EXECVEAT = Numbers(322, 281)
FORK = Numbers(57, None)
IOCTL = Numbers(16, 29)
IOPRIO_SET = Numbers(251, 30)
KILL = Numbers(62, 129)
RT_SIGQUEUEINFO = Numbers(129, 138)
RT_TGSIGQUEUEINFO = Numbers(297, 240)
SETPRIORITY = Numbers(141, 140)
SOCKET = Numbers(41, 198)
SOCKETPAIR = Numbers(53, 199)
TGKILL = Numbers(234, 131)
TKILL = Numbers(200, 130)
VFORK = Numbers(58, None)
MEMFD_CREATE = Numbers(319, 279)
"""Files in memory: the limit of memory sees none that is not mapped. With ENOSYS, libraries take a temporary file."""
MEMFD_SECRET = Numbers(447, 447)
PIDFD_SEND_SIGNAL = Numbers(424, 424)
