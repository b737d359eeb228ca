"""What the door asks of the console: which paths are its own, who comes by cookie, and how it refuses in HTML."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from gateway.console.page import html
from gateway.console.words import LANGUAGES, Words
from shared.errors import LianqinError, NotSignedIn
from shared.web.problems import problem

HOME, LOGIN, CHECK = "/console", "/console/login", "/console/check"
OPEN = ("/console/static/", "/console/language/")
COOKIE, LANGUAGE_COOKIE = "lianqin_session", "lianqin_language"
UPLOADS = ("/evidence", "/points", "/set")
LOGIN_METHODS = frozenset({"GET", "HEAD", "POST"})


def owns(path: str) -> bool:
    """Whether a path belongs to the console, where the cookie counts and nothing else does."""
    return path == HOME or path.startswith(f"{HOME}/")


def is_open(method: str, path: str) -> bool:
    """Whether a console path needs no sign-in: the sign-in, the check of a door code, the language, the looks."""
    is_read = method in ("GET", "HEAD")
    return (path == LOGIN and method in LOGIN_METHODS) or ((path == CHECK or path.startswith(OPEN)) and is_read)


def takes_upload(path: str) -> bool:
    """Whether a console path takes a file of evidence, of a run's points or of a drill's set: the larger limit."""
    return path.startswith(f"{HOME}/") and path.endswith(UPLOADS)


def authorization_of(scope: Scope) -> bytes | None:
    """Return the cookie's token as the Authorization header it stands for, or None when there is no cookie."""
    token = cookie_of(scope, COOKIE)
    return b"Bearer " + token.encode() if token.startswith("lqs_") and token.isascii() else None


def cookie_of(scope: Scope, name: str) -> str:
    """Return a cookie of a request, or an empty text."""
    raw = b"; ".join(value for key, value in scope["headers"] if key == b"cookie")
    try:
        found = SimpleCookie(raw.decode("latin-1")).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def language_of(scope: Scope) -> str:
    """Return the reader's language: as the address asks, else as kept in the cookie, else Chinese."""
    query = scope["query_string"].decode("latin-1").split("&")
    for language in LANGUAGES:
        if f"lang={language}" in query:
            return language
    kept = cookie_of(scope, LANGUAGE_COOKIE)
    return kept if kept in LANGUAGES else "zh"


def refused(scope: Scope, refusal: LianqinError) -> Response:
    """Return the page of a refusal; whoever is not signed in is sent to the sign-in."""
    if isinstance(refusal, NotSignedIn):
        return to_login(scope)
    words = Words(language_of(scope))
    return problem_page(scope, problem(refusal, words.language))


def problem_page(scope: Scope, said: dict[str, object]) -> Response:
    """Return a page that shows a problem document."""
    words = Words(language_of(scope))
    return html("problem.html", words, status=int(str(said["status"])), problem=said, path=scope["path"], visit=None)


def to_login(scope: Scope) -> Response:
    """Return the way to the sign-in, and from there back to the page that was asked for."""
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    target = f"{LOGIN}?{urlencode({'next': wanted}, quote_via=quote)}" if scope["method"] == "GET" else LOGIN
    return RedirectResponse(target, status_code=303)
