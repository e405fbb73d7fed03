# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, as exceptions. The text of each is for people and says what to do."""

from __future__ import annotations


class PrivateLinkError(Exception):
    """The root of all others: catching it catches whatever this collection raises on purpose."""


class InputError(PrivateLinkError, ValueError):
    """Something that a person wrote makes no sense. Nothing was sent."""


class InventoryError(InputError):
    """Everything that is wrong with an inventory, in one message."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The inventory has errors; nothing was changed.\n{lines}")


class ReadFailed(PrivateLinkError):
    """AWS could not be read, or not be logged in to. Whether anything was sent before, the caller knows."""


class CallFailed(PrivateLinkError):
    """A call that changes something failed. ``code`` is AWS's; ``sent`` says that it took effect, or may have."""

    def __init__(self, message: str, code: str = "", sent: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.sent = sent
