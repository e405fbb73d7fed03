# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a container, whose streams are channels of a WebSocket: v4.channel.k8s.io and v5.channel.k8s.io."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import WSMsgType, web

from .cluster import PROTOCOLS, Cluster
from .kinds import Target
from .pods import container_names
from .refusals import Refused, bad_request, status
from .store import Object

STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
_CHUNK = 32768
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def container(pod: Object, asked: str) -> str:
    """The container that is meant: the API server itself knows no default, where there are several."""
    names, pod_name = container_names(pod), pod["metadata"]["name"]
    if not asked and len(names) == 1:
        return names[0]
    if not asked:
        raise bad_request(f"a container name must be specified for pod {pod_name}, choose one of: [{' '.join(names)}]")
    if asked not in names:
        raise bad_request(f"container {asked} is not valid for pod {pod_name}")
    return asked


async def execute(request: web.Request, cluster: Cluster, target: Target) -> web.StreamResponse:
    pod = cluster.store.get(target.kind, target.namespace, target.name)
    name = container(pod, request.query.get("container", ""))
    command = request.query.getall("command", [])
    if not command:
        raise bad_request("you must specify at least 1 command for the container")
    wants = {each for each in ("stdin", "stdout", "stderr") if _true(request.query.get(each, ""))}
    if not wants:
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    if "nodeName" not in pod["spec"]:
        raise bad_request(f"pod {target.name} does not have a host assigned")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad_request("Upgrade request required")  # SPDY, which this double does not speak
    _negotiable(request.headers.getall("Sec-WebSocket-Protocol", []), cluster)
    body, env = cluster.body(pod), cluster.env(pod, name)
    if pod["status"]["phase"] != "Running" or body is None:
        message = f'unable to upgrade connection: container not found ("{name}")'
        raise Refused(500, "InternalError", message)
    socket = web.WebSocketResponse(protocols=cluster.protocols, compress=False, max_msg_size=0, timeout=1.0)
    await socket.prepare(request)
    if body.has(command[0], env["PATH"]):
        outcome = await _run(socket, body.enter(command, env), wants)
    else:
        outcome = _cannot_start(command[0])
    with contextlib.suppress(ConnectionError, RuntimeError):
        await socket.send_bytes(bytes([ERROR]) + json.dumps(outcome).encode())
        await socket.close()
    return socket


def _negotiable(headers: Iterable[str], cluster: Cluster) -> None:
    asked = [each.strip() for header in headers for each in header.split(",")]
    if not set(asked) & set(cluster.protocols):
        known = " ".join(cluster.protocols)
        raise bad_request(f"unable to negotiate: client supports [{' '.join(asked)}], server supports [{known}]")


async def _run(socket: web.WebSocketResponse, command: list[str], wants: set[str]) -> Object:
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    streams: dict[str, Any] = {each: pipe if each in wants else nothing for each in ("stdin", "stdout", "stderr")}
    process = await asyncio.create_subprocess_exec(*command, cwd="/", **streams)
    listening = asyncio.ensure_future(_listen(socket, process))
    try:
        outs = ((STDOUT, process.stdout), (STDERR, process.stderr))
        await asyncio.gather(*(_say(socket, channel, stream) for channel, stream in outs if stream))
        return _outcome(await process.wait())
    finally:
        listening.cancel()


async def _say(socket: web.WebSocketResponse, channel: int, stream: asyncio.StreamReader) -> None:
    """Where the client is gone the process is still read from: it goes on, as in Kubernetes."""
    while data := await stream.read(_CHUNK):
        with contextlib.suppress(ConnectionError, RuntimeError):
            await socket.send_bytes(bytes([channel]) + data)


async def _listen(socket: web.WebSocketResponse, process: asyncio.subprocess.Process) -> None:
    """What arrives is for its standard input, which ends with the connection, or in v5 when the client says so."""
    stdin = process.stdin
    async for message in socket:
        if stdin is None or message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
            continue
        data = (
            message.data if isinstance(message.data, bytes) else message.data.encode()
        )  # the Python client sends both
        if data[:2] == bytes([CLOSE, STDIN]) and socket.ws_protocol == PROTOCOLS[0]:
            stdin.close()
        elif data[:1] == bytes([STDIN]) and not stdin.is_closing():
            stdin.write(data[1:])
            with contextlib.suppress(ConnectionError):
                await stdin.drain()
    if stdin is not None:
        stdin.close()


def _outcome(code: int) -> Object:
    if code == 0:
        return status("Success")
    code = code if code > 0 else 128 - code
    cause = {"reason": "ExitCode", "message": str(code)}
    message = f"command terminated with non-zero exit code: command terminated with exit code {code}"
    return status("Failure", reason="NonZeroExitCode", message=message, details={"causes": [cause]})


def _cannot_start(command: str) -> Object:
    """As the kubelet tells it with containerd: no cause, so no exit code."""
    why = "stat" if "/" in command else "exec"
    what = f"{why} {command}: no such file or directory" if "/" in command else "executable file not found in $PATH"
    message = (
        "Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: "
        f'OCI runtime exec failed: exec failed: unable to start container process: exec: "{command}": {what}: unknown'
    )
    return status(
        "Failure", code=500, reason="InternalError", message=message, details={"causes": [{"message": message}]}
    )


def _true(text: str) -> bool:
    """As the API server reads it: old Python clients say True, and kubectl true."""
    return text.lower() in ("1", "t", "true")
