"""Figures of ``compactmodels check`` for every library card, as the table of docs/check.md.

    python benchmarks/checks.py [CARD ...] [--rows FILE] [--write docs/check.md]

Run from the repository's root.  Each card is checked in a process of its own, as a user does;
``--rows`` keeps what was found and is read first, so that a run may be continued.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compactmodels.card import library

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def checked(card: str) -> dict[str, Any]:
    """The JSON of ``compactmodels check CARD``."""
    words = [sys.executable, "-P", "-m", "compactmodels", "check", card, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def cell(rows: list[dict[str, Any]]) -> str:
    """The worst figure of a check over its tools; what failed or was not run says so."""
    run = [r for r in rows if r["status"] in {"passed", "failed"}]
    if not run:
        return "-"
    failed = [r for r in run if r["status"] == "failed"]
    known = [r["figure"] for r in (failed or run) if r["figure"] is not None]
    figure = f"{max(known) + 0.0:.2g}" if known else "no result"
    return f"**{figure}**" if failed else figure


def table(found: dict[str, dict[str, Any]]) -> str:
    """One row for each check, one column for each card."""
    cards = list(found)
    names = list(dict.fromkeys(r["check"] for d in found.values() for r in d["checks"]))
    lines = [f"| check | limit | {' | '.join(cards)} |", f"|---|---|{'---|' * len(cards)}"]
    for name in names:
        own = {c: [r for r in d["checks"] if r["check"] == name] for c, d in found.items()}
        known = [r for rows in own.values() for r in rows if r["limit"] is not None]
        limit = f"{known[0]['limit']:g} {known[0]['unit']}".strip() if known else ""
        lines.append(f"| {name} | {limit} | {' | '.join(cell(rows) for rows in own.values())} |")
    counts = [f"{d['passed']} / {len(d['failed'])} / {len(d['not_run'])}" for d in found.values()]
    lines.append(f"| passed / failed / not run | | {' | '.join(counts)} |")
    took = [f"{d['seconds']:.0f}" for d in found.values()]
    lines.append(f"| seconds | | {' | '.join(took)} |")
    return "\n".join(lines)


def main() -> None:
    """Check, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cards", nargs="*", metavar="CARD")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    if options.rows and options.rows.exists():
        found = json.loads(options.rows.read_text(encoding="utf-8"))
    for card in options.cards or library():
        if card not in found:
            found[card] = checked(card)
            print(f"{card}: failed {found[card]['failed'] or 'none'}", file=sys.stderr)
        if options.rows:
            options.rows.write_text(json.dumps(found), encoding="utf-8")
    text = table(dict(sorted(found.items())))
    print(text)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        whole = re.sub(
            f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}\n{END}", page, flags=re.DOTALL
        )
        options.write.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
