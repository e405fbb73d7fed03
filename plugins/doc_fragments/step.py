# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the steps share: how they log in to AWS, and how they behave."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access_key:
    description: AWS access key id. Without it boto3's own rules apply (environment, profile, instance role).
    type: str
    aliases: [aws_access_key_id, aws_access_key, ec2_access_key]
  secret_key:
    description: AWS secret access key.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key, ec2_secret_key]
  session_token:
    description: AWS session token, with temporary keys.
    type: str
    aliases: [aws_session_token, security_token, aws_security_token, access_token]
  profile:
    description: AWS profile. The variable C(privatelink_profile) of a VPC takes precedence.
    type: str
    aliases: [aws_profile]
  region:
    description: Not used; each VPC has its region in C(privatelink_region). It exists so that one C(module_defaults) serves all.
    type: str
    aliases: [aws_region, ec2_region]
  endpoint_url:
    description: Another URL of AWS's services. The default is E(AWS_ENDPOINT_URL).
    type: str
    aliases: [aws_endpoint_url, ec2_url, s3_url]
  aws_ca_bundle:
    description: File with the CA certificates to trust.
    type: path
  validate_certs:
    description: Whether to check AWS's certificates.
    type: bool
  aws_config:
    description: Settings of botocore, as for C(botocore.config.Config).
    type: dict
  debug_botocore_endpoint_logs:
    description: Not used. It exists so that one C(module_defaults) serves all.
    type: bool
attributes:
  check_mode:
    description: In check mode, shows what a run would do, and changes nothing.
    support: full
  diff_mode:
    description: Returns the state before and after, by VPC.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, the second run changes nothing.
    support: full
  action_group:
    description: Use C(group/astro.privatelink.privatelink) in C(module_defaults) to set how to log in to AWS.
    support: full
    membership:
      - astro.privatelink.privatelink
  bypass_host_loop:
    description: Runs once for all hosts of the play's batch. Ansible refuses it under the strategies C(free) and C(host_pinned).
    support: full
notes:
  - A step of a role. It reads the inventory (C(privatelink_*)) and the variables of its role, which can be set anywhere in Ansible. A
    string that represents a boolean, a number or a list counts as such.
  - C(failed_vpcs) does not fail the task, so that one VPC does not stop the others; the role fails these hosts in its next task.
"""
