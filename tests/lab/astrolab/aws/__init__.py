# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS double: moto, taught to behave as AWS does where this collection could notice, on one loopback port."""

from __future__ import annotations

from .double import Double
from .settings import Bucket, Settings

__all__ = ["Bucket", "Double", "Settings"]
