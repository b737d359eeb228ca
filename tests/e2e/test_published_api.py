"""The published API document against the running desk: no 5xx, nothing that the document does not say."""

import json
import os
from pathlib import Path
from zlib import crc32

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.identity import commands as identity
from gateway.identity.models import NewPerson
from scripts.seed import administrator
from shared.web.assembly import make_room
from tests.processes import environment, running_desk

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "50"))
DOCUMENT = json.loads((Path(__file__).parents[2] / "gateway" / "openapi.json").read_text(encoding="utf-8"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
ROLES = ["administrator", "agency_head", "case_officer", "clue_officer", "evidence_keeper", "liaison"]
LOGIN, PASSWORD = "schema", "a-long-invented-password"
schema = schemathesis.openapi.from_dict(DOCUMENT)


@schemathesis.serializer("application/x-ndjson")
def lines(_context, value):
    """Send what was generated for a body of lines as it is."""
    data = getattr(value, "data", value)
    return data if isinstance(data, bytes) else str(data).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def desk(tmp_path_factory, request):
    """A running desk with a person of many roles, a clue, and that person's token."""
    is_postgres = os.environ.get("DATABASE") == "postgresql"
    server = request.getfixturevalue("postgres") if is_postgres else ""
    wanted = environment(tmp_path_factory.mktemp("schema"), server, f"s{os.getpid()}_")
    with running_desk(wanted) as (_supervisor, made):
        room = make_room("gateway", {}, made)
        with room.transaction() as session:
            person = NewPerson(login=LOGIN, name="x", agency="eea-320500", roles=ROLES, password=PASSWORD)
            identity.add_person(session, person, by=administrator(room, "eea-320500"), now=room.clock())
        room.database.close()
        yield made.gateway_url


@pytest.fixture(scope="module")
def token(desk):
    answer = httpx.post(f"{desk}/v1/sessions", json={"login": LOGIN, "password": PASSWORD})
    return answer.json()["token"]


@pytest.fixture(scope="module")
def known(desk, token):
    """Identifiers that exist, so that some examples reach beyond 404."""
    headers = {"authorization": f"Bearer {token}"}
    clue = {
        "title": "t",
        "summary": "s",
        "enterprise_id": "E",
        "enterprise_name": "n",
        "division": "320500",
        "discovered_at": "2026-01-05T09:00:00+08:00",
    }
    made = httpx.post(f"{desk}/v1/clues", json=clue, headers=headers).json()
    case = httpx.post(f"{desk}/v1/cases", json=clue, headers=headers).json()
    return {"clues": made["id"], "cases": case["id"]}


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_operation(case, desk, token, known):
    kind = case.operation.path.split("/")[2] if case.operation.path.count("/") > 1 else ""
    if kind in known and case.path_parameters and crc32(repr(case.body).encode()) % 2:
        for name in case.path_parameters:
            if name.endswith("_id") and name != "item_id":
                case.path_parameters[name] = known[kind]
    own = token
    if case.operation.path == "/v1/sessions/current":
        own = httpx.post(f"{desk}/v1/sessions", json={"login": LOGIN, "password": PASSWORD}).json().get("token", token)
    headers = {"authorization": f"Bearer {own}"}
    case.call_and_validate(base_url=desk, headers=headers, checks=CHECKS)
