# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be asked the contract tests beside the double: AWS itself, plain moto, and ministack where it is installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

_PATIENCE = 60.0
MINISTACK = "MINISTACK"  # a command that starts it, if it is not on the path


class NoJudge(Exception):
    """Why one cannot be asked."""


@contextlib.contextmanager
def moto(log: Path) -> Iterator[dict[str, str]]:
    """The environment in which the contract tests ask plain moto."""
    port = _free()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environ = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    with _running(command, environ, log, f"http://127.0.0.1:{port}/moto-api/"):
        url = f"http://127.0.0.1:{port}"
        yield {"CONTRACT_JUDGE": "moto", "CONTRACT_URL": url, "CONTRACT_RESET": f"{url}/moto-api/reset"}


@contextlib.contextmanager
def ministack(log: Path) -> Iterator[dict[str, str]]:
    command = os.environ.get(MINISTACK) or shutil.which("ministack")
    if not command:
        raise NoJudge("ministack is not installed")
    port = _free()
    environ = {**os.environ, "GATEWAY_PORT": str(port), "EDGE_PORT": str(port), "GATEWAY_LISTEN": f"127.0.0.1:{port}"}
    url = f"http://127.0.0.1:{port}"
    with _running([command], environ, log, f"{url}/_ministack/health"):
        yield {"CONTRACT_JUDGE": "ministack", "CONTRACT_URL": url, "CONTRACT_RESET": f"{url}/_ministack/reset"}


@contextlib.contextmanager
def _running(command: list[str], environ: Mapping[str, str], log: Path, ready: str) -> Iterator[None]:
    with log.open("wb") as out, subprocess.Popen(command, env=environ, stdout=out, stderr=out) as process:
        try:
            _wait(process, ready, log)
            yield
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(ready, timeout=5):
            return
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise NoJudge(f"it does not answer at {ready}: {log.read_text(errors='replace')[-500:]}")
        time.sleep(0.2)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
