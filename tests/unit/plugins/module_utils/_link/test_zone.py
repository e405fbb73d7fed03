# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private zones: tables of want and have to calls and findings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._core.errors import CallFailed
from ansible_collections.astro.privatelink.plugins.module_utils._core.plan import New, Token, send
from ansible_collections.astro.privatelink.plugins.module_utils._link import zone as core
from ansible_collections.astro.privatelink.plugins.module_utils._link.holder import Holder

HOST = "abc.external.astronomer.run"
ALIAS = core.Alias(dns_name="vpce-1.example", hosted_zone_id="ZAWS")
RECORD = core.Record(name=HOST, type="A", alias=ALIAS, raw={"Name": HOST + "."})
SOA = core.Record(name="external.astronomer.run", type="SOA", alias=None)
OWNER = core.Vpc(name="one", vpc_id="vpc-1", region="us-east-1")
JOINED = core.Vpc(name="two", vpc_id="vpc-2", region="us-east-1")
LINK = core.Link(name="one", vpc_id="vpc-1", zone="external.astronomer.run", records={HOST: ALIAS}, vpcs=(OWNER,))
ZONE = core.Zone(
    id="Z1", name="external.astronomer.run", link="vpc-1", vpcs={"vpc-1": "us-east-1"}, records=(SOA, RECORD)
)


def operations(plan):
    return [call.operation for call in plan.calls]


def codes(plan):
    return [(one.vpc, one.code) for one in plan.findings]


def test_a_new_zone_gets_its_record_before_any_other_vpc():
    plan = core.plan([replace(LINK, vpcs=(OWNER, JOINED))], [])
    assert operations(plan) == ["CreateHostedZone", "ChangeResourceRecordSets", "AssociateVPCWithHostedZone"]
    create, record, associate = plan.calls
    assert create.arguments["VPC"] == {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}
    assert create.arguments["CallerReference"] == Token()
    assert create.arguments["HostedZoneConfig"]["PrivateZone"] is True
    assert core.marked_vpc(create.arguments["HostedZoneConfig"]["Comment"]) == "vpc-1"
    assert record.until == "insync"
    assert record.arguments["ChangeBatch"]["Changes"][0]["ResourceRecordSet"]["AliasTarget"] == {
        "HostedZoneId": "ZAWS",
        "DNSName": "vpce-1.example",
        "EvaluateTargetHealth": False,
    }
    assert (associate.subjects, associate.requires) == ({"two"}, {"one"})
    assert associate.arguments["HostedZoneId"] == New("zone", "one")


def test_nothing_to_do_is_no_call_and_equal_sides_of_the_diff():
    plan = core.plan([LINK], [ZONE])
    assert plan.calls == ()
    assert plan.findings == ()
    assert plan.before == plan.after


def test_a_vpc_that_is_not_in_this_run_keeps_its_association():
    assert core.plan([LINK], [replace(ZONE, vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"})]).calls == ()


def test_a_vpc_joins_an_existing_zone_when_its_owner_is_not_in_this_run():
    plan = core.plan([replace(LINK, records={}, vpcs=(JOINED,))], [ZONE])
    assert operations(plan) == ["AssociateVPCWithHostedZone"]
    assert plan.calls[0].until == "insync"


def test_a_vpc_cannot_join_a_zone_that_is_not_there():
    plan = core.plan([replace(LINK, records={}, vpcs=(JOINED,))], [])
    assert plan.calls == ()
    assert codes(plan) == [("two", "LINK_NOT_SET_UP")]


@pytest.mark.parametrize(
    "there",
    [
        (SOA,),
        (SOA, replace(RECORD, alias=replace(ALIAS, dns_name="vpce-0.example"))),
        (SOA, replace(RECORD, alias=None)),
    ],
)
def test_a_missing_or_wrong_record_of_our_zone_is_repaired(there):
    plan = core.plan([LINK], [replace(ZONE, records=there)])
    assert operations(plan) == ["ChangeResourceRecordSets"]
    assert plan.calls[0].arguments["ChangeBatch"]["Changes"][0]["Action"] == "UPSERT"


def test_records_of_other_clusters_stay():
    other = core.Record(name="xyz.external.astronomer.run", type="A", alias=ALIAS)
    plan = core.plan([LINK], [replace(ZONE, records=(SOA, RECORD, other))])
    assert plan.calls == ()
    assert "xyz.external.astronomer.run" in plan.after["one"]["records"]


def test_zones_of_the_same_name_for_other_vpcs_are_left_alone():
    other = replace(ZONE, id="Z2", link="vpc-9", vpcs={"vpc-9": "us-east-1"})
    assert operations(core.plan([LINK], [other]))[0] == "CreateHostedZone"


@pytest.mark.parametrize("link_of", ["", "vpc-9"])
def test_a_vpc_in_another_zone_of_the_name_is_a_conflict(link_of):
    other = replace(ZONE, id="Z2", link=link_of)
    plan = core.plan([replace(LINK, vpcs=(OWNER, JOINED))], [other])
    assert plan.calls == ()
    assert codes(plan) == [("one", "ZONE_CONFLICT"), ("two", "LINK_OWNER_FAILED")]


def test_the_conflict_of_a_joined_vpc_is_its_own():
    other = replace(ZONE, id="Z2", link="", vpcs={"vpc-2": "us-east-1"})
    third = replace(JOINED, name="three", vpc_id="vpc-3")
    plan = core.plan([replace(LINK, vpcs=(OWNER, JOINED, third))], [ZONE, other])
    assert codes(plan) == [("two", "ZONE_CONFLICT")]
    assert [call.subjects for call in plan.calls] == [{"three"}]


def test_two_zones_of_ours_for_one_vpc_stop():
    assert codes(core.plan([LINK], [ZONE, replace(ZONE, id="Z2")])) == [("one", "ZONE_DUPLICATE")]


ADOPTED = replace(LINK, zone_id="Z1")
FOREIGN = replace(ZONE, link="", records=(SOA,))


def test_a_named_zone_is_adopted_and_gets_the_record():
    assert operations(core.plan([ADOPTED], [FOREIGN])) == ["ChangeResourceRecordSets"]


def test_a_record_of_an_adopted_zone_is_only_overwritten_when_asked():
    pointed = replace(FOREIGN, records=(SOA, replace(RECORD, alias=replace(ALIAS, dns_name="else.example"))))
    plan = core.plan([ADOPTED], [pointed])
    assert codes(plan) == [("one", "RECORD_FOREIGN")]
    assert plan.calls == ()
    assert operations(core.plan([replace(ADOPTED, force_record=True)], [pointed])) == ["ChangeResourceRecordSets"]


def test_a_zone_id_that_is_not_there():
    assert codes(core.plan([replace(LINK, zone_id="Z9")], [ZONE])) == [("one", "ZONE_NOT_FOUND")]


def test_a_vpc_is_taken_off_when_that_is_said():
    leaving = replace(JOINED, present=False)
    both = replace(ZONE, vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"})
    plan = core.plan([replace(LINK, records={}, vpcs=(leaving,))], [both])
    assert operations(plan) == ["DisassociateVPCFromHostedZone"]
    assert plan.after["one"]["vpc_ids"] == ["vpc-1"]
    assert core.plan([replace(LINK, records={}, vpcs=(leaving,))], [ZONE]).calls == ()


def test_the_last_vpc_cannot_be_taken_off():
    plan = core.plan([replace(LINK, records={}, vpcs=(replace(OWNER, present=False),))], [ZONE])
    assert codes(plan)[0] == ("one", "LAST_VPC")
    assert plan.calls == ()


def test_removal_deletes_the_record_as_it_is_then_the_zone():
    plan = core.plan([replace(LINK, present=False)], [ZONE])
    assert operations(plan) == ["ChangeResourceRecordSets", "DeleteHostedZone"]
    assert plan.calls[0].arguments["ChangeBatch"]["Changes"] == [
        {"Action": "DELETE", "ResourceRecordSet": {"Name": HOST + "."}}
    ]
    assert core.plan([replace(LINK, present=False)], []).calls == ()


def test_removal_refuses_a_zone_that_serves_others():
    text = core.Record(name="note.external.astronomer.run", type="TXT", alias=None)
    full = replace(ZONE, records=(SOA, RECORD, text))
    assert codes(core.plan([replace(LINK, present=False)], [full])) == [("one", "ZONE_NOT_EMPTY")]
    shared = replace(ZONE, vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"})
    assert codes(core.plan([replace(LINK, present=False)], [shared])) == [("one", "ZONE_STILL_USED")]
    together = replace(LINK, present=False, vpcs=(OWNER, JOINED))
    assert operations(core.plan([together], [shared]))[-1] == "DeleteHostedZone"


BOTH = replace(ZONE, vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"})
GOING = replace(LINK, present=False, vpcs=(OWNER, JOINED), without_gap=True)
HOLDER = core.Vpc(name="holder", vpc_id="vpc-0", region="us-east-1")


def test_removal_names_the_vpcs_outside_of_the_run_that_share_the_link():
    others = {"vpc-2": "two", "vpc-7": "seven"}
    plan = core.plan([replace(LINK, present=False, others=others)], [BOTH])
    assert codes(plan) == [("one", "ZONE_STILL_USED")]
    assert "two (vpc-2)." in plan.findings[0].seen
    adopted = replace(LINK, present=False, others=others, zone_id="Z1")
    assert codes(core.plan([adopted], [replace(BOTH, link="")])) == [("one", "ZONE_STILL_USED")]


def test_no_record_goes_while_a_vpc_is_on_the_zone_that_should_be_off():
    calls = core.plan([replace(GOING, holder=HOLDER)], [BOTH]).calls
    assert [call.operation for call in calls] == [
        "AssociateVPCWithHostedZone",
        "DisassociateVPCFromHostedZone",
        "DisassociateVPCFromHostedZone",
        "ChangeResourceRecordSets",
        "DeleteHostedZone",
    ]
    assert calls[2].until == "insync"
    assert all(call.requires >= {"two"} for call in calls[3:])


def test_a_gap_is_refused_where_it_is_not_agreed_to():
    assert codes(core.plan([GOING], [BOTH])) == [("one", "NAME_GAP"), ("two", "LINK_OWNER_FAILED")]
    assert core.plan([replace(GOING, holder=HOLDER)], [BOTH]).findings == ()
    assert core.plan([replace(GOING, without_gap=False)], [BOTH]).findings == ()
    assert core.plan([GOING], [replace(BOTH, records=(SOA,))]).findings == ()  # the names are gone already


def test_an_adopted_zone_that_stays_would_hide_the_name_for_good():
    adopted = replace(GOING, zone_id="Z1", holder=HOLDER)
    assert codes(core.plan([adopted], [replace(BOTH, link="")]))[0] == ("one", "NAME_LOST")
    assert core.plan([adopted], [replace(BOTH, link="", records=(SOA,))]).findings == ()
    assert operations(core.plan([replace(adopted, without_gap=False)], [replace(BOTH, link="")])) == [
        "ChangeResourceRecordSets"
    ]


def test_an_adopted_zone_is_never_deleted():
    there = replace(FOREIGN, records=(SOA, RECORD))
    assert operations(core.plan([replace(ADOPTED, present=False)], [there])) == ["ChangeResourceRecordSets"]


def test_results_name_what_is_still_to_come():
    assert core.result(LINK, OWNER, []) == {"hosted_zone_id": "<zone of one>", "associated": False, "leads_to": ""}
    assert core.result(LINK, OWNER, [ZONE])["hosted_zone_id"] == "Z1"
    assert core.result(LINK, OWNER, [ZONE])["associated"] is True


@pytest.mark.parametrize(("comment", "vpc"), [(core.mark("vpc-0a", "x"), "vpc-0a"), ("made by hand", ""), ("", "")])
def test_the_mark_in_a_comment(comment, vpc):
    assert core.marked_vpc(comment) == vpc


FOREIGN_VPC = replace(JOINED, access="partner")


@pytest.mark.parametrize(
    ("zone", "operations_", "accounts"),
    [
        (
            ZONE,
            [
                "CreateVPCAssociationAuthorization",
                "AssociateVPCWithHostedZone",
                "DeleteVPCAssociationAuthorization",
            ],
            ["", "partner", ""],
        ),
        (
            replace(ZONE, authorised=frozenset(["vpc-2"])),
            ["AssociateVPCWithHostedZone", "DeleteVPCAssociationAuthorization"],
            ["partner", ""],
        ),
        (
            replace(ZONE, authorised=frozenset(["vpc-2"]), vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"}),
            ["DeleteVPCAssociationAuthorization"],
            [""],
        ),
        (replace(ZONE, vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"}), [], []),
    ],
)
def test_a_vpc_of_another_account_is_resumed_at_any_step(zone, operations_, accounts):
    plan = core.plan([replace(LINK, vpcs=(OWNER, FOREIGN_VPC))], [zone])
    assert operations(plan) == operations_
    assert [call.access for call in plan.calls] == accounts
    assert all(call.until == "insync" for call in plan.calls if call.operation.startswith("Associate"))


HOLDER = core.Vpc(name="holder", vpc_id="vpc-h", region="us-east-1")
HELD = replace(LINK, holder=HOLDER)


def test_with_a_holder_no_agent_vpc_sees_an_empty_zone():
    plan = core.plan([HELD], [])
    assert operations(plan) == [
        "CreateHostedZone",
        "ChangeResourceRecordSets",
        "AssociateVPCWithHostedZone",
        "DisassociateVPCFromHostedZone",
    ]
    assert [call.arguments.get("VPC", {}).get("VPCId") for call in plan.calls] == ["vpc-h", None, "vpc-1", "vpc-h"]
    assert plan.after["one"]["vpc_ids"] == ["vpc-1"]


def test_a_holder_that_a_crash_left_behind_goes():
    left = replace(ZONE, vpcs={"vpc-h": "us-east-1"})
    assert operations(core.plan([HELD], [left])) == ["AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone"]
    both = replace(ZONE, vpcs={"vpc-1": "us-east-1", "vpc-h": "us-east-1"})
    assert operations(core.plan([HELD], [both])) == ["DisassociateVPCFromHostedZone"]


def test_vpcs_leave_before_the_record_goes():
    shared = replace(ZONE, vpcs={**ZONE.vpcs, "vpc-2": "us-east-1"})
    plan = core.plan([replace(LINK, present=False, vpcs=(OWNER, JOINED))], [shared])
    assert operations(plan) == ["DisassociateVPCFromHostedZone", "ChangeResourceRecordSets", "DeleteHostedZone"]
    assert plan.calls[0].until == "insync"
    held = core.plan([replace(HELD, present=False, vpcs=(OWNER, JOINED))], [shared])
    assert operations(held) == [
        "AssociateVPCWithHostedZone",
        "DisassociateVPCFromHostedZone",
        "DisassociateVPCFromHostedZone",
        "ChangeResourceRecordSets",
        "DeleteHostedZone",
    ]


# --- a holder that is made for that time


MADE = New("holder", "one")
MAKING = replace(LINK, holder_region="us-east-1")
LEFT = Holder(id="vpc-h", region="us-east-1", link="vpc-1", zone="external.astronomer.run")


def vpcs_of(plan):
    return [
        (call.operation, call.arguments.get("VPC", {}).get("VPCId") or call.arguments.get("VpcId"))
        for call in plan.calls
    ]


def test_a_new_zone_is_made_in_a_vpc_that_exists_for_that_time_only():
    plan = core.plan([replace(MAKING, vpcs=(OWNER, JOINED))], [])
    assert vpcs_of(plan) == [
        ("CreateVpc", None),
        ("CreateHostedZone", MADE),
        ("ChangeResourceRecordSets", None),
        ("AssociateVPCWithHostedZone", "vpc-1"),
        ("AssociateVPCWithHostedZone", "vpc-2"),
        ("DisassociateVPCFromHostedZone", MADE),
        ("DeleteVpc", MADE),
    ]
    assert plan.after["one"]["vpc_ids"] == ["vpc-1", "vpc-2"]
    create = plan.calls[0]
    tags = {tag["Key"]: tag["Value"] for tag in create.arguments["TagSpecifications"][0]["Tags"]}
    assert Holder.read("vpc-h", "us-east-1", tags) == LEFT
    assert len({call.lane for call in plan.calls}) == 1


def sent(calls, *refused, code="AccessDenied"):
    """What is sent if AWS refuses some operations (for a VPC, if one is named); the outcome as well."""
    log = []

    def api(call, arguments):
        log.append((call.operation, arguments.get("VPC", {}).get("VPCId") or arguments.get("VpcId") or ""))
        if call.operation in refused:
            raise CallFailed("denied", code)
        return {"CreateVpc": "vpc-made", "CreateHostedZone": "Z9"}.get(call.operation, "")

    return log, send(calls, api)


def test_where_no_holder_can_be_had_the_zone_is_made_on_the_links_own_vpc():
    log, outcome = sent(core.plan([replace(MAKING, vpcs=(OWNER, JOINED))], []).calls, "CreateVpc")
    assert log == [
        ("CreateVpc", ""),
        ("CreateHostedZone", "vpc-1"),
        ("ChangeResourceRecordSets", ""),
        ("AssociateVPCWithHostedZone", "vpc-2"),
    ]
    assert outcome.failed == {}
    assert [call.code for call, _error in outcome.declined] == ["HOLDER_REFUSED"]


@pytest.mark.parametrize(
    "code", ["EndpointConnectionError", "ResponseParserError", "InternalError", "502", "RequestExpired"]
)
def test_where_it_is_not_known_what_came_of_a_holder_the_name_stays_as_it_is(code):
    log, outcome = sent(core.plan([replace(MAKING, vpcs=(OWNER, JOINED))], []).calls, "CreateVpc", code=code)
    assert log == [("CreateVpc", "")]
    assert {name: call.code for name, (call, _error) in outcome.failed.items()} == {
        "one": "HOLDER_UNKNOWN",
        "two": "HOLDER_UNKNOWN",
    }


@pytest.mark.parametrize(
    ("refused", "undone"),
    [
        (("ChangeResourceRecordSets",), [("DeleteHostedZone", ""), ("DeleteVpc", "vpc-made")]),
        (("CreateVpc", "ChangeResourceRecordSets"), [("DeleteHostedZone", "")]),
        (("CreateHostedZone",), [("DeleteVpc", "vpc-made")]),
        (("ChangeResourceRecordSets", "DeleteHostedZone"), [("DeleteHostedZone", "")]),
    ],
)
def test_a_zone_without_its_record_goes_at_once(refused, undone):
    log, outcome = sent(core.plan([MAKING], []).calls, *refused)
    assert log[-len(undone) :] == undone
    assert log[-len(undone) - 1][0] in refused
    assert set(outcome.failed) == {"one"}


def test_a_zone_that_was_there_is_never_taken_back():
    log, _outcome = sent(core.plan([LINK], [replace(ZONE, records=(SOA,))]).calls, "ChangeResourceRecordSets")
    assert log == [("ChangeResourceRecordSets", "")]


def test_a_holder_that_a_killed_run_left_is_used_or_goes():
    assert vpcs_of(core.plan([MAKING], [], [LEFT]))[0] == ("CreateHostedZone", "vpc-h")
    assert vpcs_of(core.plan([MAKING], [], [LEFT]))[-1] == ("DeleteVpc", "vpc-h")
    both = replace(ZONE, vpcs={"vpc-1": "us-east-1", "vpc-h": "us-east-1"})
    assert vpcs_of(core.plan([MAKING], [both], [LEFT])) == [
        ("DisassociateVPCFromHostedZone", "vpc-h"),
        ("DeleteVpc", "vpc-h"),
    ]
    assert vpcs_of(core.plan([MAKING], [ZONE], [LEFT])) == [("DeleteVpc", "vpc-h")]
    assert vpcs_of(core.plan([replace(MAKING, present=False)], [], [LEFT])) == [("DeleteVpc", "vpc-h")]
    assert core.plan([MAKING], [ZONE], [replace(LEFT, link="vpc-9")]).calls == ()


def test_a_zone_is_taken_down_in_a_holder():
    plan = core.plan([replace(GOING, holder_region="us-east-1")], [BOTH])
    assert plan.findings == ()
    assert vpcs_of(plan) == [
        ("CreateVpc", None),
        ("AssociateVPCWithHostedZone", MADE),
        ("DisassociateVPCFromHostedZone", "vpc-1"),
        ("DisassociateVPCFromHostedZone", "vpc-2"),
        ("ChangeResourceRecordSets", None),
        ("DeleteHostedZone", None),
        ("DeleteVpc", MADE),
    ]
    log, outcome = sent(plan.calls, "CreateVpc")
    assert log == [("CreateVpc", "")]  # nothing else is sent: the name would be gone for a while
    assert outcome.failed["one"][0].code == "NAME_GAP_UNHELD"


def test_no_holder_is_made_where_nothing_depends_on_it():
    empty = replace(BOTH, records=(SOA,))
    assert "CreateVpc" not in operations(core.plan([replace(GOING, holder_region="us-east-1")], [empty]))
    agreed = replace(GOING, holder_region="us-east-1", without_gap=False)
    assert "CreateVpc" not in operations(core.plan([agreed], [BOTH]))


def test_who_has_no_name_now_is_told():
    (one,) = core.urgent([replace(LINK, vpcs=(OWNER, JOINED))], [replace(BOTH, records=(SOA,))])
    assert (one.code, one.vpc) == ("NAME_MISSING", "one")
    assert "one (vpc-1), two (vpc-2)" in one.seen
    assert core.urgent([LINK], [ZONE]) == []
    assert core.urgent([LINK], [replace(ZONE, vpcs={"vpc-h": "us-east-1"}, records=(SOA,))], [LEFT]) == []


# --- what is ours


def test_a_zone_of_another_link_is_not_adopted():
    theirs = replace(ZONE, link="vpc-9", vpcs={"vpc-9": "us-east-1"})
    for link in (ADOPTED, replace(ADOPTED, present=False)):
        plan = core.plan([link], [theirs])
        assert (plan.calls, codes(plan)) == ((), [("one", "ZONE_OF_ANOTHER_LINK")])


def test_two_links_that_want_one_name_of_one_zone_are_refused():
    other = core.Alias(dns_name="vpce-2.example", hosted_zone_id="ZAWS")
    two = replace(ADOPTED, name="two", vpc_id="vpc-2", vpcs=(JOINED,), records={HOST: other})
    plan = core.plan([ADOPTED, two], [FOREIGN])
    assert (plan.calls, codes(plan)) == ((), [("one", "ZONE_WANTED_TWICE"), ("two", "ZONE_WANTED_TWICE")])
    elsewhere = replace(two, records={"xyz.external.astronomer.run": other})
    assert codes(core.plan([ADOPTED, elsewhere], [FOREIGN])) == []


LATENCY = core.Record(name=HOST, type="A", alias=ALIAS, identifier="blue", raw={"SetIdentifier": "blue"})


@pytest.mark.parametrize(
    "other",
    [
        replace(LATENCY, alias=core.Alias(dns_name="vpce-2.example", hosted_zone_id="ZAWS")),
        *(core.Record(name=HOST, type=kind, alias=None) for kind in ("CNAME", "AAAA", "HTTPS", "SVCB")),
    ],
)
@pytest.mark.parametrize("zone", [ZONE, FOREIGN])
def test_other_records_of_the_name_are_told_before_anything_is_sent(zone, other):
    link = ADOPTED if zone is FOREIGN else LINK
    plan = core.plan([link], [replace(zone, records=(SOA, other))])
    assert (plan.calls, codes(plan)) == ((), [("one", "RECORD_IN_THE_WAY")])


@pytest.mark.parametrize("kind", ["TXT", "CAA", "MX"])
def test_records_that_lead_nowhere_do_not_matter(kind):
    note = core.Record(name=HOST, type=kind, alias=None)
    assert core.plan([LINK], [replace(ZONE, records=(*ZONE.records, note))]).findings == ()


@pytest.mark.parametrize(
    "other",
    [
        LATENCY,
        replace(RECORD, alias=replace(ALIAS, dns_name="else.example")),
        replace(RECORD, alias=None),
        core.Record(name=HOST, type="CNAME", alias=None),
    ],
)
def test_removal_leaves_what_is_not_this_links_record(other):
    plan = core.plan([replace(ADOPTED, present=False)], [replace(FOREIGN, records=(SOA, other))])
    assert (plan.calls, codes(plan)) == ((), [("one", "RECORD_LEFT")])
    ours = core.plan([replace(LINK, present=False)], [replace(ZONE, records=(SOA, RECORD, LATENCY))])
    assert (ours.calls, codes(ours)) == ((), [("one", "ZONE_NOT_EMPTY")])


def test_a_zone_with_another_clusters_record_stays_for_it():
    """Two inventories' links of one VPC, with the layout suffix_zone."""
    theirs = replace(RECORD, name="other.external.astronomer.run")
    zone = replace(ZONE, records=(SOA, RECORD, theirs))
    plan = core.plan([replace(LINK, present=False)], [zone])
    (call,) = plan.calls
    changes = call.arguments["ChangeBatch"]["Changes"]
    assert [(each["Action"], each["ResourceRecordSet"]) for each in changes] == [("DELETE", RECORD.raw)]
    guarded = core.plan([replace(LINK, present=False, without_gap=True)], [zone])
    assert (guarded.calls, codes(guarded)[0][1]) == ((), "NAME_LOST")
    odd = core.plan([replace(LINK, present=False)], [replace(zone, records=(SOA, RECORD, replace(theirs, alias=None)))])
    assert codes(odd)[0][1] == "ZONE_NOT_EMPTY"


# --- nobody joins what does not lead where it should


def test_a_record_needs_a_target_before_a_zone_is_made():
    plan = core.plan([replace(MAKING, records={HOST: replace(ALIAS, dns_name="")})], [])
    assert (plan.calls, codes(plan)) == ((), [("one", "RECORD_NO_TARGET")])


def test_nobody_joins_a_zone_that_leads_elsewhere():
    moved = replace(ZONE, records=(SOA, replace(RECORD, alias=replace(ALIAS, dns_name="vpce-0.example"))))
    joining = replace(LINK, compare_only=True, vpcs=(JOINED,))
    for zone in (moved, replace(ZONE, records=(SOA,))):
        plan = core.plan([joining], [zone])
        assert (plan.calls, codes(plan)) == ((), [("two", "LINK_LEADS_ELSEWHERE")])
    assert operations(core.plan([joining], [ZONE])) == ["AssociateVPCWithHostedZone"]
    there = replace(moved, vpcs=BOTH.vpcs)
    assert (core.plan([joining], [there]).calls, core.plan([joining], [there]).findings) == ((), ())


def test_joins_come_before_leaves():
    leaving = replace(OWNER, present=False)
    plan = core.plan([replace(LINK, records={}, vpcs=(leaving, JOINED))], [ZONE])
    assert operations(plan) == ["AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone"]
    assert plan.after["one"]["vpc_ids"] == ["vpc-2"]


def test_what_a_broken_run_allowed_is_taken_back():
    allowed = replace(BOTH, authorised=frozenset(["vpc-2"]))
    leaving = replace(LINK, records={}, vpcs=(replace(JOINED, present=False),))
    assert operations(core.plan([leaving], [allowed])) == [
        "DeleteVPCAssociationAuthorization",
        "DisassociateVPCFromHostedZone",
    ]
    log, _outcome = sent(
        core.plan([replace(LINK, vpcs=(OWNER, FOREIGN_VPC))], [ZONE]).calls, "AssociateVPCWithHostedZone"
    )
    assert log[-1] == ("DeleteVPCAssociationAuthorization", "vpc-2")


HAND_MADE = replace(ZONE, link="", records=(SOA,))


def answers(kind="CNAME", value=ALIAS.dns_name, identifier=""):
    """A record set of the host that is no plain alias."""
    raw = {} if kind == "A" else {"ResourceRecords": [{"Value": value}]}
    alias = core.Alias(dns_name=value, hosted_zone_id="ZAWS") if kind == "A" else None
    return core.Record(name=HOST, type=kind, alias=alias, identifier=identifier, raw=raw)


@pytest.mark.parametrize(
    ("records", "codes_", "leads_to"),
    [
        ([RECORD], [], ALIAS.dns_name),
        ([answers()], [], ALIAS.dns_name),
        ([answers("A", identifier="blue"), answers("A", identifier="green")], [], ALIAS.dns_name),
        ([answers(value="vpce-2.example")], ["RECORD_IN_THE_WAY"], ""),
        ([answers("A", identifier="blue"), answers("A", "vpce-2.example", "green")], ["RECORD_IN_THE_WAY"], ""),
        ([answers("HTTPS", value="1 .")], ["RECORD_IN_THE_WAY"], ""),
        ([RECORD, answers("AAAA", "::1")], ["RECORD_IN_THE_WAY"], ALIAS.dns_name),
    ],
)
def test_in_a_zone_that_others_made_records_of_any_form_may_lead_to_the_endpoint(records, codes_, leads_to):
    there = replace(HAND_MADE, records=(SOA, *records, replace(RECORD, name="www.external.astronomer.run")))
    plan = core.plan([replace(LINK, zone_id="Z1")], [there])
    assert plan.calls == ()
    assert [code for _vpc, code in codes(plan)] == codes_
    assert core.result(replace(LINK, zone_id="Z1"), OWNER, [there])["leads_to"] == leads_to


def test_a_zone_that_is_handed_back_loses_its_comment():
    released = replace(LINK, present=False, released=True)
    plan = core.plan([released], [ZONE])
    assert [(call.operation, call.arguments) for call in plan.calls] == [("UpdateHostedZoneComment", {"Id": "Z1"})]
    assert plan.before == plan.after
    assert core.plan([replace(released, zone_id="Z1")], [HAND_MADE]).calls == ()
    assert core.plan([released], []).calls == ()


@pytest.mark.parametrize(("records", "codes_"), [((SOA, RECORD), []), ((SOA,), ["MANAGED_ELSEWHERE"])])
def test_a_zone_that_terraform_made_is_not_changed_without_a_word(records, codes_):
    there = replace(HAND_MADE, records=records, comment="Managed by Terraform")
    assert [code for _vpc, code in codes(core.plan([replace(LINK, zone_id="Z1")], [there]))] == codes_
