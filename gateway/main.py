"""The gateway's process: its room, its app, and the door in front of both (`uvicorn --factory gateway.main:create`)."""

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from gateway.console.routes import ROUTERS as CONSOLE
from gateway.desk import calendar_notices, dry_run, law, pages
from gateway.desk import routes as desk
from gateway.door import Door
from gateway.exchange import inbound
from gateway.exchange import routes as exchange
from gateway.identity import oauth
from gateway.identity import routes as identity
from gateway.identity.access import Access
from gateway.limiting import Limits
from gateway.notices.routes import ROUTERS as NOTICES
from gateway.proxy import Proxy
from gateway.subjects import SUBJECTS
from gateway.subscriptions import SUBSCRIPTIONS
from gateway.upstream import Upstream
from shared.records.room import Room
from shared.starting import starting
from shared.web.app import create_app
from shared.web.assembly import make_room

ROUTERS = [
    oauth.router,
    identity.sessions,
    identity.people,
    identity.clients,
    inbound.router,
    exchange.exchange,
    exchange.subscriptions,
    *NOTICES,
    law.router,
    calendar_notices.router,
    dry_run.router,
    desk.router,
    pages.router,
    *CONSOLE,
]


def create_api(room: Room) -> FastAPI:
    """Return the gateway's own API, without the door: what it answers itself."""
    app = create_app(room, ROUTERS, SUBSCRIPTIONS)
    settle(app, room)
    return app


def settle(app: FastAPI, room: Room) -> None:
    """Let an API work for a room: who may come in, how often, and the way to the rooms."""
    app.state.room = room
    app.state.access = Access(room)
    app.state.limits = Limits(room.settings.requests_per_minute)
    app.state.upstream = Upstream(room.settings)


class Closing:
    """Closes the connections to the rooms when the app has shut down."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; before the end of the lifespan is told, close."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await self._app.state.upstream.close()
            await send(message)

        await self._app(scope, receive, telling)


def create_door(room: Room) -> Door:
    """Return the whole gateway over a room."""
    return door_of(create_api(room))


def door_of(app: FastAPI) -> Door:
    """Put the door in front of an API."""
    state = app.state
    return Door(Closing(app), access=state.access, limits=state.limits, proxy=Proxy(state.upstream))


def create() -> Door:
    """Return the gateway as the environment describes it."""
    with starting():
        return create_door(make_room("gateway", SUBJECTS))
