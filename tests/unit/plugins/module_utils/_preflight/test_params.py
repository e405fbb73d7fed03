# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that are given to preflight are checked before anything is read."""

from __future__ import annotations

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import InputError
from ansible_collections.astro.privatelink.plugins.module_utils._preflight.params import accounts


@pytest.mark.parametrize("vpcs", [[{"name": "payments", "vpc_id": "vpc-0"}], ["vpc-0"]])
def test_what_a_zone_lacks_is_named(vpcs):
    with pytest.raises(InputError, match=r"region|dict"):
        accounts(None, [{"links": [{"name": "payments", "vpc_id": "vpc-0", "vpcs": vpcs}]}])
