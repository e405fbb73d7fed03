# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx settings of the site that `make docs` builds. It knows how pages are turned into HTML, not what they say."""

from __future__ import annotations

project = "astro.privatelink"
author = "Contributors to astro.privatelink"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Airflow Remote Execution Agents to Astro over AWS PrivateLink",
    "page_width": "1200px",
}
myst_heading_anchors = 3
# Links to files of the repository are for its readers; the generated references are written for all of Ansible's documentation.
suppress_warnings = ["myst.xref_missing", "ref.ref", "ref.envvar", "myst.header"]
