# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real kubectl that `tests/kubectl.sh` fetched, by its absolute path: PATH may have another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

KUBECTL = Path(sys.prefix) / "kubectl" / "1.33.9" / "kubectl"
needed = pytest.mark.skipif(not KUBECTL.exists(), reason="there is no kubectl; tests/kubectl.sh gets it")


def kubectl(config: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
    cache = config.parent / "cache"
    done = subprocess.run(
        [KUBECTL, "--cache-dir", cache, "--kubeconfig", config, *words],
        check=False,
        input=given,
        capture_output=True,
        env={"HOME": str(cache), "PATH": "/usr/bin:/bin"},
        timeout=60,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def says(config: Path, *words: str, given: bytes = b"") -> str:
    done = kubectl(config, *words, given=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def complaint(config: Path, *words: str) -> str:
    done = kubectl(config, *words)
    assert done.returncode != 0, done.stdout
    return done.stderr
