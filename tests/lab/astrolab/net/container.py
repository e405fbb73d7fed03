# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a pod: makes its namespaces and what it sees of the files, and waits in them. Prints its process id.

Run as a script, without the lab's packages: it has to be quick and leave nothing in memory. What a pod sees is the
machine's own file system with some files covered; nothing is written outside of file systems that end with the pod.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from typing import Any

_NAMESPACES = 0x40000000 | 0x00020000 | 0x04000000 | 0x20000000  # network, files, host name, process ids
READ_ONLY, NO_SETUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
_FLAGS = {"nosuid": NO_SETUID, "nodev": NO_DEVICES, "noexec": NO_EXEC, "noatime": 1024, "relatime": 1 << 21}
_PROGRAMS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ASIDE = ("/mnt", "/media", "/srv")  # one of them can be done without
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None), f"mount {target}")


def furnish(wanted: dict[str, Any]) -> None:
    _mount("none", "/", "", RECURSIVE | PRIVATE)
    _mount("proc", "/proc", "proc", NO_SETUID | NO_DEVICES | NO_EXEC)
    if wanted["python"] != "python3":
        _move_python(wanted["python"])
    for file, place in wanted["covers"]:
        if os.path.exists(place):
            _mount(file, os.path.realpath(place), "", BIND)
    if os.path.isdir("/run/nscd"):
        _mount("nothing", "/run/nscd", "tmpfs", 0)
    if wanted["read_only"]:
        _freeze()
    socket.sethostname(wanted["name"])


def _move_python(place: str) -> None:
    """Takes Python out of the usual directories, and puts it where it is wanted, if anywhere."""
    aside = next((each for each in _ASIDE if os.path.isdir(each) and not os.listdir(each)), _ASIDE[0])
    _mount("nothing", aside, "tmpfs", 0)
    python = _python()
    for directory in dict.fromkeys(map(os.path.realpath, filter(os.path.isdir, _PROGRAMS))):
        kept = _cover(directory, aside, lambda name: name.startswith(("python", "pypy")))
        if os.path.dirname(python) == directory:
            python = os.path.join(kept, os.path.basename(python))
    if place:
        there = os.path.dirname(place)
        while not os.path.isdir(there):
            there = os.path.dirname(there)
        if there != os.path.dirname(place) or not os.access(there, os.W_OK):
            _cover(there, aside, lambda _name: False)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w") as script:
            script.write(f'#!/bin/sh\nexec {python} "$@"\n')
        os.chmod(place, 0o755)


def _python() -> str:
    for directory in _PROGRAMS:
        if os.path.exists(found := os.path.join(directory, "python3")):
            return os.path.realpath(found)
    return os.path.realpath(sys.executable)


def _cover(directory: str, aside: str, left_out: Any) -> str:
    """The directory becomes an empty one with the same things in it, less some; says where the old one is now."""
    kept = os.path.join(aside, directory.strip("/").replace("/", "-"))
    os.mkdir(kept)
    _mount(directory, kept, "", BIND | RECURSIVE)
    _mount("nothing", directory, "tmpfs", 0)
    for name in os.listdir(kept):
        here, there = os.path.join(directory, name), os.path.join(kept, name)
        if left_out(name):
            continue
        if os.path.isdir(there) and not os.path.islink(there):
            os.mkdir(here)
            _mount(there, here, "", BIND | RECURSIVE)
        else:
            os.symlink(os.readlink(there) if os.path.islink(there) else there, here)
    return kept


def _freeze() -> None:
    """Every file system but those of the kernel; what an outer namespace has locked stays locked."""
    with open("/proc/self/mounts") as table:
        lines = [line.split() for line in table]
    for _device, target, kind, options, *_more in reversed(lines):
        place = target.encode().decode("unicode_escape")
        if not place.startswith(("/proc", "/sys", "/dev")) and kind not in ("proc", "sysfs"):
            flags = sum(_FLAGS.get(option, 0) for option in options.split(","))
            _mount("none", place, "", REMOUNT | BIND | READ_ONLY | flags)


def main() -> None:
    wanted = json.loads(sys.argv[1])
    reading, writing = os.pipe()
    _check(_libc.unshare(_NAMESPACES), "unshare")
    if pid := os.fork():
        os.close(writing)
        ready = os.read(reading, 1) == b"."
        if ready:
            print(pid, flush=True)
        os._exit(0 if ready else 1)  # the pod lives on as a child of the lab's first process
    os.close(reading)
    os.setsid()
    furnish(wanted)
    os.chdir("/")
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nothing, standard)
    os.write(writing, b".")
    os.execv("/bin/sh", ["/bin/sh", "-c", "while :; do sleep 86400 & wait; done"])


if __name__ == "__main__":
    main()
