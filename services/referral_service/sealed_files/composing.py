"""Composing what goes out: an opening for a desk that does not know the subject yet, then each step in its order."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from services.referral_service.dossier.collecting import handed_over
from services.referral_service.sealed_files.messages import OPENED, STEP
from services.referral_service.sealed_files.models import SealedFile
from shared.clock import new_id
from shared.matters.models import Between
from shared.records import deadlines
from shared.records.db import Party
from shared.records.evidence import Manifest
from shared.records.journal import Entry
from shared.records.room import room_of

Said = dict[str, Any]
WATCHING = ("observer", "supervisor")
LEFT_OUT = {"version", "head", "created_at", "updated_at"}


class Composer:
    """Composes the rows of one subject's line to one desk; `last` is the newest row of the line."""

    def __init__(
        self, session: Session, subject: Between, desk: str, last: SealedFile | None, *, now: datetime
    ) -> None:
        self._session, self._subject, self._desk, self._now = session, subject, desk, now
        self._number, self._previous = (last.number or 0, last.message_id) if last else (0, "")
        self._sent: list[str] = list(last.content.get("sent", ())) if last else []
        self._known = last.manifest_digest if last else ""
        self._parties = _parties(session, subject)
        routes = room_of(session).settings.sealed_routes
        self._to = [agency for agency in _in_order(self._parties) if routes.get(agency) == desk]

    def opening(self, signer: str, newest: Entry) -> Said:
        """Return the row that opens the subject on the desk, as it stands now."""
        manifests = handed_over(self._session, self._subject)
        event = self._addressed()
        data = {
            "snapshot": self._subject.model_dump(mode="json", exclude=LEFT_OUT),
            "clocks": [_clock(self._session, clock) for clock in deadlines.open_clocks(self._session, self._subject)],
            "manifests": [{"digest": one.digest, "body": one.body} for one in manifests],
            "event": event["type"] if event else "",
            "told": event["data"] if event else {},
            "step": (event["step"] or "") if event else "",
        }
        return self._row(signer, OPENED, newest, data, manifests[0] if manifests else None)

    def step(self, signer: str, entry: Entry, *, with_evidence: bool, is_last: bool) -> Said:
        """Return the row of one step; where it handed something new over, with that.

        Who takes part now is told with the last step only: the ones before were taken by those who did then.
        """
        said = json.loads(entry.body)
        data = {"by": said["by"], "step": said["step"], "stated": said["data"], "at": said["at"]}
        manifest = self._manifest_at(entry) if with_evidence else None
        return self._row(signer, STEP, entry, data if is_last else data | {"parties": {}}, manifest)

    def _addressed(self) -> Said | None:
        """Return the newest entry that was addressed to an agency of the desk."""
        room, mine = room_of(self._session), set(self._to)
        procedure = room.catalogue.procedure_version(self._subject.procedure_id, self._subject.procedure_version)
        rows = select(Entry).where(Entry.subject == self._subject.ref).order_by(col(Entry.seq).desc())
        for row in self._session.exec(rows):
            said: Said = json.loads(row.body)
            step = procedure.steps.get(said["step"] or "")
            relations = step.to + step.copies if step else ()
            if mine & {agency for relation in relations for agency in self._parties.get(relation, ())}:
                return said
        return None

    def _manifest_at(self, entry: Entry) -> Manifest | None:
        """Return the manifest an entry handed over, when the desk does not have it yet."""
        found = [one for one in handed_over(self._session, self._subject) if one.frozen_at <= entry.at]
        return found[0] if found and found[0].digest != self._known else None

    def _row(self, signer: str, type_: str, entry: Entry, data: Mapping[str, Any], manifest: Manifest | None) -> Said:
        """Return a row, and go on in the line."""
        items = [one["item"] for one in json.loads(manifest.body)["items"]] if manifest else []
        message = self._message(signer, type_, entry, self._carried(entry, manifest, items) | dict(data))
        previous, without = self._previous, list(self._sent)
        self._sent += [item for item in items if item not in self._sent]
        self._number, self._previous = self._number + 1, message["id"]
        self._known = manifest.digest if manifest else self._known
        row = SealedFile(
            id=new_id(self._now),
            direction="out",
            desk=self._desk,
            file=f"{message['id']}.zip",
            subject=self._subject.ref,
            number=self._number,
            previous=previous,
            message_id=message["id"],
            type=type_,
            seq=entry.seq,
            manifest_digest=self._known,
            content={"message": message, "signer": signer, "without": without, "sent": list(self._sent)},
            state="pending",
            since=self._now,
        )
        return row.model_dump()

    def _carried(self, entry: Entry, manifest: Manifest | None, items: Sequence[str]) -> Said:
        return {
            "line": {"number": self._number + 1, "previous": self._previous},
            "to": self._to,
            "seq": entry.seq,
            "head": entry.hash,
            "manifest_digest": manifest.digest if manifest else "",
            "sent_before": [item for item in items if item in self._sent],
            "parties": self._parties,
        }

    def _message(self, signer: str, type_: str, entry: Entry, data: Said) -> Said:
        return {
            "specversion": "1.0",
            "id": str(entry.id),
            "source": f"/desks/{signer}",
            "type": type_,
            "subject": self._subject.ref,
            "time": entry.at.isoformat(),
            "datacontenttype": "application/json",
            "journeyid": str(self._subject.journey_id),
            "recipients": ",".join(self._to),
            "data": data,
        }


def _in_order(parties: Mapping[str, Sequence[str]]) -> list[str]:
    """Return those who take part, each once: who acts before who only watches."""
    ranked = sorted(parties, key=lambda relation: (relation in WATCHING, relation != "receiver", relation))
    return list(dict.fromkeys(agency for relation in ranked for agency in parties[relation]))


def _parties(session: Session, subject: Between) -> dict[str, list[str]]:
    rows = session.exec(select(Party).where(Party.kind == subject.kind, Party.subject_id == subject.id)).all()
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda one: (one.relation, one.agency)):
        found.setdefault(row.relation, []).append(row.agency)
    return found


def _clock(session: Session, clock: deadlines.Deadline) -> Said:
    pauses, extensions = deadlines.ledger(session, clock.id)
    term = room_of(session).catalogue.term(clock.term_id, on=clock.term_on)
    awaits = json.loads(clock.awaits)
    return {
        "term": clock.term_id,
        "started_at": clock.started_at.isoformat(),
        "party": clock.party,
        "done": [part for part in term.stops_on if awaits and part not in awaits],
        "pauses": [
            {
                "from_on": one.from_on.isoformat(),
                "to_on": one.to_on.isoformat() if one.to_on else None,
                "ground": one.ground,
            }
            for one in pauses
        ],
        "extensions": [
            {"amount": one.amount, "unit": one.unit, "ground": one.ground, "approved_by": one.approved_by}
            | {"to_total": one.to_total}
            for one in extensions
        ],
    }


def newest_of(rows: Sequence[SealedFile]) -> dict[tuple[str, str], SealedFile]:
    """Return the newest row of each line, by subject and desk."""
    found: dict[tuple[str, str], SealedFile] = {}
    for row in rows:
        known = found.get((row.subject, row.desk))
        if known is None or (row.number or 0) > (known.number or 0):
            found[row.subject, row.desk] = row
    return found
