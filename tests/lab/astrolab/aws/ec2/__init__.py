# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2 as AWS behaves: endpoints, services, interfaces, and the guards around moto."""

from __future__ import annotations

from . import seams

__all__ = ["seams"]
