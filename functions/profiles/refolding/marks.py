"""Marks: from a mark to its swap, whoever writes the profile also keeps in its journal what they fold into it.

So the log as of any time after the mark and the journal together lack nothing that the profile counts, and nobody waits
for anybody.
"""

from collections.abc import Iterable, Mapping
from uuid import uuid4

from shared.errors import ConflictError
from shared.profiles.journal import COLLECTION as JOURNALS
from shared.profiles.record import COLLECTION, STANDING, unpack
from shared.profiles.standing import Standing, encode_standing
from shared.settings import Settings
from shared.stores.ports import Document, Documents, Write

Marks = Mapping[str, str]
"""Person → the id of their journal; who has no document has none."""


async def mark(documents: Documents, people: Iterable[str], settings: Settings) -> Marks:
    """Begin a journal for each of these profiles. One that is under way already serves as well."""
    marks: dict[str, str] = {}
    waiting = sorted(people)
    while waiting:
        found = await documents.get_many(COLLECTION, waiting)
        for person, document in found.items():
            standing = unpack(document, settings).standing
            if standing.journal or await _put(documents, person, document, standing, uuid4().hex):
                marks[person] = standing.journal
        waiting = [person for person in found if person not in marks]
    return marks


async def unmark(documents: Documents, marks: Marks, settings: Settings) -> None:
    """End these journals without a swap."""
    waiting = sorted(marks)
    while waiting:
        # Profiles before journals: a profile that is still at its version when it is written has no newer journal.
        profiles = await documents.get_many(COLLECTION, waiting)
        journals = await documents.get_many(JOURNALS, waiting)
        left = []
        for person, document in profiles.items():
            standing = unpack(document, settings).standing
            ours = standing.journal == marks[person]
            if ours and not await _put(documents, person, document, standing, "", endings(journals, [person])):
                left.append(person)
        waiting = left


async def _put(
    documents: Documents,
    person: str,
    document: Document,
    standing: Standing,
    journal_id: str,
    more: Iterable[Write] = (),
) -> bool:
    """Write the profile with this journal; False if somebody else wrote it since it was read."""
    standing.journal = journal_id
    fields = {**document.fields, STANDING: encode_standing(standing)}
    try:
        await documents.put_all([Write(COLLECTION, person, fields, document.version), *more])
    except ConflictError:
        return False
    return True


def endings(journals: Mapping[str, Document], people: Iterable[str]) -> list[Write]:
    """The writes that delete these people's journals, as far as they have one."""
    return [Write(JOURNALS, person, None, journals[person].version) for person in people if person in journals]
