# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes an inventory of the agent VPCs and links to Astro that are there, whoever made them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible import constants

from ..module_utils._astro import api, info
from ..module_utils._aws.read_links import Reader
from ..module_utils._core.errors import InputError, ReadFailed
from ..module_utils._core.text import printable
from ..module_utils._inventory import draft, evidence, tags, written
from ..module_utils._inventory.found import Astro, Survey
from ..module_utils._roles import discover
from ..plugin_utils import _speak
from ..plugin_utils._astro import AstroStep


class ActionModule(AstroStep):
    role = "discover"
    of_fleet = False

    def take(self) -> dict[str, Any]:
        path = Path(os.path.realpath(os.path.expanduser(self.settings["path"])))
        if path.is_dir() or not path.parent.is_dir():
            raise InputError(
                f"discover_path is {path}, which cannot be written: set it to a file in a directory that exists."
            )
        asked = discover.asked(self.settings)
        survey = self._survey(asked)
        made = draft.draft(survey, asked)
        if not made.entries:
            raise InputError(discover.nothing(survey.asked))
        vpcs = discover.public(made)
        unread = [printable(note, 2000) for note in made.notes if note.startswith(draft.NOT_READ)]
        for note in unread:
            _speak.warn(note)
        self.say(discover.told(made, vpcs))
        result = {"path": str(path), "vpcs": vpcs, "unread": unread}
        return {**result, **self._written(path, written.text(made, path.name))}

    # --- what is there

    def _survey(self, asked: evidence.Asked) -> Survey:
        """All that was found. Raises ReadFailed where nothing could be read."""
        accounts = tags.accounts(self.settings["accounts"] or [], self.settings["regions"] or [], regions_needed=False)
        reader = Reader(sdk=self.sdk, directory=tempfile.mkdtemp(dir=constants.DEFAULT_LOCAL_TMP))
        places, unread = reader.places(accounts)
        found = reader.everything(places, lambda survey: evidence.wanted(survey, asked))
        if not found.asked:
            raise ReadFailed("\n".join([*unread, *found.unread]))
        if self.settings["kubernetes"]:
            found = reader.pods(places, found)
        found = reader.serving(places, found, evidence.unnamed(found, asked))
        astro, problems = self._astro()
        return Survey.merge([found, Survey(astro=astro, unread=(*unread, *problems))])

    def _astro(self) -> tuple[Astro | None, list[str]]:
        """What Astro has, if there is a token, and what is wrong with that."""
        if not (self.settings["api_token"] or self._around().get("ASTRO_API_TOKEN", "").strip()):
            return None, []
        try:
            return discover.astro(info.info(self.client(), [])[0]), []
        except api.AstroError as problem:
            return None, [f"Deployments of Astro: {problem}"]

    # --- the file

    def _written(self, path: Path, text: str) -> dict[str, Any]:
        """Writes the file, which replaces no other one unless that was asked for."""
        there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
        if there == text:
            return {"changed": False, "text": text}
        if there is not None and not self.settings["overwrite"]:
            remedy = "Set discover_path to another file, or discover_overwrite: true."
            text_ = f"{path} is there already and is not what would be written. {remedy}"
            return {"changed": False, "failed": True, "msg": text_, "text": text}
        if not self.check:
            _write(path, text, replace=there is not None)
        shown = {"before": there or "", "after": text, "before_header": str(path), "after_header": str(path)}
        return {"changed": True, "text": text, "diff": shown}


def _write(path: Path, text: str, *, replace: bool) -> None:
    """A file as a whole or not at all. Unless it is to ``replace`` one, it is never one that appeared meanwhile."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        if replace:
            os.replace(name, path)
        else:
            os.link(name, path)
    except FileExistsError as problem:
        raise InputError(f"{path} appeared meanwhile, and was not overwritten. Run this again.") from problem
    except OSError as problem:
        raise InputError(
            f"{path} cannot be written: {problem.strerror}. Set discover_path to another file."
        ) from problem
    finally:
        Path(name).unlink(missing_ok=True)
