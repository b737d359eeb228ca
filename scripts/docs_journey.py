"""Writes docs/journey.md and docs/events.md from shared/events.py, the rooms' subscriptions and the procedures."""

import sys
from collections.abc import Iterator
from pathlib import Path

from services.case_service.subscriptions import SUBSCRIPTIONS as CASE
from services.clue_service.subscriptions import SUBSCRIPTIONS as CLUE
from services.referral_service.inbound import INBOUND, STEP, StepMessage
from services.referral_service.subscriptions import SUBSCRIPTIONS as REFERRAL
from shared.events import EVENTS
from shared.rules import catalogue
from shared.rules.procedures import Procedure

ROOT = Path(__file__).resolve().parents[1]
SUBSCRIPTIONS = {"clue": CLUE, "case": CASE, "referral": REFERRAL}


def events() -> str:
    """Return the table of events: what leaves a room, who takes it, with which fields."""
    return "\n".join(_events()) + "\n"


def _events() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield "Every fact that leaves a room. The envelope is CloudEvents 1.0, signed as Standard Webhooks. Generated from"
    yield "`shared/events.py`."
    yield ""
    yield "| event | from | to rooms | meaning | fields |"
    yield "|---|---|---|---|---|"
    for name, event in EVENTS.items():
        meaning = (event.payload.__doc__ or "").strip().splitlines()[0]
        fields = ", ".join(f"`{field}`" for field in event.payload.model_fields)
        yield f"| `{name}` | {event.sender} | {', '.join(event.receivers) or '—'} | {meaning} | {fields} |"
    yield ""
    yield "## Messages partners send"
    yield ""
    yield "Posted to `/v1/inbound`, signed; `subject` is `referral:<id>`. The last one takes a step of any procedure,"
    yield "also of `supervision:<id>` and `consultation:<id>`; `GET …/steps` lists the steps and what each states."
    yield ""
    yield "| type | what it does | fields |"
    yield "|---|---|---|"
    for name, door in INBOUND.items():
        meaning = (door.command.__doc__ or "").strip().splitlines()[0]
        fields = ", ".join(f"`{field}`" for field in door.body.model_fields)
        yield f"| `{name}` | {meaning} | {fields} |"
    fields = ", ".join(f"`{field}`" for field in StepMessage.model_fields)
    yield f"| `{STEP}` | {(StepMessage.__doc__ or '').splitlines()[0]} | {fields} |"


def journey() -> str:
    """Return the journey: each procedure's steps in order, with what they emit and who hears of it."""
    return "\n".join(_journey()) + "\n"


def _journey() -> Iterator[str]:
    yield "# One clue's journey"
    yield ""
    yield "Steps of every procedure, the events they emit and the commands those run in other rooms. Generated."
    first = ("clue_handling", "administrative_penalty", "police_criminal_referral")
    others = (name for name in catalogue.default().procedures if name not in first)
    for procedure in (*first, *others):
        yield from _procedure(catalogue.default().procedure(procedure))


def _procedure(procedure: Procedure) -> Iterator[str]:
    yield ""
    yield f"## {procedure.name_zh} · {procedure.name_en}"
    yield ""
    yield "| step | from → to | article | emits | then |"
    yield "|---|---|---|---|---|"
    for step in procedure.steps.values():
        begins = ", ".join(step.from_states)
        ends = step.to_state or "(same)"
        then = "; ".join(
            f"{room}: `{known[step.event].__name__}`"
            for room, known in SUBSCRIPTIONS.items()
            if step.event is not None and step.event in known
        )
        emits = f"`{step.event}`" if step.event else "—"
        yield f"| {step.name_zh} `{step.id}` | {begins} → {ends} | {step.cite.zh} | {emits} | {then or '—'} |"


def main(arguments: list[str]) -> int:
    """Write both documents, or with `--check` tell whether they are stale (exit status 1)."""
    stale = []
    for path, text in ((ROOT / "docs/events.md", events()), (ROOT / "docs/journey.md", journey())):
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        print(f"stale: {', '.join(stale)}; run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
