# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of how an AWS account is reached, beyond what amazon.aws has."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  assume_role_arn:
    description:
      - Role to assume for this run, with the other credentials.
      - With it, one set of credentials serves hosts of many accounts, for automation controllers that allow only one AWS
        credential per job.
    type: str
    version_added: 0.9.0
"""

    BOTO3 = r"""
options: {}
requirements:
  - python >= 3.11
  - boto3 >= 1.35.0
  - botocore >= 1.35.0
"""
