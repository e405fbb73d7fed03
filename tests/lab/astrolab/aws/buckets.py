# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""S3 as far as Systems Manager's connections need it: moto's, with buckets named in the path."""

from __future__ import annotations

from typing import Any

from moto.s3.responses import S3Response

from .call import LabRequest


class S3(S3Response):
    by_itself = True  # it finds its actions and writes its errors as no other service does

    @classmethod
    def dispatch(cls, request: LabRequest) -> Any:
        """By the path alone, so a bucket's name never has to be a host's."""
        handler = cls()
        respond = handler.key_response if "/" in request.path.strip("/") else handler.bucket_response
        return respond(request, request.url, request.headers)
