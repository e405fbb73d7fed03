#!/usr/bin/env python
# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SSH server on an agent host of a lab, at a socket that is a file: `serve SOCKET KEY` there, `bastion SOCKET` from outside.

One key is the host's and also that of the only one who may come in. The server ends when its input does.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from typing import Any

import asyncssh


async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """A command, as a login shell would run it. It ends for ssh when all that it said was passed on."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_shell(process.command or "true", stdin=pipe, stdout=pipe, stderr=pipe)
    hearing = asyncio.create_task(pump(process.stdin, child.stdin))
    await asyncio.gather(pump(child.stdout, process.stdout), pump(child.stderr, process.stderr))
    status = await child.wait()
    hearing.cancel()
    process.exit(status)


async def pump(reader: Any, writer: Any) -> None:
    while said := await reader.read(65536):
        writer.write(said)
        await writer.drain()
    writer.write_eof()


async def serve(path: str, key: str) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    await asyncssh.listen(
        sock=listening,
        server_host_keys=[key],
        authorized_client_keys=f"{key}.pub",
        process_factory=run,
        sftp_factory=True,
        encoding=None,
        line_editor=False,
    )
    print("up", flush=True)
    await asyncio.to_thread(sys.stdin.read)


def bastion(path: str) -> None:
    """What ssh says goes to the server, and the other way round."""
    there = socket.socket(socket.AF_UNIX)
    there.connect(path)

    def say() -> None:
        while said := os.read(0, 65536):
            there.sendall(said)

    threading.Thread(target=say, daemon=True).start()
    while answer := there.recv(65536):
        os.write(1, answer)


if sys.argv[1] == "serve":
    asyncio.run(serve(*sys.argv[2:]))
else:
    bastion(*sys.argv[2:])
