# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program goes into a container over stdin and answers: commands, bytes, and what they mean. The commands are run here."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest
from ansible_collections.astro.privatelink.plugins.module_utils._kube import script
from ansible_collections.astro.privatelink.plugins.module_utils._probe import bundle

ECHO = "def answer(given):\n    return {'got': given}\n"


def run(command, program, **more):
    """What a command writes, if the end of stdin does not arrive before it has ended."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **{"bufsize": 0, **more}
    )
    with contextlib.suppress(BrokenPipeError):  # a command that finds no Python ends without reading it
        process.stdin.write(program)
    try:
        process.wait(timeout=60)
    finally:
        process.kill()
    code = process.returncode
    status = {"status": "Success"}
    if code:
        causes = [{"reason": "ExitCode", "message": str(code)}]
        status = {"status": "Failure", "message": f"exit code {code}", "details": {"causes": causes}}
    return script.Ended(stdout=process.stdout.read(), stderr=process.stderr.read(), status=json.dumps(status).encode())


def python_in(folder, name="python3", version=(3, 11)):
    """A Python that says it is of that version."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    old = 'case "$2" in *version_info*) exit 1;; esac\n' if version < (3, 8) else ""
    file.write_text(f'#!/bin/sh\n{old}exec "{sys.executable}" "$@"\n')
    file.chmod(0o755)
    return file


def with_path(*folders, **more):
    return {"PATH": ":".join(map(str, folders)), **more}


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """An image in which Python is nowhere but on PATH and below $VIRTUAL_ENV, and that has a sh."""
    monkeypatch.setattr(script, "_SEARCH", script._SEARCH.replace("/usr/", "/nowhere/").replace("/opt/", "/nowhere/"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    return tmp_path


def search(program):
    return ["/bin/sh", *script.commands(len(program))[0][1:]]


def test_the_program_is_read_by_its_exact_length_and_the_rest_is_left():
    program = script.program(ECHO, {"host": "a\"'\n\\\u00e9"})
    ended = run(search(program), program + b"nobody reads this")
    assert ended.answer == {"got": {"host": "a\"'\n\\\u00e9"}}
    assert ended.code == 0


def test_python_on_the_path_comes_first(bare):
    python_in(bare / "bin")
    program = script.program(ECHO + "import os\n", {})
    assert run(search(program), program, env=with_path(bare / "bin")).answer == {"got": {}}


def test_one_that_is_too_old_is_passed_over(bare):
    python_in(bare / "old", version=(3, 6))
    python_in(bare / "venv" / "bin")
    program = script.program(ECHO, {})
    environment = with_path(bare / "old", VIRTUAL_ENV=str(bare / "venv"))
    assert run(search(program), program, env=environment).answer == {"got": {}}


def test_none_at_all_is_said(bare):
    python_in(bare / "old", version=(3, 6))
    program = script.program(ECHO, {})
    ended = run(search(program), program, env=with_path(bare / "old"))
    assert ended.no_python
    assert not ended.cannot_start
    assert ended.answer is None
    assert ended.said == "astro.privatelink finds no Python 3.8 or newer"


def test_a_python_that_is_named_is_the_only_one():
    assert [command[0] for command in script.commands(7, "/srv/python")] == ["/srv/python"]


def test_without_sh_python_is_called_by_its_name():
    program = script.program(ECHO, {"a": 1})
    names = [command[0] for command in script.commands(len(program))]
    assert names[:2] == ["sh", "python3"]
    assert all(name.startswith("/") for name in names[4:])
    direct = script.commands(len(program))[1]
    assert run([sys.executable, *direct[1:]], program).answer == {"got": {"a": 1}}


def test_modules_where_the_container_starts_are_not_taken(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')\n")
    program = script.program(ECHO, {})
    assert run(search(program), program, cwd=tmp_path).answer == {"got": {}}


def test_the_probe_itself_answers_so():
    given = {
        "vpc": "v",
        "host": "nowhere.invalid",
        "expected": ["127.0.0.1"],
        "timeout": 0.5,
        "resolve": False,
        "port": 9,
    }
    program = script.program(bundle.probe("streamed", "of a test"), given)
    answer = run(search(program), program).answer
    assert answer["addresses"][0]["address"] == "127.0.0.1"
    assert answer["addresses"][0]["problem"].startswith("TCP_")
    assert answer["place"]["hostname"] == os.uname().nodename


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of its own needs root")
def test_nothing_is_written():
    program = script.program(bundle.probe("streamed", "of a test"), {"vpc": "v", "host": "x.invalid", "expected": []})
    only_read = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount -o remount,ro,bind / && ! touch /tmp/x 2>/dev/null && exec "$@"',
        "-",
    ]
    probed = subprocess.run([*only_read, "true"], capture_output=True, check=False)
    if probed.returncode:
        pytest.skip(f"no file system that is read only: {probed.stderr!r}")
    assert run([*only_read, *search(program)], program).answer["names"]["problem"]


def ended(stdout=b"", stderr=b"", **status):
    return script.Ended(stdout=stdout, stderr=stderr, status=json.dumps(status).encode())


def exit_code(text):
    return {"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": text}]}}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"status": "Success"}, 0),
        (exit_code("7"), 7),
        (exit_code("seven"), None),
        (exit_code("9" * 400), None),
        ({"status": "Failure", "message": "gone"}, None),
        ({"status": "Failure", "details": None}, None),
        ({"status": "Failure", "details": {"causes": [None, {"reason": "Other"}]}}, None),
    ],
)
def test_exit_codes(status, code):
    assert ended(**status).code == code


@pytest.mark.parametrize("status", [b"", b"no json", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_a_status_of_another_form_says_nothing(status):
    found = script.Ended(status=status)
    assert (found.code, found.said, found.cannot_start) == (None, "it says nothing", False)


@pytest.mark.parametrize(
    ("found", "cannot"),
    [
        (ended(status="Failure", message='exec: "sh": executable file not found in $PATH'), True),
        (ended(status="Failure", message="stat /usr/bin/python3: no such file or directory"), True),
        (ended(**exit_code("127")), True),
        (ended(**exit_code("126")), True),
        (ended(stderr=b"OCI runtime exec failed: not found", **exit_code("1")), True),
        (ended(stderr=b"Traceback\nValueError: x", **exit_code("1")), False),
        (ended(stdout=b"hello", **exit_code("127")), False),
        (ended(status="Success"), False),
    ],
)
def test_whether_there_is_such_a_command(found, cannot):
    assert found.cannot_start == cannot


MARKED = script.MARK.encode()


@pytest.mark.parametrize(
    ("stdout", "answer"),
    [
        (MARKED + b'{"a": 1}\n', {"a": 1}),
        (b"welcome!\n" + MARKED + b'{"a": 1}\nbye\n', {"a": 1}),
        (MARKED + b'{"a": 1}\n' + MARKED + b'{"a": 2}\n', {"a": 2}),
        (MARKED + b"[1]\n", None),
        (MARKED + b"{", None),
        (b'{"a": 1}\n', None),
        (b"\xff\xfe", None),
        (b"", None),
    ],
)
def test_the_answer_is_what_stands_behind_the_mark(stdout, answer):
    assert script.Ended(stdout=stdout).answer == answer


def test_what_is_said_is_fit_to_show():
    assert ended(stderr=b"first\n\x1b]0;title\x07last\n").said == "]0;titlelast"
    assert len(ended(stderr=b"x" * 100_000).said) == 500


@pytest.mark.parametrize("answer", ["", "{{ 1 }}", "[" * 100_000, "[]"])
def test_what_is_behind_the_mark_and_no_object_is_no_answer(answer):
    assert ended(stdout=f"{script.MARK}{answer}\n".encode(), status="Success").answer is None
