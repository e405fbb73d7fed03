# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Kubernetes: clusters whose pods are hosts of the lab's VPCs. Its README says what is like Kubernetes and what is not."""
