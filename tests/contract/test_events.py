"""The promises between rooms: every event has a sender, every receiver a handler, nothing else can arrive."""

import pytest

from scripts.docs_journey import SUBSCRIPTIONS
from services.referral_service.inbound import INBOUND
from shared.errors import SignatureInvalid
from shared.events import EVENTS, Event
from shared.rules import catalogue
from shared.web.app import take
from tests import journeys

EMITTED = {
    step.event
    for versions in catalogue.default().procedures.values()
    for procedure in versions
    for step in procedure.steps.values()
    if step.event
} | {
    f"{procedure.subject}.progressed"
    for versions in catalogue.default().procedures.values()
    for procedure in versions
    if procedure.parties
}


BELONGS = {
    "conference": "case",
    "measure": "case",
    "reconsideration": "referral",
    "supervision": "referral",
    "consultation": "referral",
    "operation": "case",
    "linkage": "case",
    "inspection": "clue",
    "task": "clue",
}
"""What the referral room sends under a name of its own."""


BESIDE_STEPS = {"case.facts_changed", "operation.found", "clue.of_operation"}
"""What is told without a step: changes of facts or evidence after another room was given them."""
STEPS = [name for name, event in EVENTS.items() if event.sender != "any" and name not in BESIDE_STEPS]


@pytest.mark.parametrize("name", STEPS)
def test_every_event_is_emitted_by_a_step_of_its_sender(name):
    assert name in EMITTED
    head = name.split(".")[0]
    assert EVENTS[name].sender == BELONGS.get(head, head)


@pytest.mark.parametrize("name", list(EVENTS))
def test_every_receiver_has_a_handler(name):
    for room in EVENTS[name].receivers:
        if room != "gateway":
            assert name in SUBSCRIPTIONS[room]


def test_nothing_is_subscribed_that_nobody_sends():
    for room, subscriptions in SUBSCRIPTIONS.items():
        for name in subscriptions:
            assert room in EVENTS[name].receivers, f"{room} takes {name}, which is not sent to it"


def test_both_ends_parse_the_events_of_a_whole_journey(desk):
    journeys.receipted_referral(desk)
    seen = {}
    for room in desk.rooms.values():
        with room.reading() as session:
            from sqlmodel import select

            from shared.records.deliveries import Delivery

            for row in session.exec(select(Delivery)):
                event = Event.model_validate_json(row.body)
                seen[event.type] = event
                if event.type in EVENTS:
                    EVENTS[event.type].payload.model_validate(event.data)
    assert {"clue.accepted", "case.opened", "case.referral_requested", "referral.sent", "notice.raised"} <= set(seen)


def test_an_event_of_another_kind_is_refused(desk):
    room = desk.rooms["clue"]
    event = Event.model_validate(
        {
            "specversion": "1.0",
            "id": "1",
            "source": "/rooms/case",
            "type": "case.invented",
            "subject": "case:1",
            "time": desk.clock.now,
            "journeyid": "018f0000-0000-7000-8000-000000000000",
            "data": {},
        }
    )
    with pytest.raises(SignatureInvalid):
        take(room, SUBSCRIPTIONS["clue"], event, b"{}")


def test_every_message_of_a_partner_names_a_step_of_the_police_or_procuratorate():
    for name, door in INBOUND.items():
        assert name.startswith("partner.")
        assert door.body.model_config["extra"] == "forbid"
        assert door.command.__doc__
