# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind of error that a person can mend by writing something else."""

from __future__ import annotations


class InputError(ValueError):
    """What somebody wrote makes no sense; the text says what to do."""


class ReadFailed(Exception):
    """AWS could not be read; nothing was changed."""
