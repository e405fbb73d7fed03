# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Named sets of settings: `kind` is the default, `as_aws` behaves as AWS does, in shorter time and a little worse.

Each value stands for something that AWS does in seconds or minutes; README.md says where that is known from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "kind": {},
    "as_aws": {
        "acceptance_seconds": 1.5,
        "pending_seconds": 1.0,
        "deleting_seconds": 6.5,  # longer than a first spell of waiting of 5 seconds
        "insync_seconds": 1.0,  # outlasts the call that made the change
        "busy_seconds": 0.2,
        "operation_seconds": 0.7,
        "stale_seconds": 0.5,
        "release_seconds": 1.0,
        "role_seconds": 10.0,  # botocore renews credentials that end so soon before each call
        "latency_seconds": 0.03,
        "throttle": True,
        "names_after_acceptance": True,
    },
}
CHANGED = tuple(sorted({name for preset in PRESETS.values() for name in preset}))
