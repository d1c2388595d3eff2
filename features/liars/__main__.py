"""``python -m features.liars NAME`` starts a liar in the environment of the pair, alone it lists all."""

from __future__ import annotations

import sys

from features.liars import dead
from features.liars.catalogue import read_liars
from features.pair import cms, smib
from features.pair.console import log, say


def main(argv: list[str]) -> int:
    liars = read_liars()
    if len(argv) != 1 or argv[0] not in liars:
        for entry in liars.values():
            say(f"{entry.name:<28} {entry.side:<5} {entry.requirement:<9} {entry.sentence}")
        if argv:
            log("!", "usage", wanted="the name of a liar", seen=" ".join(argv))
        return 2 if argv else 0
    subject = liars[argv[0]].subject
    if issubclass(subject, dead.Corpse):
        return dead.run(subject)
    return cms.main(subject) if issubclass(subject, cms.Cms) else smib.main(subject)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
