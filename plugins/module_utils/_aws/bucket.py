# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts files into an S3 bucket, and makes links to them that open without a login."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what to install
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

from .._core.errors import ReadFailed
from .clients import explain

#: Else botocore's links are of an older version, which newer regions refuse.
SIGNED = {"signature_version": "s3v4"}
_ALLOW = "Allow s3:PutObject and s3:GetObject for it, and check report_bucket and report_bucket_region."


def put(client: Any, bucket: str, files: Mapping[str, tuple[str, str]]) -> None:
    """Puts files, each with its content and type by its key. Raises ReadFailed with what to do."""
    for key, (content, kind) in files.items():
        try:
            client.put_object(Bucket=bucket, Key=key, Body=content.encode(), ContentType=kind)
        except (ClientError, BotoCoreError, Boto3Error) as problem:
            raise ReadFailed(
                f"s3://{bucket}/{key} was not written: {explain(problem).rstrip('.')}. {_ALLOW}"
            ) from problem


def link(client: Any, bucket: str, key: str, hours: int) -> str:
    """A presigned link. With temporary credentials it ends with them, if that is earlier:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""
    given = {"Bucket": bucket, "Key": key}
    return str(client.generate_presigned_url("get_object", Params=given, ExpiresIn=hours * 3600))
