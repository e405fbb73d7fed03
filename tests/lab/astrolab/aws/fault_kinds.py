# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be made to go wrong with a call to AWS, by name."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    THROTTLED = "throttled"
    REFUSED = "refused"
    ERROR = "error"  # any code, in the service's own format
    HTML = "html"  # the page of something between the client and AWS
    CUT = "cut"  # the connection is closed in the middle of the answer
    GARBLED = "garbled"  # half of the answer, sent as if it were the whole
    SLOW = "slow"
    LOST_REQUEST = "lost-request"  # the connection is closed before the call takes effect
    LOST_REPLY = "lost-reply"  # the call takes effect, then the connection is closed


ALSO = {"close-before": Fault.LOST_REQUEST, "close-after": Fault.LOST_REPLY}
