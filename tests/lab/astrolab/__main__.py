# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: what people type, and what they read."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import commands, launch, shell
from .aws.fault_kinds import ALSO, Fault
from .aws.presets import PRESETS
from .faults import KINDS
from .home import Home, LabError, Record, homes
from .kube.wanted import ADMIN
from .shape import ShapeError, plain
from .topology import DEMO, load, with_profile


def up(arguments: argparse.Namespace) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started so far has to end too
    file = arguments.topology.resolve()
    topology = with_profile(load(file), arguments.profile)
    record = launch.up(Home.of(arguments.name), topology, file, arguments.mode)
    _describe(record)


def down(arguments: argparse.Namespace) -> None:
    launch.down(Home.of(arguments.name))
    print(f"The lab {arguments.name} is down.")


def status(arguments: argparse.Namespace) -> None:
    record = _record(arguments)
    if arguments.json:
        print(json.dumps(plain(record)))
        return
    _describe(record)
    others = [home.name for home in homes() if home.alive() and home.name != record.name]
    if others:
        print(f"Also up: {', '.join(others)}")


def env(arguments: argparse.Namespace) -> None:
    for name in shell.FORGOTTEN:
        print(f"unset {name}")
    for name, value in shell.exports(_record(arguments)).items():
        print(f"export {name}={shlex.quote(value)}")


def inventory(arguments: argparse.Namespace) -> None:
    _record(arguments)
    print(Home.of(arguments.name).inventory)


def execute(arguments: argparse.Namespace) -> int:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise LabError("There is no command to run: lab exec HOST -- COMMAND ...")
    return commands.run(_record(arguments), arguments.host, argv).returncode


def agent(arguments: argparse.Namespace) -> int:
    record = _record(arguments)
    more = [f"--every={arguments.every}", f"--times={arguments.times}"]
    if arguments.address:
        more.append(f"--address={arguments.address}")
    return commands.run(record, arguments.host, commands.agent(record, arguments.host, more)).returncode


def look(arguments: argparse.Namespace) -> None:
    seen = commands.look(_record(arguments), arguments.host, arguments.hostname)
    print(json.dumps(seen) if arguments.json else commands.told(arguments.host, seen))


def kubeconfig(arguments: argparse.Namespace) -> None:
    print(_record(arguments).kubeconfig(arguments.cluster, arguments.user))


def rollout(arguments: argparse.Namespace) -> None:
    for pod in commands.kube(_record(arguments), arguments.cluster, "rollout", deployment=arguments.deployment):
        print(pod)


def calls(arguments: argparse.Namespace) -> None:
    found = commands.calls(_record(arguments), reset=arguments.reset)
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{found['total']} calls, {found['mutating']} of them changes")
    for action, count in sorted(found["by_action"].items()):
        print(f"  {count:5} {action}")


def requests(arguments: argparse.Namespace) -> None:
    found = commands.requests(_record(arguments), reset=arguments.reset)
    if arguments.json:
        print(json.dumps(found))
        return
    for each in found:
        way = f"{each['path']} way through {each['endpoint'] or each['address']}"
        print(f"{each['source']} by the {way} in {each['vpc']}: {each['request']} for {each['name']}")


def fault(arguments: argparse.Namespace) -> None:
    seconds = getattr(arguments, "seconds", None)
    what = arguments.what if seconds is None else "slow"
    commands.fault(_record(arguments), arguments.kind, arguments.on, what, seconds or 0.0)


def aws_fault(arguments: argparse.Namespace) -> None:
    content = {}
    for pair in arguments.setting:
        key, equals, value = pair.partition("=")
        if not equals:
            raise LabError(f"{pair} is not of the form NAME=VALUE.")
        content[key] = _json_or_text(value)
    print(json.dumps(commands.aws_fault(_record(arguments), content)))


def heal(arguments: argparse.Namespace) -> None:
    commands.heal(_record(arguments), arguments.kinds)


def aws(arguments: argparse.Namespace) -> None:
    """The AWS double alone, without a network, until it is interrupted."""
    more = [f"--port={arguments.port}", f"--profile={arguments.profile}"]
    os.execv(sys.executable, [sys.executable, "-m", "astrolab.aws", *more])


def _record(arguments: argparse.Namespace) -> Record:
    return Home.of(arguments.name).record()


def _describe(record: Record) -> None:
    print(f"The lab {record.name} is up in {record.mode} mode. {launch.CANNOT_SHOW[record.mode]}")
    for reason in record.failed:
        print(f"A better mode does not work here: {reason}")
    print(f"AWS answers at {record.url}; the cluster is {record.cluster_host}.")
    names = {vpc.id: name for name, vpc in record.vpcs.items()}
    for host, facts in record.hosts.items():
        print(f"  {host}: {facts.address} in {names[facts.vpc]} ({facts.vpc})")
    for cluster, told in record.clusters.items():
        print(f"  cluster {cluster}: {told.server} in {names[told.vpc]} ({told.vpc})")


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="AWS and Astro on one machine, to try the collection on.")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=os.environ.get("LAB_NAME") or "default", help="which lab (default: $LAB_NAME)")
    said = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Any, text: str, within: Any = said) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = within.add_parser(name, parents=[named], help=text, description=text)
        made.set_defaults(act=act)
        return made

    starting = command("up", up, "start a lab")
    starting.add_argument("--topology", type=Path, default=DEMO, metavar="FILE", help="what is in it")
    starting.add_argument("--mode", default="auto", choices=["auto", *launch.PREFIXES])
    starting.add_argument("--profile", choices=list(PRESETS), help="how AWS behaves (default: as the topology says)")
    command("down", down, "end a lab and forget it")
    command("status", status, "what runs, and how").add_argument("--json", action="store_true")
    command("env", env, 'shell commands that point AWS clients at the lab: eval "$(lab env)"')
    command("inventory", inventory, "where the inventory is")
    running = command("exec", execute, "run a command on an agent host or in a pod")
    running.add_argument("host")
    running.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    calling = command("agent", agent, "an agent that calls its Deployment, and prints what it is answered")
    calling.add_argument("host")
    calling.add_argument("--every", type=float, default=1.0, metavar="SECONDS")
    calling.add_argument("--times", type=int, default=0, help="0 (default) is for ever")
    calling.add_argument("--address", help="go there, whatever the name says")
    looking = command("look", look, "what an agent sees of its cluster: names, TCP, TLS, HTTP")
    looking.add_argument("host")
    looking.add_argument("hostname", nargs="?", metavar="NAME", help="another name than the cluster's")
    looking.add_argument("--json", action="store_true")
    configuring = command("kubeconfig", kubeconfig, "where the kubeconfig of a cluster is")
    configuring.add_argument("cluster")
    configuring.add_argument("user", nargs="?", default=ADMIN, help=f"whose token is in it (default: {ADMIN})")
    rolling = command("rollout", rollout, "put other pods in the place of a cluster's agents")
    rolling.add_argument("cluster")
    rolling.add_argument("deployment", nargs="?", help="only those of this Deployment")
    for name, act, text in (
        ("calls", calls, "the calls that AWS was sent"),
        ("requests", requests, "what reached Astro, and by which way"),
    ):
        listing = command(name, act, text)
        listing.add_argument("--json", action="store_true")
        listing.add_argument("--reset", action="store_true", help="forget them after showing them")
    _faults(command, said)
    healing = command("heal", heal, "take faults back: all, or those of a kind")
    healing.add_argument("kinds", nargs="*", metavar="dns|tls|http|address|aws")
    text = "the AWS double alone, in the foreground"
    alone = said.add_parser("aws", help=text, description=text)
    alone.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 (default) takes a free one")
    alone.add_argument("--profile", choices=list(PRESETS), default="kind", help="how AWS behaves (default: kind)")
    alone.set_defaults(act=aws)
    return parser


def _faults(command: Any, said: Any) -> None:
    kinds = said.add_parser("fault", help="break something").add_subparsers(required=True, metavar="WHAT")
    for kind, on, text in (
        ("dns", "HOST_OR_VPC", "break a VPC's name servers"),
        ("tls", "VPC_OR_public", "break TLS on the private or on the public way"),
        ("http", "VPC_OR_public", "have something else than Astro answer on the private or on the public way"),
        ("address", "IP", "break one address"),
    ):
        breaking = command(kind, fault, text, kinds)
        breaking.add_argument("on", metavar=on)
        ways = breaking.add_mutually_exclusive_group(required=True)
        for each in KINDS[kind]:
            if each == "slow":
                ways.add_argument("--slow", dest="seconds", type=float, metavar="SECONDS")
            else:
                ways.add_argument(f"--{each.replace('_', '-')}", dest="what", action="store_const", const=each)
        breaking.set_defaults(kind=kind)
    refusing = command("aws", aws_fault, "have AWS refuse, delay or lose calls, or answer something else", kinds)
    refusing.epilog = (
        f"fault={'|'.join((*Fault, *ALSO))}, with code=, message=, status= (error), after=true (error, html: after the "
        "call took effect), seconds= (slow); action=PATTERN, account=, mutating=true, at=N, count=N say which calls."
    )
    refusing.add_argument("setting", nargs="+", metavar="NAME=VALUE")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return arguments.act(arguments) or 0
    except (LabError, ShapeError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
