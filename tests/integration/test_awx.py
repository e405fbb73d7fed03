# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection in an automation controller: the project, the objects as data, and jobs as a controller would run them."""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import controller
import pytest
import yaml
from ansible_collections.astro.privatelink.plugins.module_utils._report.handed_on import words
from ansible_collections.astro.privatelink.plugins.module_utils._report.questions import QUESTIONS
from astrolab.astro.organization import DEPLOYMENT
from awx.double import notices
from running import ROOT, environment

PATTERN = ROOT / "extensions/patterns/privatelink"
SECRETS = {"password": "not-for-eyes-aws", "security_token": "not-for-eyes-session"}


# --- the objects, as Ansible reads them; test_awx_pattern.py makes them on a double of a controller


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """All objects of the pattern, by the names of their variables."""
    return rendered(tmp_path_factory.mktemp("objects"))


def rendered(place, **more):
    names = re.findall(r"^(controller_\w+|pattern_messages_of):", (PATTERN / "setup.yml").read_text(), re.MULTILINE)
    show = {name: f"{{{{ {name} }}}}" for name in names}
    book = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(PATTERN / "setup.yml")],
        "tasks": [{"ansible.builtin.debug": {"msg": show}}],
    }
    (place / "objects.yml").write_text(yaml.safe_dump([book]))
    given = {
        "pattern_surveys": str(PATTERN / "template_surveys"),
        "pattern_ee_image": "astro-privatelink-ee:latest",
        "pattern_notification_configuration": {"url": "https://chat.example.org/hook"},
        "pattern_aws_access_key_id": "AKIAEXAMPLE",
        "pattern_aws_secret_access_key": "x",
        "pattern_astro_api_token": "x",
        **more,
    }
    env = environment(SimpleNamespace(env={"HOME": "/nonexistent"}), PLAY_RESULTS=str(place / "results"))
    command = ["ansible-playbook", str(place / "objects.yml"), "-e", json.dumps(given)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = (place / "results").read_text().splitlines()
    return json.loads(line)["result"]["msg"]


def named(objects, kind):
    return {each["name"]: each for each in objects[f"controller_{kind}"]}


def test_templates_name_playbooks_that_a_controller_offers(objects):
    offered = offers()
    templates = named(objects, "templates")
    assert {template["playbook"] for template in templates.values()} <= offered
    assert all(
        template["inventory"].partition("++")[0] in named(objects, "inventories") for template in templates.values()
    )
    assert all(template["project"] in named(objects, "projects") for template in templates.values())
    assert all(set(template["credentials"]) == set(named(objects, "credentials")) for template in templates.values())


def offers() -> set[str]:
    """The files that AWX lists as playbooks."""
    line = re.compile(r"^\s*-?\s*(?:ansible\.builtin\.)?(?:hosts|include|import_playbook):")
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.yml", "*.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    left_out = {"roles", "tasks", "group_vars", "host_vars"}
    return {
        name
        for name in names.stdout.split()
        if not any(part in left_out or part.startswith(".") for part in Path(name).parts[:-1])
        and (ROOT / name).is_file()
        and any(map(line.match, (ROOT / name).read_text().splitlines()))
    }


def test_a_controller_offers_the_playbooks_and_what_tests_have():
    everything = {str(path.relative_to(ROOT)) for path in (ROOT / "playbooks").glob("*.yml")}
    offered = offers()
    assert everything <= offered
    assert {name.split("/")[0] for name in offered - everything} <= {"tests", "extensions", "examples"}
    of_the_pattern = {Path(name).parent for name in offered if name.startswith("extensions/patterns/")}
    assert of_the_pattern == {Path("extensions/patterns/privatelink/playbooks")}


def test_the_pattern_has_the_same_job_templates(objects):
    """Automation Platform reads it from the collection: names, descriptions and playbooks are those of the data."""
    pattern = json.loads((PATTERN / "meta/pattern.json").read_text())
    assert pattern["name"] == PATTERN.name
    resources = pattern["aap_resources"]
    jobs = {job["name"]: job for job in resources["controller_job_templates"]}
    templates = named(objects, "templates")
    assert {name: job["description"] for name, job in jobs.items()} == {
        name: template["description"] for name, template in templates.items()
    }
    assert [name for name, job in jobs.items() if job.get("primary")] == ["Astro PrivateLink setup"]
    for name, job in jobs.items():
        assert job["execution_environment"] == resources["controller_execution_environment"]["name"]
        assert templates[name]["playbook"] == f"playbooks/{job['playbook']}"
        (play,) = yaml.safe_load((PATTERN / "playbooks" / job["playbook"]).read_text())
        there = PATTERN / "playbooks" / play["ansible.builtin.import_playbook"]
        assert there.resolve() == ROOT / "playbooks" / job["playbook"]


def test_a_person_decides_between_the_plan_and_the_lock_down(objects):
    (workflow,) = named(objects, "workflows").values()
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    path = way_through(nodes)
    assert path == ["preflight", "setup", "verify", "plan", "approval", "harden"]
    assert set(path) == set(nodes)
    assert nodes["approval"]["unified_job_template"]["type"] == "workflow_approval"
    assert nodes["plan"]["job_type"] == "check"
    templates = named(objects, "templates")
    jobs = [node["unified_job_template"]["name"] for name, node in nodes.items() if name != "approval"]
    assert set(jobs) <= set(templates)
    assert nodes["plan"]["diff_mode"] is True
    assert templates[nodes["plan"]["unified_job_template"]["name"]]["ask_job_type_on_launch"] is True
    assert workflow["notification_templates_approvals"] == list(named(objects, "notifications"))


def way_through(nodes):
    """The nodes in the order in which they run if all goes well."""
    follows = {
        name: [n["identifier"] for n in node["related"].get("success_nodes", [])] for name, node in nodes.items()
    }
    path = ["preflight"]
    while follows[path[-1]]:
        (after,) = follows[path[-1]]
        path.append(after)
    return path


def test_a_person_decides_about_setup_if_wanted(tmp_path):
    objects = rendered(tmp_path, pattern_approve_setup=True)
    (workflow,) = named(objects, "workflows").values()
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    assert way_through(nodes)[:4] == ["preflight", "setup_plan", "setup_approval", "setup"]
    assert set(way_through(nodes)) == set(nodes)
    assert nodes["setup_plan"]["job_type"] == "check"
    assert nodes["setup_plan"]["unified_job_template"] == nodes["setup"]["unified_job_template"]
    (inventory,) = named(objects, "inventories").values()
    assert inventory["variables"]["setup_plan_required"] is True


def test_drift_and_links_are_watched_by_templates_that_need_no_answers(objects):
    schedules = named(objects, "schedules").values()
    templates = [named(objects, "templates")[schedule["unified_job_template"]] for schedule in schedules]
    assert sorted(Path(template["playbook"]).stem for template in templates) == ["drift", "verify"]
    assert not [
        question for template in templates for question in template["survey_spec"]["spec"] if question["required"]
    ]


def test_rulebooks_launch_templates_of_the_pattern(objects):
    books = [yaml.safe_load(path.read_text()) for path in (ROOT / "extensions/eda/rulebooks").glob("*.yml")]
    actions = [rule["action"]["run_job_template"] for book in books for ruleset in book for rule in ruleset["rules"]]
    assert len(actions) == 4
    launched = {(action["name"], action["organization"]) for action in actions}
    assert launched <= {(each["name"], each["organization"]) for each in objects["controller_templates"]}


# --- notifications, as the double of a controller takes and sends them

RESULT = {
    "passed": False,
    "counts": {"vpcs": 3, "failed": 1},
    "vpcs": {"ledger": {"problems": ["TCP_TIMEOUT: No answer & <!channel>. Open port 443."]}},
}
FACTS = {
    "job": {
        "id": 7,
        "name": 'Astro "verify"',
        "status": "failed",
        "artifacts": {"privatelink_result": {**RESULT, "text": words(RESULT)}},
    },
    "url": "https://awx.example.org/#/jobs/7",
}
ASKED = {"approval_node_name": "Restrict", "workflow_url": "https://awx.example.org/#/jobs/workflow/8"}
KINDS_OF_AWX = (
    "webhook",
    "pagerduty",
    "email",
    "awssns",
    "slack",
    "mattermost",
    "rocketchat",
    "irc",
    "twilio",
    "grafana",
)


def message(objects, kind, event="error", facts=None):
    texts = objects["pattern_messages_of"].get(kind, objects["pattern_messages_of"]["others"])
    return notices.told(
        kind,
        texts["workflow_approval"]["running"] if event == "asked" else texts[event],
        FACTS if facts is None else facts,
    )


def test_a_controller_takes_all_messages(objects):
    assert len(objects["pattern_messages_of"]) > 5
    for messages in objects["pattern_messages_of"].values():
        assert set(messages) == {"error", "success", "workflow_approval"}
        assert notices.complaints(messages) == []


@pytest.mark.parametrize("kind", KINDS_OF_AWX)
def test_each_type_of_notification_tells_verdict_counts_and_place(objects, kind):
    shown = message(objects, kind)
    text = shown["message"] + json.dumps(shown["body"])
    assert "Failed: 1 of 3 VPCs failed." in text
    assert FACTS["url"] in text
    assert ASKED["workflow_url"] in json.dumps(message(objects, kind, "asked", ASKED))


@pytest.mark.parametrize("kind", ["webhook", "pagerduty", "email", "awssns", "slack", "mattermost", "rocketchat"])
def test_those_that_have_room_tell_remedies(objects, kind):
    shown = message(objects, kind)
    assert "Open port 443." in shown["message"] + json.dumps(shown["body"])


def test_a_webhook_gets_data(objects):
    body = message(objects, "webhook")["body"]
    assert body["name"] == FACTS["job"]["name"]
    assert body["result"] == FACTS["job"]["artifacts"]["privatelink_result"]
    assert message(objects, "webhook", "asked", ASKED)["body"]["url"] == ASKED["workflow_url"]


def test_no_text_from_elsewhere_calls_a_channel(objects):
    assert "&lt;!channel&gt;" in message(objects, "slack")["message"]


@pytest.mark.parametrize("kind", KINDS_OF_AWX)
def test_a_job_that_has_no_result_is_told_as_well(objects, kind):
    shown = message(objects, kind, facts={**FACTS, "job": {"id": 7, "name": "x", "status": "failed"}})
    assert "output says more" in shown["message"] + json.dumps(shown["body"])


# --- surveys, by the rules of AWX that we know; the check itself is ours


def surveys(objects):
    each = {**named(objects, "templates"), **named(objects, "workflows")}
    return {name: one["survey_spec"] for name, one in each.items()}


def test_surveys_are_well_formed(objects):
    for name, survey in surveys(objects).items():
        assert survey["name"], name
        assert survey["description"], name
        variables = [question["variable"] for question in survey["spec"]]
        assert variables, name
        assert len(variables) == len(set(variables)), name
        for question in survey["spec"]:
            assert complaints(question) == [], (name, question["variable"])


def complaints(question) -> list[str]:
    kind, default = question["type"], question["default"]
    found = [key for key in ("question_name", "question_description") if not question.get(key)]
    if not isinstance(question["required"], bool):
        found.append("required is no boolean")
    if kind == "multiplechoice":
        choices = question["choices"]
        found += [] if all(isinstance(choice, str) for choice in choices) else ["a choice is no string"]
        found += [] if default in choices else ["the default is no choice"]
    elif kind in {"text", "textarea"}:
        found += [] if isinstance(default, str) and len(default) <= question["max"] else ["the default does not fit"]
        found += [] if question["min"] >= question["required"] else ["may be left blank though it is required"]
    elif kind == "integer":
        found += [] if question["min"] <= default <= question["max"] else ["the default does not fit"]
    else:
        found.append(f"there is no type {kind}")
    return found


def test_answers_cannot_shadow_what_is_said_of_a_vpc(objects):
    """They are extra variables, and win over everything. So none may be called like a variable of a role."""
    used = set()
    for file in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(file.read_text())["argument_specs"].values():
            used |= set(entry.get("options", {}))
    asked = {question["variable"] for survey in surveys(objects).values() for question in survey["spec"]}
    assert all(variable.startswith("survey_") for variable in asked)
    assert not asked & used
    (inventory,) = named(objects, "inventories").values()
    assert set(inventory["variables"]) <= used
    taken_up = set(re.findall(r"survey_\w+", json.dumps(inventory["variables"])))
    assert taken_up == asked


def test_findings_name_the_questions_that_are_asked(objects):
    questions = {each["variable"]: each["question_name"] for one in surveys(objects).values() for each in one["spec"]}
    assert dict(QUESTIONS.values()) == questions
    (inventory,) = named(objects, "inventories").values()
    variables = {name: str(value) for name, value in inventory["variables"].items()}
    taken_up = {name: re.findall(r"survey_\w+", value) for name, value in variables.items() if "survey_" in value}
    known = {name: [variable] for name, (variable, _question) in QUESTIONS.items()}
    assert known == {"teardown_deployment_ids": ["survey_deployment_ids"], **taken_up}


# --- credentials


def astro_type():
    (text,) = re.findall(
        r"(?s)^controller_credential_types:\n.*?(?=^\S)", (PATTERN / "setup.yml").read_text(), re.MULTILINE
    )
    return yaml.safe_load(text.replace("!unsafe ", ""))["controller_credential_types"][0]


def test_fields_that_are_left_empty_give_blank_variables():
    env = controller.custom_credential(astro_type()["injectors"], api_token="secret", organization_id="", api_url="")
    assert env == {"ASTRO_API_TOKEN": "secret", "ASTRO_ORGANIZATION_ID": "", "ASTRO_API_URL": ""}


def test_the_token_is_marked_as_a_secret():
    (field,) = [field for field in astro_type()["inputs"]["fields"] if field["id"] == "api_token"]
    assert field["secret"] is True


# --- jobs


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A clone of the repository, and the collection as a project update installs it from there."""
    place = tmp_path_factory.mktemp("project")
    clone = controller.checkout(place / "clone")
    return clone, controller.install(clone, place)


@pytest.fixture
def job(lab, objects, project, tmp_path):
    """A job as the templates would start it; `job(playbook, ...)` runs it."""
    clone, collections = project
    written = yaml.safe_load(lab.inventory.read_text())
    common = written["agent_vpcs"]["vars"]
    answers = {
        "survey_cluster_id": common["privatelink_cluster_id"],
        "survey_service_name": common["privatelink_service_name"],
    }
    (inventory,) = named(objects, "inventories").values()
    group = named(objects, "groups")["agent_vpcs"]
    everywhere = {key: common[key] for key in ("privatelink_region", "privatelink_public_addresses")}
    hosts = {name: {**everywhere, **known} for name, known in written["agent_vpcs"]["hosts"].items()}
    lab_env = {key: value for key, value in lab.env.items() if not key.startswith(("AWS_", "ASTRO_"))}
    kept = ("AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    env = {
        **{key: lab_env[key] for key in ("ANSIBLE_CONNECTION_PLUGINS", "NO_PROXY", "no_proxy")},
        **{key: lab.env[key] for key in kept},  # no region: a controller gives none
        "ANSIBLE_COLLECTIONS_PATH": collections,
    }
    usual = controller.aws_credential(username="111111111111", **SECRETS)

    def start(
        playbook,
        *,
        part=None,
        check=False,
        apart=False,
        credential=None,
        astro=None,
        synchronised=None,
        said=None,
        **more,
    ):
        group_vars = {**group["variables"], **(said or {})}
        groups = {"agent_vpcs": {"vars": group_vars, "hosts": hosts}, "agent_hosts": written["agent_hosts"]}
        place = tmp_path / f"{playbook}-{part}-{check}"
        only = controller.dealt(groups, *part) if part else None
        spec = {
            "inventory": synchronised or {"vars": inventory["variables"], "groups": groups},
            "answers": {**answers, "survey_assume_role_arn": "", "survey_dns_layout": "suffix_zone", **more},
            "env": {**env, **(usual if credential is None else credential), **(astro or {})},
            "cmdline": "--check --diff" if check else "",
        }
        private = controller.private_data(place, clone, spec, only)
        path = f"playbooks/{playbook}.yml"
        if apart:
            return controller.run_apart(private, path, tmp_path / f"{playbook}-out")
        return controller.run(private, path)

    return start


HARDEN = {
    "survey_deployment_ids": f"{DEPLOYMENT}\n",
    "survey_exclusive": "no",
    "survey_agents_confirmed": "yes",
}


def astro_credential(lab):
    return controller.custom_credential(
        astro_type()["injectors"],
        api_token=lab.env["ASTRO_API_TOKEN"],
        organization_id=lab.env["ASTRO_ORGANIZATION_ID"],
        api_url=lab.env["ASTRO_API_URL"],
    )


class TestStory:
    """One lab, told from top to bottom."""

    def test_a_check_changes_nothing_and_hands_on_what_may_be_approved(self, lab, job):
        lab.reset_calls()
        done = job("setup", check=True)
        assert done.rc == 0, done.text
        assert "<endpoint of payments>" in done.text
        assert lab.calls()["mutating"] == 0
        assert set(done.handed_on) == {"setup_plan_digest"}
        assert done.handed_on["setup_plan_digest"] in done.text

    def test_before_there_are_links_harden_only_plans(self, lab, job):
        done = job("harden", check=True, apart=True, astro=astro_credential(lab), **HARDEN)
        assert done.rc == 0, done.text
        assert "setup has links to create first, so neither links nor agents were checked" in done.text

    def test_what_harden_refuses_is_told_to_notifications(self, lab, job):
        done = job("harden", astro=astro_credential(lab), said={"harden_watch_timeout": 0}, **HARDEN)
        assert done.rc == 2
        result = done.handed_on["privatelink_result"]
        assert (result["passed"], result["counts"]) == (False, {"vpcs": 3, "failed": 3})
        assert "No list was changed by this run." in result["problems"]
        assert result["text"].startswith("Failed: 3 VPCs.\nanalytics: LOCKDOWN_UNSAFE: ")

    def test_slices_at_once_do_not_meet_and_one_without_the_owner_of_its_link_says_so(self, lab, job):
        """Two slices make links of their own; the third has a VPC that would share the link of another slice's VPC."""
        with ThreadPoolExecutor() as pool:
            done = list(pool.map(lambda number: job("setup", part=(number, 3)), range(3)))
        lost, first, second = done  # analytics, payments, ledger
        assert lost.rc == 2
        assert (first.rc, second.rc) == (0, 0), first.text + second.text
        assert "names 'payments', which is not in the inventory, or not in this slice of it" in lost.text
        zones = lab.client("route53").list_hosted_zones()["HostedZones"]
        assert sorted(zone["Config"]["Comment"].split("(")[1] for zone in zones) == ["ledger)", "payments)"]

    def test_unsliced_the_rest_is_done(self, lab, job):
        lab.reset_calls()
        done = job("setup")
        assert done.rc == 0, done.text
        changes = {
            name: count
            for name, count in lab.calls()["by_action"].items()
            if not re.search(r":(Describe|List|Get)", name)
        }
        assert changes.get("route53:AssociateVPCWithHostedZone") == 1
        assert "ec2:CreateVpcEndpoint" not in changes

    def test_verify_on_another_node_hands_its_result_on_and_keeps_secrets(self, job):
        done = job("verify", apart=True)
        assert done.rc == 0, done.text
        assert set(done.handed_on) == {"privatelink_result"}
        verdicts = {name: vpc["verdict"] for name, vpc in done.handed_on["privatelink_result"]["vpcs"].items()}
        assert verdicts == dict.fromkeys(["analytics", "ledger", "payments"], "works")
        assert [secret for secret in SECRETS.values() if secret in done.kept] == []

    def test_verify_misses_agent_hosts_that_are_dealt_to_another_slice(self, job):
        vpcs, agents = (job("verify", part=(number, 2)) for number in range(2))
        assert vpcs.rc == 2
        assert vpcs.text.count("NO_AGENT_HOST: The inventory has no agent host") >= 3
        assert agents.rc == 2
        assert "the inventory has no host in the group agent_vpcs" in agents.text

    def test_drift_finds_none(self, job):
        done = job("drift")
        assert done.rc == 0, done.text
        assert set(done.handed_on) == {"privatelink_result"}
        assert done.handed_on["privatelink_result"]["passed"] is True

    def test_harden_as_a_check_takes_the_answers_and_keeps_the_token(self, lab, job):
        said = {"harden_watch_timeout": 3}
        done = job("harden", check=True, astro=astro_credential(lab), said=said, **HARDEN)
        assert done.rc == 0, done.text
        assert done.changed == {"Restrict traffic to the private endpoint"}
        assert done.handed_on == {}
        assert lab.env["ASTRO_API_TOKEN"] not in done.kept
        assert "  + 172.20.0.0/22" in done.text

    def test_teardown_as_a_check(self, lab, job):
        lab.reset_calls()
        done = job(
            "teardown", check=True, survey_deployment_unrestricted="yes", survey_accept_gap="yes", survey_unlock="no"
        )
        assert done.rc == 0, done.text
        assert lab.calls()["mutating"] == 0
        assert len(done.changed) == 2  # zones, endpoints


def test_an_inventory_that_was_synchronised_from_the_plugin(lab, job, project, tmp_path):
    """What the plugin finds is exported, kept by the controller, and handed to the job."""
    vpcs = [lab.record.vpcs[name].id for name in ("payments", "ledger")]
    lab.client("ec2").create_tags(Resources=vpcs, Tags=[{"Key": "astro.privatelink/agents", "Value": "true"}])
    source = tmp_path / "fleet.agent_vpcs.yml"
    source.write_text("{plugin: astro.privatelink.agent_vpcs, regions: [us-east-1], agent_cidrs: all}")
    env = {**environment(lab), "ANSIBLE_COLLECTIONS_PATH": project[1]}
    command = ["ansible-inventory", "-i", str(source), "--list", "--export"]
    found = json.loads(subprocess.run(command, env=env, capture_output=True, check=True, timeout=60).stdout)
    hostvars = found.pop("_meta")["hostvars"]
    done = job("setup", check=True, synchronised={**found, "_meta": {"hostvars": with_answers(hostvars)}})
    assert done.rc == 0, done.text
    assert "  ledger    + port 443 from 10.20.0.0/16" in done.text
    assert "  payments  + port 443 from 10.10.0.0/16" in done.text


def with_answers(hostvars):
    """The inventory's variables, which take up the survey's answers, are the controller's; here they are the hosts'."""
    common = {
        "privatelink_cluster_id": "{{ survey_cluster_id }}",
        "privatelink_service_name": "{{ survey_service_name }}",
    }
    return {name: {**common, **known} for name, known in hostvars.items()}


def test_without_a_credential_it_is_said_what_is_missing(job):
    done = job("setup", check=True, credential={})
    assert done.rc == 2
    assert "Provide credentials" in done.text


def test_what_the_inventory_says_of_vpcs_wins_over_answers(job):
    done = job(
        "setup", check=True, said={"privatelink_cluster_id": "clfrominventory"}, survey_cluster_id="clfromsurvey"
    )
    assert done.rc == 0, done.text
    assert "clfrominventory.external.astronomer.run" in done.text
    assert "clfromsurvey" not in done.text


def test_a_blank_answer_is_none(job):
    done = job("setup", check=True, survey_cluster_id="")
    assert done.rc == 2
    assert re.search(r'ledger, payments: privatelink_cluster_id \(in the survey: "[^"]+"\) is not set\.', done.text)


def test_an_account_id_that_was_taken_for_a_number_is_named(job):
    done = job("setup", check=True, privatelink_account_id="012345670123")
    assert done.rc == 2
    assert "an account id has twelve digits. Put quotes around it" in done.text


def test_hosts_are_dealt_to_slices_by_name():
    groups = {"agent_vpcs": {"hosts": {"c": {}, "a": {}}}, "agent_hosts": {"hosts": {"b": {}}}}
    assert controller.dealt(groups, 0, 2) == ["a", "c"]
    assert controller.dealt(groups, 1, 2) == ["b"]
