# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes an inventory of the agent VPCs and links to Astro that are there, whoever made them."""

from __future__ import annotations

import tempfile
from typing import Any

from ansible import constants

from ..module_utils._astro import api, info
from ..module_utils._aws.read_links import Reader
from ..module_utils._core.errors import InputError, ReadFailed
from ..module_utils._core.text import printable
from ..module_utils._inventory import draft, evidence, tags, written
from ..module_utils._inventory.found import Astro, Survey
from ..module_utils._roles import discover
from ..plugin_utils import _new_file, _speak
from ..plugin_utils._astro import AstroStep


class ActionModule(AstroStep):
    role = "discover"
    of_fleet = False

    def take(self) -> dict[str, Any]:
        path = _new_file.place(self.settings["path"], "discover_path")
        asked = discover.asked(self.settings)
        survey = self._survey(asked)
        made = draft.draft(survey, asked)
        if not made.entries:
            raise InputError(discover.nothing(survey.asked, survey.unread))
        vpcs = discover.public(made)
        unread = [printable(note, 2000) for note in made.notes if note.startswith(draft.NOT_READ)]
        for note in unread:
            _speak.warn(note)
        self.say(discover.told(made, vpcs))
        text = written.text(made, self.settings["path"])
        try:
            done = _new_file.write(path, text, overwrite=self.settings["overwrite"], check=self.check)
        except InputError as problem:
            remedy = "Set discover_path to another file, or discover_overwrite: true to lose what is in it."
            done = {"changed": False, "failed": True, "msg": f"{problem} {remedy}"}
        return {"path": str(path), "text": text, "vpcs": vpcs, "unread": unread, **done}

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
