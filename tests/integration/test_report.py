# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role report leaves behind, as a person, a program, a CI system and a browser find it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

import html5lib
import jsonschema
import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._report.document import document
from ansible_collections.astro.privatelink.plugins.module_utils._report.files import write
from astrolab.lab import Lab
from openmetrics import read
from reported import fleet
from running import Play, play, run_module

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
ALONE = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ALONE += ["--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"]
ALONE += ["--enable-logging=stderr", "--log-level=0"]
HOSTILE = "Jo <script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def directory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where verify is run: a lab with links, of which one has a dead zone, and a hostile text in the inventory."""
    directory = tmp_path_factory.mktemp("report")
    assert play(lab, directory, "setup").rc == 0
    hosts = {"payments": {"privatelink_agents_confirmed": HOSTILE}}
    (directory / "more.yml").write_text(json.dumps({"agent_vpcs": {"hosts": hosts}}))
    wanted = [{"Name": "interface-type", "Values": ["vpc_endpoint"]}]
    interfaces = lab.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    ledgers = sorted(i["PrivateIpAddress"] for i in interfaces if i["VpcId"] == lab.record.vpcs["ledger"].id)
    lab.fault("address", ledgers[0], "dead")
    return directory


def verify(lab: Lab, directory: Path, *more: str, **env: str) -> Play:
    return play(lab, directory, "verify", "-i", str(directory / "more.yml"), "-e", "verify_timeout=1", *more, **env)


def of_task(done: Play, name: str) -> list[dict[str, Any]]:
    return [r["result"] for r in done.results if name in r["task"] and r["status"] != "skipped"]


def test_check_mode_writes_nothing_and_hands_nothing_on(lab: Lab, directory: Path) -> None:
    done = verify(lab, directory, "--check")
    assert done.rc == 0, done.text
    assert not done.changed
    assert not (directory / "privatelink-report").exists()
    (written,) = of_task(done, "Write the report")
    assert written["files"] == []
    assert "ansible_stats" not in written


class Hook:
    """A webhook that remembers what it got."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.server = make_server("127.0.0.1", 0, self.take)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.got.append(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        start_response("200 OK", [])
        return [b""]

    def env(self, path: str = "secret", **more: str) -> dict[str, str]:
        enabled = {"ANSIBLE_CALLBACKS_ENABLED": "results,astro.privatelink.webhook"}
        return {**enabled, "PRIVATELINK_WEBHOOK_URL": f"http://127.0.0.1:{self.server.server_port}/{path}", **more}


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    found = Hook()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def done(lab: Lab, directory: Path, hook: Hook) -> Play:
    lab.client("s3").create_bucket(Bucket="reports")
    return verify(lab, directory, "-e", "report_bucket=reports report_bucket_region=us-east-1", **hook.env())


@pytest.fixture(scope="module")
def files(done: Play, directory: Path) -> Path:
    assert set(done.failed) == {"ledger"}, done.text
    return directory / "privatelink-report"


def test_the_report_is_written_where_the_command_was_given_although_a_vpc_failed(files: Path) -> None:
    report = json.loads((files / "report.json").read_text())
    jsonschema.validate(report, SCHEMA)
    assert {vpc["name"]: vpc["verdict"] for vpc in report["vpcs"]} == {
        "payments": "works",
        "ledger": "failed",
        "analytics": "works",
    }
    suites = {suite.get("name"): suite for suite in ET.parse(files / "junit.xml").getroot()}
    assert [case.get("message") for case in suites["ledger"].iter("failure")] == ["TCP_TIMEOUT_ONE_AZ"]
    gauges = read((files / "report.prom").read_text())
    up = {labels["vpc"]: value for labels, value in gauges["privatelink_vpc_up"]}
    assert up == {"payments": 1, "ledger": 0, "analytics": 1}
    dead = [labels for labels, value in gauges["privatelink_probe_up"] if not value]
    assert [each["agent"] for each in dead] == ["ledger-agent"]
    shown = gauges["privatelink_certificate_expiry_timestamp_seconds"]
    assert dead[0]["address"] not in {labels["address"] for labels, _expires in shown}
    assert all(expires > time.time() for _labels, expires in shown)


def test_the_page_opens_by_the_link_that_is_shown(done: Play, files: Path, lab: Lab) -> None:
    (one,) = of_task(done, "Write the report")
    assert one["page"].startswith("http://")
    assert one["page"] in done.text
    with urllib.request.urlopen(one["page"], timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.read().decode() == (files / "report.html").read_text()
    keys = [each["Key"] for each in lab.client("s3").list_objects_v2(Bucket="reports")["Contents"]]
    assert {key.rpartition("/")[2] for key in keys} == {"report.html", "report.json", "junit.xml", "report.prom"}
    assert len({key.rpartition("/")[0] for key in keys}) == 1


def test_the_result_for_the_jobs_that_follow(done: Play) -> None:
    (one,) = of_task(done, "Write the report")
    handed = one["ansible_stats"]["data"]
    assert set(handed) == {"privatelink_result"}
    result = handed["privatelink_result"]
    assert result["vpcs"]["ledger"]["findings"] == ["TCP_TIMEOUT_ONE_AZ"]
    assert result["counts"] == {"vpcs": 3, "failed": 1, "works": 2}
    assert result["page"] == one["page"]


def test_a_webhook_gets_verdict_counts_remedies_and_the_page(done: Play, hook: Hook) -> None:
    body = hook.got[0]
    assert set(body) == {"playbook", "text", "result"}
    (first, second, *_more), last = body["text"].splitlines(), body["text"].splitlines()[-1]
    assert first == "verify: Failed: 1 of 3 VPCs failed, 2 reach Astro over PrivateLink."
    assert second.startswith("ledger: TCP_TIMEOUT_ONE_AZ: ")
    assert last == f"The report: {body['result']['page']}"
    assert "/secret" not in done.text


@pytest.fixture(scope="module")
def again(lab: Lab, directory: Path, files: Path, hook: Hook) -> tuple[str, Play]:
    """As a job of a controller, with a bucket that is not there, and a webhook that takes nothing. With it the time before."""
    before = json.loads((files / "report.json").read_text())["at"]
    hook.server.set_app(refuse)
    more = "report_bucket=nosuch report_bucket_region=us-east-1 awx_job_id=42"
    return before, verify(lab, directory, "-e", more, **hook.env(PRIVATELINK_WEBHOOK_FORM="text"))


def refuse(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("500 Internal Server Error", [])
    return [b""]


def test_a_second_look_renews_the_time_and_changes_nothing(again: tuple[str, Play], files: Path) -> None:
    before, done = again
    assert not of_task(done, "Write the report")[0]["changed"]
    assert json.loads((files / "report.json").read_text())["at"] > before


def test_no_place_is_named_where_the_page_is_not(again: tuple[str, Play]) -> None:
    _before, done = again
    text = " ".join(done.text.split())
    assert "The report was not put into the bucket: s3://nosuch/privatelink-report/" in text
    assert "Allow s3:PutObject and s3:GetObject for it" in text
    assert "The page is removed with the job: to keep it, set report_bucket" in text
    assert "The report: " not in text
    assert of_task(done, "Write the report")[0]["page"] == ""


def test_a_webhook_that_takes_nothing_is_named_without_its_address(again: tuple[str, Play]) -> None:
    _before, done = again
    assert set(done.failed) == {"ledger"}
    assert "The webhook of PRIVATELINK_WEBHOOK_URL did not take the result: 500" in " ".join(done.text.split())
    assert "/secret" not in done.text


def test_a_place_that_cannot_be_is_said_before_anything_is_done(lab: Lab, tmp_path: Path) -> None:
    done = play(lab, tmp_path, "preflight", "-e", "report_bucket=s3://reports")
    assert done.rc == 2
    (text,) = done.failed.values()
    assert "without s3://" in text
    (told,) = of_task(done, "Hand on what came of the play")
    assert "without s3://" in told["ansible_stats"]["data"]["privatelink_result"]["text"]


def test_the_page_shows_hostile_text_as_it_is(files: Path) -> None:
    text = (files / "report.html").read_text()
    html5lib.HTMLParser(strict=True).parse(text)
    assert "Jo &lt;script&gt;alert(1)&lt;/script&gt;[U+202E]" in text


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
def test_a_browser_shows_the_page_without_complaint(files: Path, tmp_path: Path) -> None:
    """It would complain of what the page's Content-Security-Policy forbids: scripts but for the filter's, and anything from elsewhere."""
    argv = [str(BROWSER), *ALONE, f"--user-data-dir={tmp_path}", "--dump-dom", (files / "report.html").as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert "2 of 3 VPCs reach Astro over PrivateLink" in done.stdout
    assert "<script" not in done.stdout
    assert "CONSOLE" not in done.stderr


#: Shows a page on a phone, filters it, and says what came of it.
PHONE = """<!doctype html><iframe src="{page}" style="border:0; width:360px; height:800px"></iframe><pre></pre><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const shown = () => [...page.querySelectorAll("details.vpc")].filter(vpc => vpc.checkVisibility()).length;
  const wide = [root, ...page.querySelectorAll(".scroll")].filter(each => each.scrollWidth > each.clientWidth).length;
  const seen = {{wide: wide, high: root.scrollHeight, before: shown()}};
  const box = page.querySelector("input");
  const filter = text => {{ box.value = text; box.dispatchEvent(new Event("input")); return shown(); }};
  seen.usable = box.checkVisibility();
  seen.filtered = filter("Works WEST-2 111111111112");
  seen.finding = filter("TCP_TIMEOUT_ONE_AZ");
  seen.none = filter("no such thing");
  seen.after = filter("");
  document.querySelector("pre").textContent = JSON.stringify(seen);
}};
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
def test_a_large_fleet_on_a_phone_and_through_the_filter(tmp_path: Path) -> None:
    report = document(fleet(40, bad=9, accounts=2))
    write(report, tmp_path, "2026-11-22T12:00:00Z")
    (tmp_path / "phone.html").write_text(PHONE.format(page="report.html"))
    # Chromium takes files for foreign to each other; here the one looks into the other.
    argv = [str(BROWSER), *ALONE, "--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}"]
    argv += ["--dump-dom", (tmp_path / "phone.html").as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in done.stderr
    seen = json.loads(html5lib.parse(done.stdout, namespaceHTMLElements=False).findtext(".//pre"))
    there = [vpc for vpc in report["vpcs"] if vpc["verdict"] == "works" and vpc["region"] == "us-west-2"]
    assert seen == {
        "wide": 0,  # nothing scrolls sideways
        "high": seen["high"],
        "before": 9,
        "usable": True,
        "filtered": sum(vpc["account_id"] == "111111111112" for vpc in there),
        "finding": 5,
        "none": 0,
        "after": 9,
    }
    assert seen["high"] < 20_000


def test_what_counts_as_a_change(lab: Lab, files: Path, tmp_path: Path) -> None:
    report = json.loads((files / "report.json").read_text())

    def written(**more: Any) -> bool:
        return bool(run_module(lab, "report", report=report, directory=str(tmp_path / "new"), **more)["changed"])

    assert (written(check=True), written(), written(), written(check=True)) == (True, True, False, False)
    (tmp_path / "new" / "junit.xml").unlink()
    assert (written(), written()) == (True, False)
    (tmp_path / "new" / "report.json").write_text("no JSON")
    assert (written(), written()) == (True, False)
    report["vpcs"][0]["verdict"] = "failed"
    assert (written(), written()) == (True, False)
