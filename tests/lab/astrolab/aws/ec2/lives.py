# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of an endpoint as a function of the clock; no thread moves it on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Life:
    """Moments in seconds of the world's clock; None is "not planned"."""

    accepted_at: float | None
    expires_at: float | None
    pending_seconds: float
    rejected: bool = False
    deleted_at: float | None = None
    forced: str | None = None

    def state(self, now: float) -> str:
        """The state as the API spells it (lower case first)."""
        if self.deleted_at is not None:
            return "deleting" if now < self.deleted_at else "deleted"
        if self.forced:
            return self.forced
        if self.rejected:
            return "rejected"
        if self.accepted_at is None or now < self.accepted_at:
            return "expired" if self.expires_at is not None and now >= self.expires_at else "pendingAcceptance"
        return "pending" if now < self.accepted_at + self.pending_seconds else "available"

    def accept(self, now: float, pending_seconds: float) -> None:
        self.rejected = False
        self.accepted_at = now
        self.pending_seconds = pending_seconds
