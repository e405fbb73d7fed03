# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make chaos`: see `runner.py` for what it can be told."""

from __future__ import annotations

import os
import sys

from .runner import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
