"""The console's door and forms: who gets in, what a foreign form can do, what an officer reads when refused."""

import re
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import orjson
import pytest

from gateway.console.entry import csrf_token
from gateway.console.routes import ROUTERS
from gateway.console.routes.signing import safe
from gateway.console.threshold import COOKIE, HOME
from tests.service.gateway.conftest import PASSWORD, SIGNED_IN, sign_in
from tests.service.gateway.penalty import JOURNEY, of_case
from tests.service.gateway.serving import json_answer

CASE = "01a20969-b33e-7e7e-938f-8a353727b598"
AT = "2026-11-23T01:00:00Z"
PATH = f"/console/cases/{CASE}"
SAME = {"sec-fetch-site": "same-origin"}


def subject() -> dict[str, object]:
    shown = {"id": CASE, "ref": f"case:{CASE}", "journey_id": JOURNEY, "owner": "eea-320500", "state": "discovered"}
    shown |= {"procedure_id": "administrative_penalty", "created_at": AT, "updated_at": AT}
    return {
        **shown,
        "version": 4,
        "procedure_version": 1,
        "title": "夜间偷排",
        "summary": "废水",
        "enterprise_name": "某厂",
        "discovered_at": AT,
        "facts": {},
    }


def opening() -> dict[str, object]:
    by = {"actor": "person:1", "agency": "eea-320500", "name": "张甲", "roles": []}
    body = {"by": by, "step": "open_case", "from": "new", "to": "discovered", "clocks": [], "data": {}, "at": AT}
    body |= {"procedure": "administrative_penalty"}
    shown = {"subject": f"case:{CASE}", "seq": 1, "type": "case.opened", "at": AT, "agency": "eea-320500"}
    shown |= {"actor": "person:1", "journey_id": JOURNEY, "prev": "", "hash": "ab" * 32}
    return {**shown, "body": orjson.dumps(body).decode()}


def file_step() -> dict[str, object]:
    cite = {"text": "《生态环境行政处罚办法》第十八条"}
    named = {"step": "file_case", "name": "立案", "allowed": True, "to": "investigating", "cite": cite}
    return {**named, "fields": ["case_no", "officers"], "required": ["case_no", "officers"]}


@pytest.fixture
def case(toy):
    """A case in the room, as its API shows it."""
    base = f"/v1/cases/{CASE}"
    toy.answers = {
        base: json_answer(subject()),
        f"{base}/journal": json_answer({"items": [opening()], "next": None}),
        f"{base}/deadlines": json_answer({"items": [], "next": None}),
        f"{base}/steps": json_answer({"state": "discovered", "steps": [file_step()]}),
        f"{base}/evidence": json_answer({"items": [], "next": None}),
        f"{base}/verdicts": json_answer([]),
        f"/v1/journeys/{JOURNEY}": json_answer({"entries": [opening()]}),
    } | of_case(base)
    return toy


@pytest.fixture
def entered(http):
    """An officer on the console, who signed in in the template: a password takes a quarter of a second."""
    http.cookies.set(COOKIE, SIGNED_IN["officer"], domain=http.base_url.host, path=HOME)
    return http


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


class TestSignIn:
    def test_the_cookie_is_for_the_console_alone_and_no_script_reads_it(self, http):
        answer = http.post("/console/login", data={"login": "officer", "password": PASSWORD}, headers=SAME)
        cookie = answer.headers["set-cookie"].lower()
        assert answer.headers["location"] == "/console"
        assert {"httponly", "samesite=strict", "path=/console"} <= {part.strip() for part in cookie.split(";")}
        assert "secure" not in cookie

    @pytest.mark.parametrize("settings", [{"secure_cookies": True}])
    def test_the_cookie_travels_over_https_only_where_told(self, http, settings):
        answer = http.post("/console/login", data={"login": "officer", "password": PASSWORD}, headers=SAME)
        assert "; secure" in answer.headers["set-cookie"].lower()

    def test_a_wrong_password_keeps_the_login_and_says_why(self, http):
        answer = http.post("/console/login", data={"login": "officer", "password": "wrong"}, headers=SAME)
        assert answer.status_code == 401
        assert "登录名或密码不正确" in answer.text
        assert 'value="officer"' in answer.text
        assert "set-cookie" not in answer.headers

    def test_guessing_is_stopped(self, http):
        for _ in range(8):
            http.post("/console/login", data={"login": "officer", "password": "wrong"}, headers=SAME)
        answer = http.post("/console/login", data={"login": "officer", "password": PASSWORD}, headers=SAME)
        assert answer.status_code == 429

    def test_another_site_cannot_sign_somebody_in(self, http):
        form = {"login": "officer", "password": PASSWORD}
        for foreign in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}, {}):
            answer = http.post("/console/login", data=form, headers=foreign)
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers

    def test_signing_out_ends_the_session(self, entered):
        token = token_of(entered.get("/console/notices"))
        kept = entered.cookies["lianqin_session"]
        assert entered.post("/console/logout", data={"csrf": token}, headers=SAME).status_code == 303
        again = entered.get("/console/notices", headers={"cookie": f"lianqin_session={kept}"})
        assert again.headers["location"].startswith("/console/login")

    @pytest.mark.parametrize(
        "onward", ["https://elsewhere.example", "//elsewhere.example/console", "/v1/me", "/console/../v1", "\\\\x", ""]
    )
    def test_the_way_onward_stays_in_the_console(self, onward):
        parts = urlsplit(safe(onward))
        assert (parts.netloc, parts.path.split("/")[1]) == ("", "console")


class TestDoor:
    def test_without_a_cookie_one_is_sent_to_the_sign_in_and_back(self, http):
        answer = http.get(f"{PATH}?done=x")
        assert answer.status_code == 303
        assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == [f"{PATH}?done=x"]

    def test_a_bearer_token_opens_no_page(self, http):
        assert http.get("/console", headers=sign_in(http, "officer")).status_code == 303

    def test_the_cookie_opens_no_api(self, entered):
        token = next(iter(dict(entered.cookies).values()))
        for path in ("/v1/me", "/v1/cases"):
            assert entered.get(path, headers={"cookie": f"lianqin_session={token}"}).status_code == 401

    def test_nothing_comes_from_elsewhere(self, entered):
        page = entered.get("/console/notices")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", page.text)
        assert not re.search(r'(?:src|href)="(?!/|#)', page.text)

    @pytest.mark.parametrize(
        "path", ["/console/nothing", "/console/nothing/here", f"/console/things/{CASE}", f"{PATH}x"]
    )
    def test_an_unknown_page_is_a_page(self, entered, path):
        answer = entered.get(path)
        assert answer.status_code == 404
        assert "未找到" in answer.text

    def test_it_speaks_english_when_told_to(self, entered):
        assert 'lang="zh-CN"' in entered.get("/console/notices").text
        assert "No notices." in entered.get("/console/notices?lang=en").text
        entered.get("/console/language/en")
        assert "No notices." in entered.get("/console/notices").text


POSTS = [route.path for router in ROUTERS for route in router.routes if "POST" in route.methods]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [path for path in POSTS if path != "/console/login"])
def test_every_form_needs_its_token(entered, case, path):
    filled = re.sub(r"\{kind\}", "cases", re.sub(r"\{(?!kind)[a-z_]+\}", CASE, path))
    for form, headers in (
        ({}, SAME),
        ({"csrf": "0" * 64}, SAME),
        ({"csrf": token_of(entered.get("/console/notices"))}, {"sec-fetch-site": "same-site"}),
        ({"csrf": token_of(entered.get("/console/notices"))}, {}),
    ):
        answer = entered.post(filled, data=form, headers=headers)
        assert answer.status_code == 403
        assert [seen for seen in case.seen if seen.method == "POST"] == []


def test_the_token_belongs_to_one_session(entered, room):
    token = dict(entered.cookies)["lianqin_session"]
    secret = room.settings.internal_secret
    assert token_of(entered.get("/console/notices")) == csrf_token(secret, token) != csrf_token(secret, token + "x")


class TestSteps:
    def test_the_form_is_made_of_the_published_body(self, entered, case):
        page = entered.get(PATH)
        assert page.status_code == 200, page.text
        assert 'name="case_no"' in page.text
        assert '<textarea id="file_case-officers"' in page.text
        assert "立案编号" in page.text

    def test_a_step_is_sent_with_the_version_the_page_showed(self, entered, case):
        case.answers[f"/v1/cases/{CASE}/file"] = json_answer(subject())
        form = {"csrf": token_of(entered.get(PATH)), "version": "4", "key": "k-1", "case_no": "9号"}
        answer = entered.post(f"{PATH}/steps/file_case", data={**form, "officers": "甲\r\n乙\r\n"}, headers=SAME)
        assert answer.status_code == 303
        sent = next(seen for seen in case.seen if seen.method == "POST")
        assert orjson.loads(sent.body) == {"case_no": "9号", "officers": ["甲", "乙"]}
        assert (sent.header("if-match"), sent.header("idempotency-key")) == ('"4"', "k-1")
        assert sent.header("x-lianqin-identity")

    def test_a_refusal_stands_beside_the_form_and_nothing_typed_is_lost(self, entered, case):
        cite = {"instrument": "eep_measures", "article": "第十八条", "name": "生态环境行政处罚办法"}
        why = {
            "code": "wrong_actor",
            "text": "须由负责人办理",
            "cite": cite,
            "what_next": "请负责人办理",
            "kind": "actor",
        }
        said = {"title": "您无权办理此步骤", "status": 403, "code": "not-your-step", "detail": "无权", "reasons": [why]}
        case.answers[f"/v1/cases/{CASE}/file"] = json_answer(said, status=403)
        form = {"csrf": token_of(entered.get(PATH)), "version": "4", "case_no": "<9号>", "officers": "甲\n乙"}
        answer = entered.post(f"{PATH}/steps/file_case", data=form, headers=SAME)
        assert answer.status_code == 403
        for part in ("须由负责人办理", "《生态环境行政处罚办法》第十八条", "请负责人办理", "&lt;9号&gt;", "甲\n乙"):
            assert part in answer.text
        assert "<9号>" not in answer.text

    def test_a_step_nobody_published_is_not_found(self, entered, case):
        token = token_of(entered.get(PATH))
        answer = entered.post(f"{PATH}/steps/note_sent", data={"csrf": token}, headers=SAME)
        assert answer.status_code == 404


class TestEvidence:
    def test_a_file_goes_to_the_room_with_what_it_states(self, entered, case):
        item = UUID(int=7)
        case.answers[f"/v1/cases/{CASE}/evidence"] = json_answer({"id": str(item)}, status=201)
        form = {"csrf": token_of(entered.get("/console/notices")), "document": "crim_photos_av"}
        form |= {"detail.photographer": "张甲", "detail.taken_at": "2026-11-20T10:00"}
        files = {"file": ("现场.txt", b"x" * 3_000_000, "text/plain")}
        answer = entered.post(f"{PATH}/evidence", data=form, files=files, headers=SAME)
        assert answer.headers["location"] == f"{PATH}/evidence/{item}"
        sent = next(seen for seen in case.seen if seen.method == "POST")
        asked = parse_qs(urlsplit(sent.target).query)
        assert sent.size == 3_000_000
        assert (asked["document"], asked["name"]) == (["crim_photos_av"], ["现场.txt"])
        stated = {"photographer": "张甲", "taken_at": "2026-11-20T10:00:00+08:00"}
        assert orjson.loads(asked["details"][0]) == stated

    def test_the_kind_that_is_chosen_asks_for_what_it_must_state_and_goes_with_the_file(self, entered, case):
        page = entered.get(f"{PATH}/evidence/new?document=crim_other&of_kind=electronic_data")
        for label in ("数据来源", "提取方法", "提取人"):
            assert label in page.text
        case.answers[f"/v1/cases/{CASE}/evidence"] = json_answer({"id": str(UUID(int=7))}, status=201)
        form = {"csrf": token_of(page), "document": "crim_other", "kind": "electronic_data", "detail.source": "采集仪"}
        entered.post(f"{PATH}/evidence", data=form, files={"file": ("a.csv", b"x", "text/csv")}, headers=SAME)
        asked = parse_qs(urlsplit(next(seen for seen in case.seen if seen.method == "POST").target).query)
        assert (asked["kind"], orjson.loads(asked["details"][0])) == (["electronic_data"], {"source": "采集仪"})

    def test_an_item_shows_its_kind_its_retention_and_when_it_was_verified(self, entered, case):
        named = {"name_zh": "物证", "name_en": "x", "cite_zh": "《行政处罚法》第四十六条", "cite_en": "x"}
        item = {
            "id": str(UUID(int=7)),
            "subject": f"case:{CASE}",
            "document": "exhibit",
            "name": "废液桶",
            "media_type": "application/json",
            "sha256": "ab" * 32,
            "size": 3,
            "details": {"taken_place": "厂区"},
            "state": "held",
            "added_at": AT,
            "added_by": "eea-320500/x",
            "kind": named | {"id": "physical", "basis": "law"},
            "retention": named | {"id": "clue_material", "basis": "agreement", "name_zh": "线索材料"},
            "last_verified_at": AT,
            "same_as": [],
            "exhibit": {
                "quantity": 26.0,
                "unit": "个",
                "features": "x",
                "storage_place": "A区",
                "seal_number": "封0001",
                "sealed_by": "张甲",
                "state": "kept",
                "holder": "eea-320500",
            },
        }
        case.answers[f"/v1/cases/{CASE}/evidence"] = json_answer({"items": [item], "next": None})
        acts = {"items": [{"act": "sealed", "at": AT, "agency": "eea-320500", "actor": "x", "note": "", "stated": {}}]}
        case.answers[f"/v1/cases/{CASE}/evidence/{item['id']}/custody"] = json_answer(acts | {"next": None})
        page = entered.get(f"{PATH}/evidence/{item['id']}").text
        for part in ("物证", "第四十六条", "线索材料", "约定，非法定", "封0001", "A区", "提取地点", "加封", "在管"):
            assert part in page, part

    def test_without_a_file_one_is_asked_for_it(self, entered, case):
        form = {"csrf": token_of(entered.get("/console/notices")), "document": "crim_photos_av"}
        answer = entered.post(f"{PATH}/evidence", data=form, headers=SAME)
        assert answer.status_code == 422
        assert "请选择文件" in answer.text
