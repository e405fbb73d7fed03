#!/usr/bin/env python
# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for kubectl, and knows `exec -i` alone. Its pods are agent hosts of a lab. It refuses what it does not know."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

parser = argparse.ArgumentParser(prog="kubectl", allow_abbrev=False)
parser.add_argument("-n", "--namespace", default="default")
parser.add_argument("verb", choices=["exec"])
parser.add_argument("-i", "--stdin", action="store_true", required=True)
parser.add_argument("pod")
parser.add_argument("-c", "--container", default="")

before = sys.argv[1 : sys.argv.index("--")]
command = sys.argv[len(before) + 2 :]
told = parser.parse_args(before)

place = Path(os.environ["VANTAGE"])
with (place / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps({"namespace": told.namespace, "pod": told.pod, "container": told.container}) + "\n")
hosts = json.loads((place / "hosts.json").read_text())
if f"{told.namespace}/{told.pod}" not in hosts:
    sys.exit(f'Error from server (NotFound): pods "{told.pod}" not found')
enter = hosts[f"{told.namespace}/{told.pod}"]
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and so would the command
os.execvp(enter[0], [*enter, *command])
