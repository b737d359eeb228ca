"""An agency's own words for the catalogue's notices: only declared places, and the catalogue's text where they fail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Annotated

from pydantic import BaseModel, StringConstraints
from sqlmodel import Session, select

from gateway.identity import queries as identity
from gateway.identity.models import Body
from gateway.notices.models import NoticeTemplate
from gateway.notices.preferences import note
from shared.errors import BodyInvalid, NotVisible, Text
from shared.events import NoticeRaised
from shared.identity import Principal
from shared.records.journal import Fact
from shared.records.room import room_of
from shared.records.views import NO_NUL
from shared.rules.catalogue import Catalogue

TEXTS = ("title_zh", "title_en", "body_zh", "body_en")
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=NO_NUL)]


class TemplateWords(Body):
    """An agency's words for a notice, with `{placeholders}` of the catalogue's text only."""

    title_zh: Title
    title_en: Title
    body_zh: Words
    body_en: Words


class TemplateView(BaseModel):
    """A text of the catalogue, the places it may name, and the agency's words instead, if there are any."""

    template: str
    placeholders: list[str]
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    own: TemplateWords | None
    fits: bool
    """False: the own words name a place the catalogue no longer has, so the catalogue's text is used."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text of the catalogue: its places and its words."""

    placeholders: tuple[str, ...]
    words: Mapping[str, str]


def sources(catalogue: Catalogue) -> dict[str, Source]:
    """Return every text an agency may replace, by `notice:<id>` or `ladder:<id>:<rung>`."""
    found = {
        f"notice:{one.id}": Source(one.placeholders, _words(one.title_zh, one.title_en, one.zh, one.en))
        for one in catalogue.notices.values()
    }
    for ladder in catalogue.ladders.values():
        for rung in ladder.rungs:
            words = _words(rung.title_zh, rung.title_en, rung.zh, rung.en)
            found[f"ladder:{ladder.id}:{rung.name}"] = Source(ladder.placeholders, words)
    return found


def _words(title_zh: str, title_en: str, body_zh: str, body_en: str) -> dict[str, str]:
    return {"title_zh": title_zh, "title_en": title_en, "body_zh": body_zh, "body_en": body_en}


def worded(session: Session, notice: NoticeRaised) -> dict[str, str]:
    """Return the four texts of a notice: the agency's own words if it has some that fit, else as they came."""
    said = {name: str(getattr(notice, name)) for name in TEXTS}
    own = session.get(NoticeTemplate, (notice.agency, notice.template)) if notice.template else None
    if own is None or not own.title_zh or not all(_fits(getattr(own, name), notice.values) for name in TEXTS):
        return said
    filled = {name: str(getattr(own, name)).format_map(notice.values) for name in TEXTS}
    for language in ("zh", "en"):
        filled[f"title_{language}"] = notice.values.get(f"mark_{language}", "") + filled[f"title_{language}"]
    return filled


def replace(
    session: Session, agency: str, template: str, body: TemplateWords, *, by: Principal, now: datetime
) -> TemplateView:
    """Store an agency's words. Raises NotYourStep, NotVisible, and BodyInvalid for what cannot be filled in."""
    identity.check_governs(session, by, agency)
    source = _source(session, template)
    errors = [error for name in TEXTS for error in _errors(name, getattr(body, name), source.placeholders)]
    if errors:
        raise BodyInvalid(
            Text("模板无法使用，未保存", "The template cannot be used; nothing was stored"), errors=errors
        )
    row = session.get(NoticeTemplate, (agency, template))
    if row is None:
        row = NoticeTemplate(agency=agency, template=template, updated_at=now, **body.model_dump())
    for name in TEXTS:
        setattr(row, name, getattr(body, name))
    row.updated_at = now
    session.add(row)
    note(session, agency, Fact("notices.worded", {"template": template, **body.model_dump()}), by=by, now=now)
    return _view(template, source, row)


def reset(session: Session, agency: str, template: str, *, by: Principal, now: datetime) -> TemplateView:
    """Go back to the catalogue's text. Raises NotYourStep or NotVisible."""
    identity.check_governs(session, by, agency)
    source = _source(session, template)
    row = session.get(NoticeTemplate, (agency, template))
    if row is not None and row.title_zh:
        row.title_zh = row.title_en = row.body_zh = row.body_en = ""
        row.updated_at = now
        session.add(row)
        note(session, agency, Fact("notices.words_reset", {"template": template}), by=by, now=now)
    return _view(template, source, None)


def listed(session: Session, agency: str, *, by: Principal) -> list[TemplateView]:
    """Return every text an agency may replace, and what it put instead. Raises NotYourStep or NotVisible."""
    identity.check_governs(session, by, agency)
    own = {row.template: row for row in session.exec(select(NoticeTemplate).where(NoticeTemplate.agency == agency))}
    known = sources(room_of(session).catalogue)
    return [_view(name, source, own.get(name)) for name, source in sorted(known.items())]


def _source(session: Session, template: str) -> Source:
    source = sources(room_of(session).catalogue).get(template)
    if source is None:
        raise NotVisible(Text(f"没有提醒文本 {template}", f"There is no notice text {template}"))
    return source


def _view(template: str, source: Source, row: NoticeTemplate | None) -> TemplateView:
    own = (
        None
        if row is None or not row.title_zh
        else TemplateWords.model_construct(**{name: getattr(row, name) for name in TEXTS})
    )
    fits = own is None or all(_fits(getattr(own, name), source.placeholders) for name in TEXTS)
    return TemplateView(
        template=template, placeholders=list(source.placeholders), own=own, fits=fits, **dict(source.words)
    )


def _fits(text: str, known: Iterable[str]) -> bool:
    return not _errors("", text, tuple(known))


def _errors(field: str, text: str, known: tuple[str, ...]) -> list[dict[str, object]]:
    """Return what is wrong with a text: braces that do not match, places that are not declared, formats."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        message = Text("花括号不成对", "The braces do not match")
        return [{"field": field, "code": "braces", "message": message}]
    errors: list[dict[str, object]] = []
    for _, name, spec, conversion in parts:
        if name is not None and (name not in known or spec or conversion):
            listed = "、".join(known)
            message = Text(
                f"没有占位符 {{{name}}}；可用：{listed}",
                f"There is no place {{{name}}}; there are {', '.join(known)}",
            )
            errors.append({"field": field, "code": "unknown_placeholder", "message": message})
    return errors
