# Copyright: Contributors to astro.privatelink
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a report's page looks, and the script of its filter. Colours and the picture's style also serve the documentation."""

from __future__ import annotations

import base64
import hashlib

COLOURS = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --page: #f6f7f9; --card: #fff; --line: #d9dee5;
  --works: #11703f; --works-soft: #e3f4ea; --failed: #c02b2b; --failed-soft: #fdeaea; --unverified: #8a6100;
  --unverified-soft: #fdf3d8; --astro: #5a3fc0; --astro-soft: #eeeafb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --page: #12161c; --card: #1a2028;
  --line: #313a46; --works: #5ecb91; --works-soft: #16301f; --failed: #ff8585; --failed-soft: #3a1c1e;
  --unverified: #e6bd5a; --unverified-soft: #33290f; --astro: #b3a1f5; --astro-soft: #262040; } }
"""

PICTURE = """
svg.picture { display: block; width: 100%; height: auto; font: 12.5px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .title { font-weight: 600; } svg .label { fill: var(--soft); }
svg .place { fill: none; stroke: var(--line); stroke-dasharray: 5 4; }
svg .box { fill: var(--card); stroke: var(--line); stroke-width: 1.5; } svg .way { fill: none; stroke-width: 2.5; }
svg .works { stroke: var(--works); } svg .failed { stroke: var(--failed); stroke-dasharray: 6 5; }
svg .box.failed { stroke-dasharray: none; } svg .unverified { stroke: var(--unverified); stroke-dasharray: 2 5; }
svg .box.unverified { stroke-dasharray: none; } svg .astro { stroke: var(--astro); fill: var(--astro-soft); }
svg .mark { stroke: none; } svg .mark.works { fill: var(--works); } svg .mark.failed { fill: var(--failed); }
svg .mark.unverified { fill: var(--unverified); }
"""

_PAGE = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, sans-serif; overflow-wrap: anywhere; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 1.15rem; margin: 36px 0 12px; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 4px 0; }
a { color: inherit; }
code, .code, td, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .86em; }
.soft { color: var(--soft); }
.banner { border-left: 6px solid var(--line); padding: 16px 20px; border-radius: 8px; background: var(--card); }
.banner.works { border-color: var(--works); } .banner.failed { border-color: var(--failed); }
.banner.unverified { border-color: var(--unverified); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; margin: 0 0 12px; }
.card.error { border-left: 4px solid var(--failed); } .card.warning { border-left: 4px solid var(--unverified); }
.card .card { background: var(--page); margin: 10px 0 0; padding: 10px 14px; }
.card .card .scroll, .card .card pre { background: var(--card); }
.pill { display: inline-block; border-radius: 99px; padding: 0 10px; font-size: .82rem; font-weight: 600;
  white-space: nowrap; }
.works.pill, td.works { color: var(--works); } .works.pill { background: var(--works-soft); }
.failed.pill, td.failed { color: var(--failed); } .failed.pill { background: var(--failed-soft); }
.unverified.pill, td.unverified { color: var(--unverified); } .unverified.pill { background: var(--unverified-soft); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: .8rem; color: var(--soft); font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td { min-width: 4.5em; }
td:first-child, td.works, td.failed, td.unverified { white-space: nowrap; }
pre { white-space: pre-wrap; background: var(--page); padding: 12px; border-radius: 6px; }
details > summary { cursor: pointer; }
details .scroll { margin-top: 10px; }
ul { margin: 6px 0; padding-left: 20px; }
[hidden] { display: none !important; }
label { display: block; margin: 0 0 12px; }
input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 6px 12px; width: 22em; max-width: 100%; }
.narrow { display: none; }
@media screen and (max-width: 720px) { .wide { display: none; } .narrow { display: block; }
  main { padding: 12px 10px 48px; } h1 { font-size: 1.3rem; } .card, .banner { padding: 12px; }
  table, tbody, tr { display: block; } thead { display: none; }
  tr { padding: 6px 0; border-bottom: 1px solid var(--line); } tr:last-child { border-bottom: 0; }
  tr > td:nth-child(n) { display: flow-root; border: 0; padding: 1px 12px 1px 10.5em; white-space: normal; }
  td::before { float: left; width: 9em; margin-left: -9.5em; color: var(--soft); font-family: system-ui, sans-serif; } }
@media print { body { background: #fff; font-size: 12px; } main { padding: 0; max-width: none; }
  .card, tr { break-inside: avoid; } .scroll { overflow: visible; } details > summary { list-style: none; } label { display: none; } }
"""

#: The heads of tables, by their class. On a phone each row is a block, and each cell has its head beside it.
HEADS = {
    "seen": ("VPC", "Verdict", "Agent host", "Name resolves to the link", "TCP", "TLS", "Astro's answer", "Agents"),
    "names": ("Resolver", "Answer", "TTL", "Seconds"),
    "reached": ("Address", "Network interface", "TCP", "TLS, certificate issuer", "HTTP", "Problem", "Seconds"),
    "changes": ("AWS request", "Number", "VPCs"),
}
_ASIDE = "".join(
    f'  .{name} td:nth-child({number})::before {{ content: "{head}"; }}\n'
    for name, heads in HEADS.items()
    for number, head in enumerate(heads, start=1)
)

STYLE = f"{COLOURS}{PICTURE}{_PAGE}@media screen and (max-width: 720px) {{\n{_ASIDE}}}\n"

#: Shows the VPCs whose text has all words of the filter. Without it everything can be read and unfolded just as well.
FILTER = """
const label = document.getElementById("filter"), box = label.querySelector("input"), count = label.querySelector("span");
const vpcs = [...document.querySelectorAll("details.vpc")], folds = [...document.querySelectorAll("details.fold")];
const opened = folds.map(fold => fold.open);
let texts;
box.addEventListener("input", () => {
  texts ??= vpcs.map(vpc => vpc.textContent.toLowerCase());
  const words = box.value.toLowerCase().split(" ").filter(word => word);
  vpcs.forEach((vpc, number) => { vpc.hidden = !words.every(word => texts[number].includes(word)); });
  folds.forEach((fold, number) => {
    fold.hidden = !fold.querySelector("details.vpc:not([hidden])");
    fold.open = words.length ? !fold.hidden : opened[number];
  });
  count.textContent = words.length ? ` ${vpcs.filter(vpc => !vpc.hidden).length} of ${vpcs.length} VPCs` : "";
});
label.hidden = false;
"""
#: What the page's Content-Security-Policy lets run: this script, and no other.
FILTER_HASH = f"sha256-{base64.b64encode(hashlib.sha256(FILTER.encode()).digest()).decode()}"
