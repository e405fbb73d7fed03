#!/usr/bin/env python
# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for curl on an agent host that has no way to the test's bucket: whose objects are files, which it has a way to."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False)
parser.add_argument("-o", "--output", required=True)
parser.add_argument("url")
told = parser.parse_args()

url = urlsplit(told.url)
if "X-Amz-Signature" not in parse_qs(url.query):
    sys.exit("403 Forbidden: this URL is not presigned.")
shutil.copyfile(Path(os.environ["VANTAGE"]) / "buckets" / unquote(url.path).lstrip("/"), told.output)
