# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Astro: its API, as far as this collection uses it, and who may pass its front. Knows no AWS."""

from __future__ import annotations
