"""Notices over HTTP: the inbox and how each went out, channels, choices and mandates, words, calendar addresses."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from gateway.deps import AccessDep, ActingDep, LanguageDep, ReadDep, RoomDep, act
from gateway.exchange.models import NoticeView
from gateway.notices import calendars, channels, feed_routes, inbox, preferences, templates
from gateway.notices.calendars import FeedAddress, FeedView, NewFeed
from gateway.notices.channels import ChannelView, Failing, NewChannel, NewChannelView, Retry
from gateway.notices.inbox import ChannelStatus
from gateway.notices.preferences import Mandate, Preferences
from gateway.notices.templates import TemplateView, TemplateWords
from shared.web.paging import AfterQuery, LimitQuery, Page, before_id, cursor

own = APIRouter(prefix="/v1/notices", tags=["notices"])
settings = APIRouter(prefix="/v1", tags=["notice settings"])

AgencyPath = Annotated[str, Path(max_length=60, pattern=r"^[a-z0-9-]+$")]
AgencyQuery = Annotated[str | None, Query(max_length=60, description="An agency one administers; left out: oneself")]
TemplatePath = Annotated[str, Path(max_length=120, pattern=r"^(notice|ladder):[A-Za-z0-9_:-]+$")]


class SentAgain(BaseModel):
    """How many deliveries go out again."""

    count: int


@own.get("")
def list_notices(
    session: ReadDep,
    by: ActingDep,
    language: LanguageDep,
    after: AfterQuery = None,
    limit: LimitQuery = 50,
    *,
    unread: bool = False,
) -> Page[NoticeView]:
    """List one's own notices, newest first."""
    found = inbox.of_person(session, by=by, before=before_id(after), limit=limit + 1, unread=unread)
    onward = cursor(str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[inbox.view(notice, language) for notice in found[:limit]], next=onward)


@own.post("/{notice_id}/acknowledge")
def acknowledge(notice_id: UUID, room: RoomDep, by: ActingDep, language: LanguageDep) -> NoticeView:
    """Note that one has read a notice; nobody is asked about it any more."""
    found = act(room, lambda session, now: inbox.acknowledge(session, notice_id, by=by, now=now))
    return inbox.view(found, language)


@own.get("/{notice_id}/deliveries")
def list_deliveries(notice_id: UUID, session: ReadDep, by: ActingDep) -> list[ChannelStatus]:
    """Say how one's own notice went out: each channel, its state and its newest error."""
    return inbox.deliveries_of(session, notice_id, by=by)


@settings.get("/notice-preferences")
def read_preferences(session: ReadDep, by: ActingDep) -> Preferences:
    """Read one's own choice of channels, quiet hours and digest."""
    return preferences.chosen(session, preferences.own(session, by).id)


@settings.put("/notice-preferences")
def choose(body: Preferences, room: RoomDep, by: ActingDep) -> Preferences:
    """Choose channels by level in their order, quiet hours and the digest, within what one's agency asks."""
    return act(room, lambda session, now: preferences.choose(session, body, by=by, now=now))


@settings.get("/notice-channels")
def list_channels(session: ReadDep, by: ActingDep, agency: AgencyQuery = None) -> list[ChannelView]:
    """List one's own channels, or those of an agency one administers."""
    return [channels.view(row) for row in channels.listed(session, by=by, agency=agency)]


@settings.post("/notice-channels", status_code=201)
def add_channel(body: NewChannel, room: RoomDep, access: AccessDep, by: ActingDep) -> NewChannelView:
    """Add a bot or a webhook; its address is sealed, and the key of a webhook is shown this once."""
    row, key = act(room, lambda session, now: channels.add(session, body, access.seal, by=by, now=now))
    return NewChannelView(**channels.view(row).model_dump(), verification_key=key)


@settings.post("/notice-channels/{channel_id}/end")
def end_channel(channel_id: UUID, room: RoomDep, by: ActingDep) -> ChannelView:
    """Use a channel no more."""
    return channels.view(act(room, lambda session, now: channels.end(session, channel_id, by=by, now=now)))


@settings.get("/notice-failures")
def list_failures(session: ReadDep, by: ActingDep) -> list[Failing]:
    """List the channels on which notices do not arrive, in the agencies one administers."""
    return channels.failing(session, by=by)


@settings.post("/notice-failures/retry")
def retry(body: Retry, room: RoomDep, by: ActingDep) -> SentAgain:
    """Send again, in its order, what stopped on a channel whose cause was mended."""
    count = act(room, lambda session, now: channels.again(session, body.receiver, by=by, now=now))
    return SentAgain(count=count)


@settings.get("/notice-mandates/{agency}")
def read_mandate(agency: AgencyPath, session: ReadDep, by: ActingDep) -> Mandate:
    """Read what an agency asks of its people's choices; one's own, or one that one administers."""
    return preferences.mandate_of(session, agency, by=by)


@settings.put("/notice-mandates/{agency}")
def ask(agency: AgencyPath, body: Mandate, room: RoomDep, by: ActingDep) -> Mandate:
    """Say which channels urgent notices must use, and how far quiet hours and digest may go."""
    return act(room, lambda session, now: preferences.ask(session, agency, body, by=by, now=now))


@settings.get("/notice-templates/{agency}")
def list_templates(agency: AgencyPath, session: ReadDep, by: ActingDep) -> list[TemplateView]:
    """List the catalogue's notice texts with their places, and what the agency put instead."""
    return templates.listed(session, agency, by=by)


@settings.put("/notice-templates/{agency}/{template}")
def replace_template(
    agency: AgencyPath, template: TemplatePath, body: TemplateWords, room: RoomDep, by: ActingDep
) -> TemplateView:
    """Put the agency's own words in place of a notice text; only declared places may be named."""
    return act(room, lambda session, now: templates.replace(session, agency, template, body, by=by, now=now))


@settings.post("/notice-templates/{agency}/{template}/reset")
def reset_template(agency: AgencyPath, template: TemplatePath, room: RoomDep, by: ActingDep) -> TemplateView:
    """Go back to the catalogue's text."""
    return act(room, lambda session, now: templates.reset(session, agency, template, by=by, now=now))


@settings.get("/calendar-feeds")
def list_feeds(session: ReadDep, by: ActingDep, agency: AgencyQuery = None) -> list[FeedView]:
    """List one's own calendar addresses, or those of an agency one administers."""
    return [calendars.view(row) for row in calendars.listed(session, by=by, agency=agency)]


@settings.post("/calendar-feeds", status_code=201)
def add_feed(body: NewFeed, room: RoomDep, by: ActingDep) -> FeedAddress:
    """Make a private calendar address; it is shown this once."""
    row, token = act(room, lambda session, now: calendars.add(session, body.agency, by=by, now=now))
    return calendars.address(row, token, room.settings.gateway_url)


@settings.post("/calendar-feeds/{feed_id}/rotate")
def rotate_feed(feed_id: UUID, room: RoomDep, by: ActingDep) -> FeedAddress:
    """Renew a calendar address; the old one opens nothing from now on."""
    row, token = act(room, lambda session, now: calendars.rotate(session, feed_id, by=by, now=now))
    return calendars.address(row, token, room.settings.gateway_url)


@settings.post("/calendar-feeds/{feed_id}/end")
def end_feed(feed_id: UUID, room: RoomDep, by: ActingDep) -> FeedView:
    """Revoke a calendar address."""
    return calendars.view(act(room, lambda session, now: calendars.end(session, feed_id, by=by, now=now)))


ROUTERS = (own, settings, feed_routes.router)
