# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS double: moto, taught to behave as AWS does where this collection could notice, on one loopback port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .settings import Bucket, Settings

if TYPE_CHECKING:
    from .double import Double

__all__ = ["Bucket", "Double", "Settings"]


def __getattr__(name: str) -> Any:
    """moto takes seconds to load, and whoever only wants to know the settings need not wait for it."""
    if name != "Double":
        raise AttributeError(name)
    from .double import Double

    return Double
