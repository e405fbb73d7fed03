#!/usr/bin/env python
# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for session-manager-plugin: a shell on a terminal. Its instances are agent hosts of a lab."""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
from pathlib import Path

response, region, operation, _profile, request, endpoint = sys.argv[1:]
session = json.loads(response)
place = Path(os.environ["VANTAGE"])
call = {"session": session["SessionId"], "operation": operation, "region": region, "endpoint": endpoint}
with (place / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(call) + "\n")
print(f"\nStarting session with SessionId: {session['SessionId']}", flush=True)
enter = json.loads((place / "hosts.json").read_text())[json.loads(request)["Target"]]
# Python ignores it, and so would the shell: it would speak of broken pipes.
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
curl = f"PATH={place / 'bin'}:{os.environ['PATH']}"
sys.exit(os.waitstatus_to_exitcode(pty.spawn([*enter, "env", curl, "sh", "-i"])))
