# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaking JSON to a running lab's control paths. Knows their address, not what they mean."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from .home import LabError

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business with the loopback


def say(url: str, method: str, path: str, content: object = None, *, timeout: float = 120) -> Any:
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{url}/_lab/{path}", data=body, method=method)
    request.add_header("Content-Type", "application/json")
    try:
        with _direct.open(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise LabError(f"The lab refuses {method} {path}: {error.read().decode(errors='replace').strip()}") from error
    except OSError as error:
        raise LabError(f"The lab does not answer {method} {path}: {error}") from error
