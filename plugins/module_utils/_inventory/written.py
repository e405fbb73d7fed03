# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory as a YAML file with comments. Texts from outside stay texts: no template, no second line, no other type. Pure."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence

from .._core.text import printable
from .hosts import PREFIX
from .lines import Draft, Entry, Item, Line

#: Text that YAML takes for a text without quotes, and Ansible for no template.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
#: Plain text that YAML's first version takes for something else.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
_WIDTH, _LONGEST = 110, 1000

_HEAD = """\
Agent VPCs and their links to Astro, as the playbook discover found them. It changed nothing.

Comments say what was found and why. A value that begins with FILL IN cannot be known from here: playbooks refuse the VPC until you
replace the value. Remove VPCs that have no agents. Then compare the inventory with AWS, which changes nothing either:

    ansible-playbook -i {path} astro.privatelink.site --check
"""
_NO_HOSTS = """\
Machines to verify links from, where agents are no pods. For each, set privatelink_agent_vpc and how Ansible reaches it:

    payments-agent: {privatelink_agent_vpc: payments, ansible_host: 10.0.0.10}
"""


def text(draft: Draft, path: str) -> str:
    """The whole file, which is to be called ``path``."""
    lines = [
        *_block(_HEAD.replace("{path}", printable(path, 200)), ""),
        *(each for note in draft.notes for each in _comment(f"- {note}", "")),
        "---",
        "agent_vpcs:",
        "  vars:",
        "    ansible_connection: local",
        '    ansible_python_interpreter: "{{ ansible_playbook_python }}"',
        *_deployments(draft.deployments),
        *([] if draft.entries else ["  hosts: {}"]),
        *(["  hosts:"] if draft.entries else []),
        *(each for entry in draft.entries for each in _entry(entry)),
        "agent_hosts:",
        *_block(_NO_HOSTS, "  "),
        "  hosts: {}",
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _deployments(items: Sequence[Item]) -> list[str]:
    if not items:
        return []
    about = "Deployments that the playbook harden restricts to their links. The playbook site leaves them alone."
    return [*_comment(about, "    "), "    harden_deployment_ids:", *_items(items, "      ")]


def _entry(entry: Entry) -> Iterable[str]:
    yield f"    {scalar(entry.name)}:"
    for about in entry.about:
        yield from _comment(about, "      ")
    for choice in entry.choices:
        yield from _comment(choice.heading, "      ")
        for line in choice.lines:
            yield from (f"      # {each}" for each in _line(line, ""))
    for line in entry.lines:
        yield from _line(line, "      ")


def _line(line: Line, margin: str) -> Iterable[str]:
    name = f"{margin}{PREFIX}{line.key}:"
    if line.items:
        yield name
        yield from _items(line.items, f"{margin}  ")
    else:
        yield from _with(f"{name} {scalar(line.value)}", line.why, margin)


def _items(items: Iterable[Item], margin: str) -> Iterable[str]:
    for item in items:
        if isinstance(item.value, str):
            yield from _with(f"{margin}- {scalar(item.value)}", item.why, margin)
            continue
        yield from _comment(item.why, margin)
        for number, (key, value) in enumerate(item.value):
            start = "  " if number else "- "
            shown = scalar(value) if isinstance(value, str) else f"[{', '.join(map(scalar, value))}]"
            yield f"{margin}{start}{key}: {shown}"


def scalar(value: str) -> str:
    """A text as YAML. What could be a template is marked as none, so that Ansible never runs it."""
    fit = printable(value, _LONGEST)
    if _PLAIN.fullmatch(fit) and fit.lower() not in _WORDS:
        return fit
    quoted = json.dumps(fit, ensure_ascii=False)
    return f"!unsafe {quoted}" if any(each in fit for each in ("{{", "{%", "{#")) else quoted


def _with(line: str, why: str, margin: str) -> Iterable[str]:
    """A line with its reason: beside it, or above it where that would be long."""
    if not why:
        yield line
    elif len(line) + len(why) < _WIDTH + len(margin):
        yield f"{line} # {printable(why, _LONGEST)}"
    else:
        yield from _comment(why, margin)
        yield line


def _comment(about: str, margin: str) -> Iterable[str]:
    """One paragraph of a comment."""
    indent = "  " if about.startswith("- ") else ""
    wrapped = textwrap.wrap(printable(about, _LONGEST), _WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return (f"{margin}# {line}" for line in wrapped)


def _block(lines: str, margin: str) -> Iterable[str]:
    """Lines of this file's own as a comment, as they are."""
    return (f"{margin}# {line}".rstrip() for line in lines.splitlines())
