# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions of this collection. Their texts are for users and include the remedy."""

from __future__ import annotations


class PrivateLinkError(Exception):
    """The base of all others: everything that this collection raises on purpose."""


class InputError(PrivateLinkError, ValueError):
    """Invalid input from a user. Nothing was sent."""


class InventoryError(InputError):
    """All problems of an inventory, in one message."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The inventory has errors; nothing was changed.\n{lines}")


class ReadFailed(PrivateLinkError):
    """Reading AWS or logging in to it failed. The caller knows whether anything was sent before."""


class CallFailed(PrivateLinkError):
    """A call that changes something failed. ``code`` is AWS's; ``sent`` is true if it took effect or may have."""

    def __init__(self, message: str, code: str = "", sent: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.sent = sent
