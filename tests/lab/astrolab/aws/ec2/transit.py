# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disallow-subclassing-any=False

"""Transit gateways as AWS keeps them: one association for an attachment, propagation, and routes that become blackholes.

A gateway counts as shared with every account of its region, so nobody needs Resource Access Manager here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.route_tables import Route
from moto.ec2.models.transit_gateway import TransitGateway
from moto.ec2.models.transit_gateway_attachments import TransitGatewayAttachment, TransitGatewayVpcAttachment
from moto.ec2.models.transit_gateway_route_tables import RouteTablePropagation, TransitGatewayRelations

from ..errors import AwsError


class TransitBackend(EC2Backend):
    __module__ = EC2Backend.__module__  # moto derives names from it

    def _gateway(self, gateway_id: str) -> TransitGateway:
        for _account, region, backend in ec2_backends.iter_backends():
            if region == self.region_name and gateway_id in backend.transit_gateways:
                return backend.transit_gateways[gateway_id]
        raise gateway_not_found(gateway_id)

    def _keepers(self, gateway: TransitGateway) -> tuple[Any, ...]:
        """Whoever has to know of an attachment: the VPC's account and the gateway's. A trial reaches nobody else."""
        owner = gateway.ec2_backend
        return (self,) if self.trial or owner is self else (self, owner)

    # --- attachments ---

    def create_transit_gateway_vpc_attachment(
        self, transit_gateway_id: str, vpc_id: str, subnet_ids: list[str], tags: Any = None, options: Any = None
    ) -> TransitGatewayVpcAttachment:
        gateway = self._gateway(transit_gateway_id)
        self.get_vpc(vpc_id)
        self._check_subnets(vpc_id, subnet_ids)
        if any(each.vpc_id == vpc_id for each in attachments(gateway)):
            raise AwsError(
                "DuplicateTransitGatewayAttachment", f"{transit_gateway_id} has non-deleted Transit Gateway Attachments"
            )
        made = TransitGatewayVpcAttachment(self, gateway, vpc_id, subnet_ids, tags, options)
        for backend in self._keepers(gateway):
            backend.transit_gateway_attachments[made.id] = made
            backend.transit_gateways[gateway.id] = gateway
        owner = self._keepers(gateway)[-1]
        if gateway.options["DefaultRouteTableAssociation"] == "enable":
            owner.associate_transit_gateway_route_table(made.id, gateway.options["AssociationDefaultRouteTableId"])
        if gateway.options["DefaultRouteTablePropagation"] == "enable":
            table = gateway.options["PropagationDefaultRouteTableId"]
            owner.enable_transit_gateway_route_table_propagation(made.id, table)
        return made

    def _check_subnets(self, vpc_id: str, subnet_ids: list[str]) -> None:
        subnets = [self.get_subnet(each) for each in subnet_ids]
        if not subnets or any(subnet.vpc_id != vpc_id for subnet in subnets):
            raise AwsError("InvalidParameterValue", f"The subnets of an attachment are subnets of its VPC {vpc_id}.")
        if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
            raise AwsError("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")

    def delete_transit_gateway_vpc_attachment(self, transit_gateway_attachment_id: str) -> TransitGatewayAttachment:
        attachment = self._attachment(transit_gateway_attachment_id)
        for table in _tables(attachment):
            table.route_table_associations.pop(attachment.id, None)
            table.route_table_propagation = _without(table.route_table_propagation, attachment.id)
        for backend in self._keepers(self._gateway(attachment.transit_gateway_id)):
            backend.transit_gateway_attachments.pop(attachment.id, None)
        attachment.state = "deleted"
        return attachment

    def delete_transit_gateway(self, transit_gateway_id: str) -> TransitGateway:
        gateway = self._gateway(transit_gateway_id)
        left = ", ".join(each.id for each in attachments(gateway))
        if left:
            raise AwsError("IncorrectState", f"{transit_gateway_id} has non-deleted VPC Attachments: {left}.")
        gateway.state = "deleted"
        for _account, _region, backend in ec2_backends.iter_backends() if not self.trial else ():
            backend.transit_gateways.pop(transit_gateway_id, None)
        return gateway

    def _attachment(self, attachment_id: str) -> Any:
        with suppress(KeyError):
            return self.transit_gateway_attachments[attachment_id]
        raise AwsError(
            "InvalidTransitGatewayAttachmentID.NotFound",
            f"Transit Gateway Attachment {attachment_id} was deleted or does not exist.",
        )

    def _table(self, table_id: str) -> Any:
        table = self.transit_gateways_route_tables.get(table_id)
        if table is None or table.state == "deleted":
            raise AwsError(
                "InvalidRouteTableID.NotFound", f"Transit Gateway Route Table {table_id} was deleted or does not exist."
            )
        return table

    # --- associations and propagations ---

    def associate_transit_gateway_route_table(
        self, transit_gateway_attachment_id: str, transit_gateway_route_table_id: str
    ) -> TransitGatewayRelations:
        attachment = self._attachment(transit_gateway_attachment_id)
        self._table(transit_gateway_route_table_id)
        if associated(attachment) is not None:
            raise AwsError(
                "Resource.AlreadyAssociated",
                f"Transit Gateway Attachment {attachment.id} is already associated to a route table.",
            )
        return super().associate_transit_gateway_route_table(attachment.id, transit_gateway_route_table_id)

    def disassociate_transit_gateway_route_table(self, tgw_attach_id: str, tgw_rt_id: str) -> TransitGatewayRelations:
        if tgw_attach_id not in self._table(tgw_rt_id).route_table_associations:
            raise AwsError(
                "InvalidAssociation.NotFound",
                f"Transit Gateway Attachment {tgw_attach_id} is not associated to route table {tgw_rt_id}.",
            )
        return super().disassociate_transit_gateway_route_table(tgw_attach_id, tgw_rt_id)

    def enable_transit_gateway_route_table_propagation(
        self, transit_gateway_attachment_id: str, transit_gateway_route_table_id: str
    ) -> TransitGatewayRelations:
        attachment, table = self._attachment(transit_gateway_attachment_id), self._table(transit_gateway_route_table_id)
        if attachment.id in {each.transitGatewayAttachmentId for each in table.route_table_propagation}:
            raise AwsError(
                "TransitGatewayRouteTablePropagation.Duplicate",
                f"Propagation of attachment {attachment.id} to route table {table.id} exists already.",
            )
        return super().enable_transit_gateway_route_table_propagation(attachment.id, table.id)

    def disable_transit_gateway_route_table_propagation(
        self, transit_gateway_attachment_id: str, transit_gateway_route_table_id: str
    ) -> TransitGatewayRelations:
        attachment, table = self._attachment(transit_gateway_attachment_id), self._table(transit_gateway_route_table_id)
        left = _without(table.route_table_propagation, attachment.id)
        if len(left) == len(table.route_table_propagation):
            raise AwsError(
                "TransitGatewayRouteTablePropagation.NotFound",
                f"There is no propagation of attachment {attachment.id} to route table {table.id}.",
            )
        table.route_table_propagation = left
        return TransitGatewayRelations(self, attachment.id, table.id, state="disabled")

    # --- routes ---

    def create_transit_gateway_route(
        self,
        transit_gateway_route_table_id: str,
        destination_cidr_block: str,
        transit_gateway_attachment_id: str | None = None,
        blackhole: bool = False,
    ) -> dict[str, Any]:
        table = self._table(transit_gateway_route_table_id)
        if destination_cidr_block in table.routes:
            raise AwsError("RouteAlreadyExists", f"Route {destination_cidr_block} exists in {table.id} already.")
        if bool(transit_gateway_attachment_id) == bool(blackhole):
            raise AwsError("InvalidParameterCombination", "A route names an attachment or is a blackhole.")
        if transit_gateway_attachment_id:
            self._attachment(transit_gateway_attachment_id)
        super().create_transit_gateway_route(
            table.id, destination_cidr_block, transit_gateway_attachment_id, bool(blackhole)
        )
        return next(each for each in routes(table) if each["destinationCidrBlock"] == destination_cidr_block)

    def delete_transit_gateway_route(
        self, transit_gateway_route_table_id: str, destination_cidr_block: str
    ) -> dict[str, Any]:
        table = self._table(transit_gateway_route_table_id)
        if destination_cidr_block not in table.routes:
            raise AwsError("InvalidRoute.NotFound", f"There is no route {destination_cidr_block} in {table.id}.")
        deleted: dict[str, Any] = super().delete_transit_gateway_route(table.id, destination_cidr_block)
        return deleted

    def search_transit_gateway_routes(
        self, transit_gateway_route_table_id: str, filters: Any, max_results: int | None = None
    ) -> list[dict[str, Any]]:
        searched = {"type": "type", "state": "state", "route-search.exact-match": "destinationCidrBlock"}
        found = list(routes(self._table(transit_gateway_route_table_id)))
        for name, values in (filters or {}).items():
            if name in searched:
                found = [each for each in found if each[searched[name]] in values]
        return found[: int(max_results)] if max_results else found

    # --- routes of VPCs ---

    def create_route(self, route_table_id: str, *args: Any, **kwargs: Any) -> Route:
        self._check_target(route_table_id, kwargs.get("transit_gateway_id"))
        return super().create_route(route_table_id, *args, **kwargs)

    def replace_route(self, route_table_id: str, *args: Any, **kwargs: Any) -> Route:
        self._check_target(route_table_id, kwargs.get("transit_gateway_id"))
        return super().replace_route(route_table_id, *args, **kwargs)

    def _check_target(self, route_table_id: str, gateway_id: str | None) -> None:
        """AWS does not know a gateway that the VPC is not attached to."""
        if gateway_id:
            vpc_id = self.get_route_table(route_table_id).vpc_id
            if attached(self._gateway(gateway_id), vpc_id) is None:
                raise gateway_not_found(gateway_id)


def gateway_not_found(gateway_id: str) -> AwsError:
    return AwsError("InvalidTransitGatewayID.NotFound", f"Transit Gateway {gateway_id} was deleted or does not exist.")


def attachments(gateway: TransitGateway) -> list[TransitGatewayVpcAttachment]:
    """Its VPC attachments, the oldest first."""
    known = gateway.ec2_backend.transit_gateway_attachments.values()
    return [each for each in known if each.transit_gateway_id == gateway.id and each.resource_type == "vpc"]


def attached(gateway: TransitGateway, vpc_id: str) -> TransitGatewayVpcAttachment | None:
    return next((each for each in attachments(gateway) if each.resource_id == vpc_id), None)


def associated(attachment: TransitGatewayAttachment) -> Any:
    """The gateway's route table that packets of this attachment meet."""
    return next((table for table in _tables(attachment) if attachment.id in table.route_table_associations), None)


def association(attachment: TransitGatewayAttachment) -> dict[str, str] | None:
    table = associated(attachment)
    return {"State": "associated", "TransitGatewayRouteTableId": table.id} if table else None


def routes(table: Any) -> Iterator[dict[str, Any]]:
    """Static routes, then those that VPCs propagate: of equal ones the static one counts, then that of the oldest."""
    known = table.ec2_backend.transit_gateway_attachments
    seen = set()
    for cidr, route in table.routes.items():
        seen.add(cidr)
        target = route.get("transitGatewayAttachments")
        lost = target is not None and target["transitGatewayAttachmentId"] not in known
        told = {**route, "state": "blackhole" if lost else route["state"]}
        yield {**told, "transitGatewayAttachments": [target]} if target else told
    propagating = {each.transitGatewayAttachmentId for each in table.route_table_propagation}
    for attachment in known.values():
        if attachment.id in propagating and attachment.resource_type == "vpc":
            for cidr in _cidrs(attachment):
                if cidr not in seen:
                    seen.add(cidr)
                    yield _propagated(cidr, attachment)


def _propagated(cidr: str, attachment: Any) -> dict[str, Any]:
    target = {
        "resourceId": attachment.resource_id,
        "resourceType": "vpc",
        "transitGatewayAttachmentId": attachment.id,
    }
    return {
        "destinationCidrBlock": cidr,
        "state": "active",
        "type": "propagated",
        "transitGatewayAttachments": [target],
    }


def _cidrs(attachment: Any) -> Iterator[str]:
    vpc = attachment.ec2_backend.vpcs.get(attachment.resource_id)
    for each in vpc.get_cidr_block_association_set() if vpc else ():
        if each["cidr_block_state"]["state"] == "associated":
            yield str(IPv4Network(each["cidr_block"]))


def _tables(attachment: TransitGatewayAttachment) -> list[Any]:
    gateway = attachment.ec2_backend._gateway(attachment.transit_gateway_id)
    known = gateway.ec2_backend.transit_gateways_route_tables.values()
    return [each for each in known if each.transit_gateway_id == gateway.id]


def _without(propagations: list[RouteTablePropagation], attachment_id: str) -> list[RouteTablePropagation]:
    return [each for each in propagations if each.transitGatewayAttachmentId != attachment_id]
