# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx settings of the site that `make docs` builds. It knows how pages are turned into HTML, not what they say."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

project = "astro.privatelink"
author = "Contributors to astro.privatelink"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "furo"
html_title = "astro.privatelink"
html_static_path = ["static"]
html_css_files = ["site.css"]
myst_heading_anchors = 3
# The generated reference is written for all of Ansible's documentation.
suppress_warnings = ["ref.ref", "ref.envvar", "myst.header"]


REPOSITORY = "https://github.com/astro-privatelink/astro.privatelink"


def _on_the_site(_app: Sphinx, _page: str, source: list[str]) -> None:
    """The pages are read in the repository as well: roles have pages of their own here, other files are where they are."""
    text = re.sub(r"\]\(\.\./roles/(\w+)(?:/README\.md)?\)", r"](collections/\1_role.rst)", source[0])
    source[0] = re.sub(r"\]\(\.\./", f"]({REPOSITORY}/blob/main/", text)


def setup(app: Sphinx) -> None:
    app.connect("source-read", _on_the_site)
