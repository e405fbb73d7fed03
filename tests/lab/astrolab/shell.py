# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment in which tools meet the lab instead of AWS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .astro.organization import ID, PREFIX
from .home import Record

_CONNECTIONS = Path(__file__).resolve().parent.parent / "connection"
# Whatever else could lead a client past the lab, or have it present another identity.
FORGOTTEN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CA_BUNDLE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_ROUTE_53",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)


def exports(record: Record, around: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a shell has to export; ``around`` is its environment, by default this process's."""
    around = os.environ if around is None else around
    spared = ",".join(dict.fromkeys([*filter(None, around.get("NO_PROXY", "").split(",")), "127.0.0.1", "localhost"]))
    plugins = dict.fromkeys([str(_CONNECTIONS), *filter(None, around.get("ANSIBLE_CONNECTION_PLUGINS", "").split(":"))])
    return {
        "AWS_ENDPOINT_URL": record.url,
        "AWS_ACCESS_KEY_ID": record.account,
        "AWS_SECRET_ACCESS_KEY": "nothing-secret",
        "AWS_DEFAULT_REGION": record.region,
        "AWS_REGION": record.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": spared,
        "no_proxy": spared,
        "ANSIBLE_CONNECTION_PLUGINS": ":".join(plugins),
        "ASTRO_API_URL": f"{record.url}{PREFIX}",
        "ASTRO_API_TOKEN": "lab-owner",
        "ASTRO_ORGANIZATION_ID": ID,
        "LAB_NAME": record.name,
    }


def environment(record: Record, around: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of a child process."""
    around = os.environ if around is None else around
    kept = {key: value for key, value in around.items() if key not in FORGOTTEN}
    return kept | exports(record, around)
