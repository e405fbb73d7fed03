# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The story, each step checked by what the playbook says and by what AWS says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import provider
from .cloud import Cloud
from .playing import Played, Player
from .scene import Scene

UNKNOWN = "CLUSTER_UNKNOWN"


class Wrong(Exception):
    """A step that did not come out as it should."""


@dataclass(frozen=True, slots=True)
class Story:
    cloud: Cloud
    scene: Scene
    player: Player
    say: Callable[[str], None]
    quick: bool = False  # on the lab nothing has to be waited for, and nobody has an old answer

    def tell(self) -> None:
        steps = (
            self.foresees,
            self.waits,
            self.connects,
            self.stays,
            self.verifies,
            self.finds_a_change,
            self.repairs,
            self.ends,
        )
        for step in steps:
            with self._timed(step.__name__.replace("_", " ")):
                step()

    def foresees(self) -> None:
        """The cluster is nobody's, so its name does not exist in public; that is all that is wrong."""
        done = self.player.play("preflight", preflight_enforce=False)
        self._expect(
            done.rc == 0 and done.errors <= {UNKNOWN}, "preflight foresees nothing but an unknown cluster", done
        )

    def waits(self) -> None:
        """Nobody accepted the connection yet, so nothing leads to it."""
        done = self.player.play("site", preflight_enforce=False, setup_wait_timeout=2 if self.quick else 60)
        self._expect(done.rc != 0 and "PENDING_ACCEPTANCE" in done.text, "the first run waits for acceptance", done)
        self._expect(not self._zones(), "no zone leads to an endpoint that is not accepted", done)
        accepted = provider.accept(self.cloud, self.scene.service)
        self._expect(len(accepted) == 1, "one connection waits for its provider", done)
        self.cloud.pace.until("the endpoint available", lambda: self._states() == ["available"])

    def connects(self) -> None:
        done = self.player.play("site", preflight_enforce=False)
        self._all_work(done, "site connects every VPC")
        (zone,) = self._zones() or ("",)
        self._expect(bool(zone), "one zone has the cluster's name", done)
        associated = {each["VPCId"] for each in self._route53.get_hosted_zone(Id=zone)["VPCs"]}
        wanted = {network.vpc for network in self.scene.networks.values()}
        self._expect(associated == wanted, "the zone is on every agent VPC", done)

    def stays(self) -> None:
        done = self.player.play("drift")
        self._expect(done.rc == 0, "nothing differs from the inventory", done)

    def verifies(self) -> None:
        self._all_work(self.player.play("verify"), "verify sees every agent on the link")

    def finds_a_change(self) -> None:
        """The endpoint shuts out the peered VPC, which drift has to find."""
        cidr = self.scene.networks["peered"].cidr
        group, rules = self._admitted(cidr)
        self.cloud.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=rules)
        self.cloud.pace.until("the rule gone", lambda: not self._rules(group, cidr))
        done = self.player.play("drift")
        self._expect(done.rc != 0 and "DRIFT" in done.text, "drift finds the change", done)

    def repairs(self) -> None:
        done = self.player.play("setup")
        self._expect(done.rc == 0, "setup repairs it", done)
        self._expect(bool(self._admitted(self.scene.networks["peered"].cidr)), "the rule is back", done)
        done = self.player.play("drift")
        self._expect(done.rc == 0, "nothing differs after the repair", done)

    def ends(self) -> None:
        """The cluster is nobody's: it has no public address to go back to, and Astro has no Deployment to ask about."""
        quick = {"teardown_drain": 0, "teardown_timeout": 1} if self.quick else {}
        done = self.player.play(
            "teardown",
            teardown_accept_gap=True,
            teardown_accept_cut_off=True,
            teardown_deployment_unrestricted=True,
            **quick,
        )
        self._expect(done.rc == 0, "teardown ends well", done)
        self._expect(not self._zones(), "no zone is left", done)
        self.cloud.pace.until("no endpoint left", lambda: not self._states())

    @property
    def _route53(self) -> Any:
        return self.cloud.client("route53")

    def _all_work(self, done: Played, what: str) -> None:
        good = done.rc == 0 and done.verdicts == dict.fromkeys(self.scene.networks, "works")
        self._expect(good, what, done)

    def _expect(self, so: bool, what: str, done: Played) -> None:
        if not so:
            raise Wrong(f"Not so: {what}. The playbook ended with {done.rc} and said:\n{done.text}")

    def _states(self) -> list[str]:
        wanted = [{"Name": "vpc-id", "Values": [self.scene.networks["own"].vpc]}]
        return [each["State"] for each in self.cloud.ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]]

    def _zones(self) -> list[str]:
        told = self._route53.list_hosted_zones_by_vpc(
            VPCId=self.scene.networks["own"].vpc, VPCRegion=self.cloud.choices.region
        )
        return [each["HostedZoneId"] for each in told["HostedZoneSummaries"]]

    def _admitted(self, cidr: str) -> tuple[str, list[str]]:
        """The endpoint's group that lets a range in, and its rules for it."""
        wanted = [{"Name": "vpc-id", "Values": [self.scene.networks["own"].vpc]}]
        (endpoint,) = self.cloud.ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]
        for group in endpoint["Groups"]:
            if rules := self._rules(group["GroupId"], cidr):
                return group["GroupId"], rules
        raise Wrong(f"The endpoint lets nobody in from {cidr}.")

    def _rules(self, group: str, cidr: str) -> list[str]:
        told = self.cloud.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        found = (each for each in told["SecurityGroupRules"] if not each["IsEgress"] and each.get("CidrIpv4") == cidr)
        return [each["SecurityGroupRuleId"] for each in found]

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.say(f"it {what}: {time.monotonic() - began:.0f} s")
