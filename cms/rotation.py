"""``smib-cms secrets``: a key for passwords in the database, and another one later (issue 4, "Security").

Give the service NEW,OLD and start it again, rotate while it runs, and OLD can go. Rotating also seals what
was stored before there was a key.
"""

from __future__ import annotations

from collections.abc import Callable

from cms.actor import Act
from cms.audit import Draft
from cms.database import Database
from cms.errors import SettingError
from cms.keys import key_id, new_key
from cms.maintenance import at_store, operator, say
from cms.store.store import Store

CHUNK = 500


def make_key() -> bool:
    """Write a new key."""
    say(new_key())
    return True


def rotate(database: Database, interrupted: Callable[[], bool]) -> bool:
    """Seal every secret with the first key; False where it was interrupted: doing it again goes on.

    What the first key sealed already is left alone, so that nothing is done twice.
    """
    if not database.keys:
        wanted = "the key to seal with was wanted, before the one that was used until now: NEW,OLD"
        raise SettingError("CMS_SECRETS_KEY", None, wanted)
    name = key_id(database.keys[0])

    async def work(store: Store) -> bool:
        seen = changed = 0
        place: str | None = None
        while True:
            done = await store.renew_secrets(place, CHUNK)
            seen, changed, place = seen + done.seen, changed + done.changed, done.place
            if place is None:
                break
            say(f"sealing key={name} seen={seen} changed={changed}")
            if interrupted():
                say("interrupted: do it again to go on; until then both keys are wanted")
                return False
        facts = {"key": name, "seen": seen, "changed": changed}
        await store.record(Draft(Act(operator(), "secrets-rotated"), facts=facts))
        await store.forget_keys()
        say(f"sealed key={name} seen={seen} changed={changed}; no other key is wanted any more")
        return True

    return at_store(database, work)
