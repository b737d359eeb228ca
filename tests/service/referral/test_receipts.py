"""Typed receipts: issued at each stage, signed, bound to the manifest; false ones refused and journalled."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from shared.dossier.keys import PublicKey, Signer
from shared.dossier.statements import state
from shared.dossier.verifying import Verifier
from shared.events import Origin, envelope
from shared.records.journal import Entry, canonical
from shared.records.keyring import open_keyring
from shared.records.verifying import Stored, verify
from shared.signing import internal_key, sign
from tests import journeys
from tests.desk import Desk
from tests.journeys import OFFICER, POLICE, PROSECUTOR
from tests.service.referral.walking import STRANGERS, path

THEIRS = Signer("psb-320500", "ed25519-sha256", bytes(range(1, 33)))


@pytest.fixture
def sent(desk: Desk) -> Any:
    return journeys.sent_referral(desk)


def receipts(desk: Desk, referral: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(OFFICER, path(referral, "receipts"))["items"]
    return found


def body(desk: Desk, referral: Any, **changes: Any) -> dict[str, Any]:
    """The body of the police's receipt."""
    at = desk.clock.advance(hours=1).isoformat()
    said = {"receipt_number": "苏公受〔2026〕1号", "accepted_at": at, "manifest_digest": referral["sent_manifest"]}
    return said | changes


def refusals(desk: Desk, referral: Any) -> list[dict[str, Any]]:
    """What the chain of refusals says."""
    with desk.rooms["referral"].reading() as session:
        rows = session.exec(select(Entry).where(Entry.subject == f"refused:{referral['ref']}").order_by("seq")).all()
        assert verify(Stored(**row.model_dump(exclude={"id"}) | {"body": row.body.encode()}) for row in rows)[1] == []
    return [json.loads(row.body)["data"] for row in rows]


def test_each_stage_has_its_receipt(desk: Desk, sent: Any):
    assert desk.call(POLICE, "GET", path(sent, "dossier")).status_code == 200
    assert desk.call(POLICE, "GET", path(sent, "dossier")).status_code == 200
    desk.post(POLICE, path(sent, "receipt"), body(desk, sent))
    found = [(one["kind"], one["agency"], one["told"], one["number"]) for one in receipts(desk, sent)]
    assert found == [
        ("submitted", "eea-320500", "psb-320500", ""),
        ("delivered", "psb-320500", "eea-320500", ""),
        ("accepted", "psb-320500", "eea-320500", "苏公受〔2026〕1号"),
    ]
    assert {one["manifest_digest"] for one in receipts(desk, sent)} == {sent["sent_manifest"]}
    types = [entry["type"] for entry in desk.get(OFFICER, path(sent, "journal"))["items"]]
    assert [one for one in types if "receipt_" in one] == [
        "referral.receipt_submitted",
        "referral.receipt_delivered",
        "referral.receipt_accepted",
    ]


def test_a_case_that_is_given_back_is_refused(desk: Desk):
    referral = journeys.receipted_referral(desk)
    at = desk.clock.advance(hours=2).isoformat()
    desk.post(POLICE, path(referral, "return"), {"reasons": "不属本机关管辖", "confirmed_at": at})
    last = receipts(desk, referral)[-1]
    assert (last["kind"], last["agency"], last["reasons"]) == ("refused", "psb-320500", ["不属本机关管辖"])


def test_an_outsider_verifies_one_offline(desk: Desk, sent: Any, tmp_path: Path):
    (listed,) = receipts(desk, sent)
    answer = desk.call(PROSECUTOR, "GET", path(sent, f"receipts/{listed['id']}"))
    file = tmp_path / "receipt.json"
    file.write_bytes(answer.content)
    assert answer.content.decode() == listed["document"]
    keyring = open_keyring(desk.rooms["referral"].settings)
    (report,) = Verifier(keyring.trust()).verify(file)
    assert report.holds
    assert report.facts["manifest_digest"] == sent["sent_manifest"]
    assert desk.call(STRANGERS[0], "GET", path(sent, "receipts")).status_code == 404
    other = desk.call(OFFICER, "GET", path(sent, "receipts/00000000-0000-0000-0000-000000000000"))
    assert other.status_code == 404


def test_a_receipt_for_another_manifest(desk: Desk, sent: Any):
    before = desk.get(OFFICER, path(sent))
    refused = desk.post(POLICE, path(sent, "receipt"), body(desk, sent, manifest_digest="0" * 64), expect=409)
    assert refused["code"] == "step-refused"
    assert (refused["expected"], refused["given"]) == (sent["sent_manifest"], "0" * 64)
    assert desk.get(OFFICER, path(sent)) == before
    assert refusals(desk, sent) == [
        {"why": "bound to another manifest", "given": "0" * 64, "expected": sent["sent_manifest"]}
    ]
    assert len(receipts(desk, sent)) == 1


def told_delivered(desk: Desk, referral: Any, agency: str, digest: str) -> None:
    """What the gateway tells when a partner's machine has the message."""
    room = desk.rooms["referral"]
    said = {"agency": agency, "message_id": "m-1", "manifest_digest": digest}
    message_id = uuid4()
    origin = Origin("gateway", referral["ref"], UUID(referral["journey_id"]))
    body = canonical(envelope("message.delivered", said, origin, message_id=message_id, now=desk.clock.now)).encode()
    keys = [internal_key(room.settings.internal_secret)]
    headers = sign(body, message_id=str(message_id), now=desk.clock.now, keys=keys)
    answer = desk.clients["referral"].post("/internal/events", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


def test_a_message_a_partners_machine_took_is_delivered(desk: Desk, sent: Any):
    for agency, digest in (
        ("psb-320500", sent["sent_manifest"]),
        ("psb-320500", sent["sent_manifest"]),
        ("pro-320500", sent["sent_manifest"]),
        ("psb-320500", "0" * 64),
        ("psb-310000", sent["sent_manifest"]),
        ("eea-320500", sent["sent_manifest"]),
    ):
        told_delivered(desk, sent, agency, digest)
    found = [(one["kind"], one["agency"], one["told"]) for one in receipts(desk, sent)]
    assert found == [
        ("submitted", "eea-320500", "psb-320500"),
        ("delivered", "eea-320500", "psb-320500"),
        ("delivered", "eea-320500", "pro-320500"),
    ]


class TestSignedByThePartner:
    """The police sign with a key of their own, which this desk knows the public half of."""

    @pytest.fixture(autouse=True)
    def _known(self, desk: Desk) -> None:
        keyring = open_keyring(desk.rooms["referral"].settings)
        since = desk.clock.now - timedelta(days=1)
        keyring.believe([PublicKey(THEIRS.agency, THEIRS.suite, THEIRS.public, since)])

    def signed(self, desk: Desk, referral: Any, signer: Signer = THEIRS, **changes: Any) -> str:
        said = {
            "type": "receipt",
            "receipt": "accepted",
            "agency": "psb-320500",
            "told": "eea-320500",
            "subject": referral["ref"],
            "manifest_digest": referral["sent_manifest"],
            "message_id": "m-1",
            "at": desk.clock.now.isoformat(),
            "number": "苏公受〔2026〕1号",
        }
        return state(said | changes, signer, at=desk.clock.now).decode()

    def test_theirs_is_kept_and_none_is_made_for_them(self, desk: Desk, sent: Any):
        given = body(desk, sent)
        document = self.signed(desk, sent)
        answered = desk.post(POLICE, path(sent, "receipt"), given | {"signed_receipt": document})
        assert answered["state"] == "accepted"
        assert [one["document"] for one in receipts(desk, sent) if one["kind"] == "accepted"] == [document]

    def test_without_theirs_there_is_none(self, desk: Desk, sent: Any):
        desk.post(POLICE, path(sent, "receipt"), body(desk, sent))
        assert [one["kind"] for one in receipts(desk, sent)] == ["submitted"]

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"manifest_digest": "0" * 64}, 409, "step-refused"),
            ({"subject": "referral:other"}, 401, "signature-invalid"),
            ({"agency": "psb-320100"}, 401, "signature-invalid"),
            ({"signer": Signer("psb-320500", "ed25519-sha256", bytes(32))}, 401, "signature-invalid"),
            ({"receipt": "handed"}, 401, "signature-invalid"),
        ],
    )
    def test_a_false_one_changes_nothing(self, desk: Desk, sent: Any, changes: Any, status: int, code: str):
        before = desk.get(OFFICER, path(sent))
        document = self.signed(desk, sent, **changes)
        given = body(desk, sent) | {"signed_receipt": document}
        assert desk.post(POLICE, path(sent, "receipt"), given, expect=status)["code"] == code
        assert desk.get(OFFICER, path(sent)) == before
        assert len(refusals(desk, sent)) == 1

    @pytest.mark.parametrize("text", ["", "{}", '{"body": 1}', "x" * 100])
    def test_what_is_no_receipt_at_all(self, desk: Desk, sent: Any, text: str):
        given = body(desk, sent) | {"signed_receipt": text}
        assert desk.post(POLICE, path(sent, "receipt"), given, expect=401)["code"] == "signature-invalid"
