# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes texts from outside (agent hosts, AWS, Astro, certificates, DNS) safe to show: short, one line, no controls. Pure.

The probe runs it on agent hosts, so it stays compatible with Python 3.8.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

#: Characters that a text from outside may have at most.
LONGEST = 500
#: Unicode categories that a terminal acts on or cannot show: controls, formats (also right-to-left marks), surrogates.
_UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
#: The user and the password in a URL; what else may be in one is no secret.
_LOGIN = re.compile(r"(?<=://)[^\s/@\"'<>]{1,500}@")


def without_login(text: str) -> str:
    """The text with users and passwords of its URLs left out."""
    return _LOGIN.sub("***@", text)


def printable(value: Any, longest: int = LONGEST) -> str:
    """One line of at most ``longest`` characters, without characters that control a terminal and passwords in URLs."""
    text = value if isinstance(value, str) else str(value)
    fit = "".join(" " if each in "\r\n\t" else each for each in without_login(text[: longest * 4]))
    fit = "".join(each for each in fit if unicodedata.category(each) not in _UNFIT)
    return fit if len(fit) <= longest else fit[: longest - 1] + "\u2026"
