# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make acceptance`: the whole story on AWS, or with AWS=lab on the lab. `make acceptance-clean`: takes leftovers away."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from recording.recorder import Recorder

from . import onlab, run
from .choices import Choices, Refused
from .cloud import Cloud
from .playing import ROOT, Player
from .story import Wrong
from .waiting import Pace, TooLong

RECORDINGS = ROOT / "tests/lab/recordings"
_FAILED, _REFUSED = 1, 2


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _do(arguments, environ)
    except Refused as error:
        print(f"Refused, nothing was made: {error}", file=sys.stderr, flush=True)
        return _REFUSED
    except (Wrong, TooLong, BotoCoreError, ClientError, KeyboardInterrupt) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return _FAILED
    return 0


def _do(arguments: list[str], environ: Mapping[str, str]) -> None:
    if arguments not in ([], ["clean"]):
        raise Refused(f"{' '.join(arguments)} is nothing to do here; there is only `clean`.")
    where = environ.get("AWS", "")
    if where not in ("", "real", "lab"):
        raise Refused(f"AWS is {where!r}; it is real or lab.")
    choices = Choices.of(environ)
    if arguments == ["clean"]:
        run.clean(Cloud(choices, _pace(environ)), _say)
    elif where == "lab":
        _on_the_lab(choices, environ)
    else:
        _on_aws(choices, environ)


def _on_aws(choices: Choices, environ: Mapping[str, str]) -> None:
    """What AWS answers is kept, for the double to be measured by; what stands in for it on this machine is no measure."""
    place = Path(tempfile.mkdtemp(prefix="acceptance-"))  # it stays, for whoever wants to know what the playbooks said
    directory = Path(environ.get("ACCEPT_RECORDINGS") or (place if _local(environ) else RECORDINGS))
    with Recorder(directory / f"acceptance-{choices.run}.jsonl") as recorder:
        cloud = Cloud(choices, _pace(environ), recorder.listen)
        try:
            run.whole(cloud, Player(place, environ), environ, _say)
        except Refused:
            recorder.file.unlink(missing_ok=True)
            place.rmdir()
            raise


def _on_the_lab(choices: Choices, environ: Mapping[str, str]) -> None:
    """Nothing costs anything, and its answers are no news: they are kept only where somebody wants them."""
    with ExitStack() as ending:
        lab = ending.enter_context(onlab.up(environ))
        os.environ.update(lab.env)
        place = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="acceptance-")))
        kept = Path(environ.get("ACCEPT_RECORDINGS") or place)
        recorder = ending.enter_context(Recorder(kept / f"acceptance-{choices.run}.jsonl"))
        cloud = Cloud(replace(choices, costs=True), onlab.PACE, recorder.listen)
        run.whole(cloud, Player(place, lab.env), lab.env, _say, lambda scene: onlab.ways(lab, cloud, scene))


def _pace(environ: Mapping[str, str]) -> Pace:
    return onlab.PACE if _local(environ) else Pace()


def _local(environ: Mapping[str, str]) -> bool:
    return "127.0.0.1" in environ.get("AWS_ENDPOINT_URL", "")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
