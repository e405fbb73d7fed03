# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx on a double of a controller: an empty one, one that was set up before, and one that others use as well."""

from __future__ import annotations

import json

import pytest
from awx.double.jobs import parsed
from on_controller import IMAGE, OF_ONE, Fleet, controlled

FULL = {
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-for-eyes-aws",
    "AWS_SESSION_TOKEN": "not-for-eyes-session",
    "ASTRO_API_TOKEN": "not-for-eyes-astro",
    "ASTRO_ORGANIZATION_ID": "clorg",
}
NAME = "Astro PrivateLink Fleet"
HOOK = {"url": "https://chat.example.org/hook", "headers": {}, "http_method": "POST", "disable_ssl_verification": False}


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A controller that is empty at first; the tests tell one story, from top to bottom."""
    with controlled(tmp_path_factory.mktemp("controller")) as one:
        yield one


@pytest.fixture(scope="module")
def applied(there):
    """The first run, by a system administrator, with a session of AWS."""
    return there.apply(env=FULL, organization="Fleet", notification_configuration=HOOK)


# --- before anything is made


@pytest.mark.parametrize(
    ("pattern", "env", "text"),
    [
        ({"ee_image": ""}, FULL, "pattern_ee_image is not set"),
        (
            {"ee_image": "mirror.example.org/ansible/awx-ee:24.6.1"},
            FULL,
            "a stock image, which does not have the collection",
        ),
        ({}, {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}, "Set AWS_SECRET_ACCESS_KEY as well"),
        ({}, {**FULL, "AWS_SESSION_TOKEN": ""}, "Set AWS_SESSION_TOKEN as well"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_made(there, pattern, env, text):
    done = there.apply(env=env, **pattern)
    assert done.rc == 2
    assert text in done.text
    assert there.double.store.of("job_templates") == []
    assert [row["name"] for row in there.double.store.of("organizations")] == ["Default"]


def test_without_a_system_administrator_it_says_what_one_has_to_do(there):
    done = there.apply(token=OF_ONE, organization="Fleet")
    assert done.rc == 2
    assert "Only a system administrator can create the credential type Astro API" in done.text


# --- the first run


def test_every_object_that_runs_ansible_names_the_image(there, applied):
    assert applied.rc == 0, applied.text
    store = there.double.store
    image = there.double.one("execution_environments", NAME)
    assert image["image"] == IMAGE
    for kind, field in (
        ("job_templates", "execution_environment"),
        ("inventory_sources", "execution_environment"),
        ("projects", "default_environment"),
    ):
        assert store.of(kind)
        assert {row[field] for row in store.of(kind)} == {image["id"]}, kind
    assert there.double.one("organizations", "Fleet")["default_environment"] == image["id"]
    assert [row["status"] for row in store.of("inventory_updates")] == ["successful"]


@pytest.mark.usefixtures("applied")
def test_all_names_begin_with_the_prefix(there):
    kinds = ("projects", "inventories", "inventory_sources", "job_templates", "workflow_job_templates", "schedules")
    names = [row["name"] for kind in kinds for row in there.double.store.of(kind)]
    assert len(names) >= 11
    assert [name for name in names if not name.startswith(NAME)] == []


def test_no_secret_is_shown_or_kept_in_sight(there, applied):
    seen = applied.text + json.dumps(there.double.store.rows)
    assert [value for key, value in FULL.items() if value.startswith("not-for-eyes") and value in seen] == []
    aws = there.double.one("credentials", f"{NAME} AWS")
    assert there.double.store.plain(aws)["security_token"] == FULL["AWS_SESSION_TOKEN"]


# --- inventories tell the truth of tags and git


@pytest.mark.usefixtures("applied")
def test_what_is_taken_off_a_tag_or_out_of_git_disappears(there):
    (source,) = there.double.store.of("inventory_sources")

    def synchronised(variables, everywhere):
        there.images.found = {
            "_meta": {"hostvars": {"analytics": variables}},
            "agent_vpcs": {"hosts": ["analytics"], "vars": everywhere},
        }
        assert there.double.jobs.update_source(source)["status"] == "successful"
        host, group = (
            there.double.one(kind, name) for kind, name in (("hosts", "analytics"), ("groups", "agent_vpcs"))
        )
        return parsed(host["variables"]), parsed(group["variables"])

    both = {"privatelink_vpc_id": "vpc-1", "privatelink_via": "payments"}
    assert synchronised(both, {"privatelink_cluster_id": "cl1"}) == (both, {"privatelink_cluster_id": "cl1"})
    assert synchronised({"privatelink_vpc_id": "vpc-1"}, {}) == ({"privatelink_vpc_id": "vpc-1"}, {})
    (inventory,) = there.double.store.of("inventories")
    assert "survey_cluster_id" in inventory["variables"]


@pytest.mark.usefixtures("applied")
def test_a_commit_arrives_with_the_next_job(there):
    (project,) = there.double.store.of("projects")
    assert project["scm_update_on_launch"] is True
    assert project["scm_update_cache_timeout"] <= 60


# --- the second run, by an administrator of the organization: nothing goes that somebody else made


@pytest.mark.usefixtures("applied")
def test_a_second_run_takes_nothing_away(there):
    store, one = there.double.store, there.double.one
    machine = store.make(
        "credentials",
        name="agents by ssh",
        organization=one("organizations", "Fleet")["id"],
        credential_type=one("credential_types", "Machine")["id"],
    )
    verify, astro, group = (
        one("job_templates", f"{NAME} verify"),
        one("credentials", f"{NAME} API token"),
        one("groups", "agent_vpcs"),
    )
    mine = store.make(
        "notification_templates", name="mine", organization=verify["organization"], notification_type="slack"
    )
    verify["_credentials"].append(machine["id"])
    verify["_notification_templates_error"].append(mine["id"])
    astro["inputs"]["api_url"] = "https://api.example.org"
    there.images.found["agent_vpcs"] = {"hosts": ["analytics"], "vars": {"privatelink_cluster_id": "cl1"}}
    group["variables"] = json.dumps({"privatelink_cluster_id": "cl1"})
    (inventory,) = store.of("inventories")
    inventory["variables"] = json.dumps(
        {**parsed(inventory["variables"]), "harden_watch_timeout": 60, "privatelink_cluster_id": "cl2"}
    )
    one("organizations", "Fleet")["description"] = "ours"
    before = kept(there)

    done = there.apply(
        token=OF_ONE,
        env={**FULL, "AWS_SESSION_TOKEN": "not-for-eyes-session"},
        organization="Fleet",
        notification_configuration=HOOK,
    )
    assert done.rc == 0, done.text
    assert done.changed <= {"Credentials", "Workflows"}
    after = kept(there)
    assert {kind: after[kind] for kind in after if after[kind] != before[kind]} == {}
    assert machine["id"] in verify["_credentials"]
    assert mine["id"] in verify["_notification_templates_error"]


def kept(there):
    """All objects, and the secrets behind them."""
    ran = {"project_updates", "inventory_updates"}
    rows = {kind: rows for kind, rows in there.double.store.rows.items() if kind not in ran}
    found: dict = json.loads(
        json.dumps({**rows, "secrets": there.double.store.hidden, "surveys": there.double.store.surveys})
    )
    return found


# --- a second organization on the same controller, whose repository cannot be read at first


@pytest.mark.usefixtures("applied")
def test_a_failed_update_can_be_repeated_and_a_second_organization_has_objects_of_its_own(there):
    other = Fleet(there.place / "other")
    broken = there.apply(organization="Quick", scm_url=f"{other.url}.not")
    assert broken.rc == 2
    assert "A private repository needs pattern_scm_credential" in broken.text
    assert len(broken.text) < 6000
    done = there.apply(
        organization="Quick", scm_url=other.url, machine_credential="agents by ssh", galaxy_credentials=[]
    )
    assert done.rc == 0, done.text
    assert "The organization has no Galaxy credential" in done.text
    assert "set pattern_galaxy_credentials to its name" in done.text
    assert "No Astro credential was given: harden cannot run" in done.text
    assert len(there.double.store.of("job_templates")) == 14
    assert len(there.double.store.of("credential_types")) == 6
    quick = there.double.one("job_templates", "Astro PrivateLink Quick verify")
    names = [row["name"] for row in there.double.store.listed(quick, "credentials")]
    assert sorted(names) == ["Astro PrivateLink Quick AWS", "agents by ssh"]


@pytest.mark.usefixtures("applied")
def test_an_image_without_the_collection_is_named_with_the_field_to_fill(there):
    done = there.apply(organization="Lacking", ee_image="registry.example.org/plain:1")
    assert done.rc == 2
    assert "Failed to parse inventory" in done.text
    assert "set pattern_ee_image to one with the collection" in done.text


@pytest.mark.usefixtures("applied")
def test_an_organization_that_is_not_there_is_named_with_the_field_to_fill(there):
    done = there.apply(token=OF_ONE, organization="Nowhere")
    assert done.rc == 2
    assert "Set pattern_organization to an organization that you administer" in done.text
    assert [row for row in there.double.store.of("organizations") if row["name"] == "Nowhere"] == []
