"""The rules office in the console, over real rooms: read by bureaus, tuned by whoever may, activated by another."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.dossier.keys import PublicKey, Signer
from shared.dossier.suites import DEFAULT, suite
from shared.records.keyring import keyring_of
from tests.desk import Desk
from tests.e2e.test_conference_console import SAME, Console
from tests.service.clue.office import accepted_clue, clue_of_rule
from tests.service.clue.plant import START
from tests.service.clue.test_rule_packs import SENDER, made
from tests.service.clue.test_scenario import delivered
from tests.service.gateway.paging import Enter, clock, door, enter

__all__ = ["clock", "door", "enter"]

OWNER, CITY = "eea-320000", "eea-320500"
PEOPLE = {
    "one": (OWNER, ["clue_officer"]),
    "two": (OWNER, ["agency_head"]),
    "city": (CITY, ["clue_officer"]),
    "team": (CITY, ["case_officer"]),
    "police": ("psb-320500", ["liaison", "agency_head"]),
}
LIST, PAGE, PACKS = "/console/rules", "/console/rules/R01", "/console/rule-packs"


def take(person: Console, step: str, status: int = 303, /, **form: str) -> httpx.Response:
    """Send the form of a step."""
    return person.send(f"{PAGE}/steps/{step}", person.page(PAGE), {"reasons": "误报偏多"} | form, status)


def proposed(person: Console, value: str = "0.45") -> str:
    """A proposal made by form."""
    take(person, "propose", **{"parameter.drop": value, "version": "1"})
    found = re.search(r'id="trial-([0-9a-f-]{36})"', person.page(PAGE))
    assert found is not None
    return found[1]


def problem(text: str) -> str:
    """What the page says of a refusal."""
    return text.partition('class="problem"')[2].partition("</div>")[0]


def cells(page: str, parameter: str) -> list[str]:
    """The row of a parameter, without marks."""
    row = page.partition(f'<th scope="row">{parameter}</th>')[2].partition("</tr>")[0]
    return [re.sub("<[^>]+>", "", one).strip() for one in re.findall(r"<td[^>]*>(.*?)</td>", row)]


class TestTheList:
    def test_has_every_rule_under_its_direction(self, enter: Enter) -> None:
        page = enter("team").page(LIST)
        assert sorted(re.findall(r'href="/console/rules/(R\d\d)"', page)) == [
            f"R{number:02}" for number in range(1, 25)
        ]
        heads = re.findall(r'colspan="7" id="(D\d+)">', page)
        assert heads == sorted(heads, key=lambda one: int(one[1:]))
        assert "D1 数据异常陡降" in page
        assert "江苏省生态环境厅" in page
        english = enter("team").page(f"{LIST}?lang=en")
        assert "Steep drop, then a low plateau" in english

    def test_is_filtered_by_status(self, enter: Enter) -> None:
        one, two = enter("one"), enter("two")
        take(two, "observe")
        page = one.page(f"{LIST}?status=shadow")
        assert re.findall(r'href="/console/rules/(R\d\d)"', page) == ["R01"]
        assert 'href="/console/rules/R01"' not in one.page(f"{LIST}?status=active")
        one.page(f"{LIST}?status=secret", 404)

    def test_shows_precision_with_its_interval(self, enter: Enter, desk: Desk) -> None:
        for number in range(3):
            accepted_clue(desk, number)
        clue_of_rule(desk, 3, "unfounded")
        page = enter("city").page(LIST)
        assert "精确率 75.0%，95% 区间 30.1% – 95.4%" in page
        row = page.partition('href="/console/rules/R01"')[2].partition("</tr>")[0]
        assert "（3 / 4）" in row
        detail = enter("city").page(PAGE)
        for said in ("苏州市生态环境局", "火电", "2026-09"):
            assert said in detail.partition('id="precision-title"')[2].partition("</section>")[0]


class TestASet:
    def test_is_proposed_shadowed_and_activated_by_another(self, enter: Enter) -> None:
        one, two = enter("one"), enter("two")
        proposal = proposed(one)
        assert cells(one.page(PAGE), "降后与降前之比上限") == ["", "0.05 – 0.9", "0.52", "0.52", "0.45 不同"]
        assert "由提出人以外的人启用" in one.page(PAGE)
        own = take(one, "activate", 403, proposal=proposal)
        assert "由提出人以外的人启用" in problem(own.text)
        take(two, "activate", proposal=proposal)
        page = two.page(PAGE)
        assert cells(page, "降后与降前之比上限")[2:] == ["0.52", "0.45 不同"]
        assert "没有影子运行中的参数组" in page
        chain = page.partition('id="chain-title"')[2]
        assert chain.index("启用参数组") < chain.index("提出参数组")
        assert "0.52 → 0.45" in chain
        assert "误报偏多" in chain
        again = take(two, "activate", 409, proposal=proposal)
        assert problem(again.text)

    def test_out_of_range_is_refused_by_the_parameters_name_and_keeps_what_was_typed(self, enter: Enter) -> None:
        one = enter("one")
        typed = {"parameter.drop": "3", "parameter.gap": "7", "version": "1"}
        refused = take(one, "propose", 422, **typed)
        assert "降后与降前之比上限" in problem(refused.text)
        form = refused.text.partition('action="/console/rules/R01/steps/propose"')[2].partition("</form>")[0]
        assert re.search(r'name="parameter.gap"[^>]*value="7"', form)
        refused = take(one, "propose", 422, **{"parameter.drop": "viel"})
        assert "应为数字" in problem(refused.text)
        for answered in ("steps/propose", "back-tests"):
            again = one.http.get(f"/console/rules/R01/{answered}", headers=SAME)
            assert (again.status_code, again.headers["location"]) == (303, "/console/rules/R01")
        take(one, "propose", 422, reasons="", **{"parameter.drop": "0.45"})

    def test_is_withdrawn_by_its_proposer_and_the_rule_observed_and_retired_by_the_owner(self, enter: Enter) -> None:
        city, two = enter("city"), enter("two")
        proposal = proposed(city)
        take(city, "retire", proposal=proposal)
        assert "撤回参数组" in city.page(PAGE).partition('id="chain-title"')[2]
        take(two, "observe")
        assert "影子运行" in two.page(PAGE).partition("<h1>")[2].partition("</h1>")[0]
        take(two, "observe", 409)
        take(two, "retire")
        assert "停用" in two.page(PAGE).partition("<h1>")[2].partition("</h1>")[0]

    def test_is_tried_on_stored_series_and_the_trial_kept(self, enter: Enter, desk: Desk) -> None:
        delivered(desk)
        city = enter("city")
        until = START + timedelta(days=45)
        span = {"from": f"{START:%Y-%m-%dT%H:%M}", "to": f"{until:%Y-%m-%dT%H:%M}"}
        form = span | {"parameter.drop": "0.2", "version": "1"}
        page = city.send(f"{PAGE}/back-tests", city.page(PAGE), form, 200).text
        tried = page.partition('id="tried-title"')[2].partition("</section>")[0]
        assert "仅所试参数命中 0 段，仅现行参数命中 1 段" in tried
        assert "仅现行参数命中（1）" in tried
        kept = city.page(PAGE).partition('id="tests-title"')[2].partition("</section>")[0]
        assert "数据时段 2026-07-20 00:00 至 2026-09-03 00:00" in kept
        turned = {"from": span["to"], "to": span["from"]}
        refused = city.send(f"{PAGE}/back-tests", city.page(PAGE), turned, 422)
        assert "应早于" in problem(refused.text)
        assert problem(city.send(f"{PAGE}/back-tests", city.page(PAGE), {"from": "", "to": ""}, 422).text)


class TestPacks:
    def send(self, person: Console, content: bytes, act: str, status: int = 200) -> str:
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', person.page(LIST))
        assert token is not None
        files = {"file": ("rules.json", content, "application/json")}
        answer = person.http.post(PACKS, data={"csrf": token[1], "act": act}, files=files, headers=SAME)
        assert answer.status_code == status, answer.text
        return answer.text

    @pytest.fixture
    def pack(self, desk: Desk) -> bytes:
        private = suite(DEFAULT).new_private()
        key = PublicKey(SENDER, DEFAULT, suite(DEFAULT).public(private), desk.clock.now)
        keyring_of(desk.rooms["clue"]).believe([key])
        content: bytes = made(Signer(SENDER, DEFAULT, private), desk)
        return content

    def test_are_compared_and_then_taken_into_shadow(self, enter: Enter, pack: bytes) -> None:
        one = enter("one")
        compared = self.send(one, pack, "compare")
        assert "已比较，未作任何改动" in compared
        assert re.search(r"<code>drop</code> 0.52 → 0.45", compared)
        assert "没有影子运行中的参数组" in one.page(PAGE)
        assert "已导入" in self.send(one, pack, "import")
        assert "来自规则包" in one.page(PAGE)

    def test_that_are_none_or_of_a_stranger_are_refused_in_words(self, enter: Enter, pack: bytes) -> None:
        one = enter("one")
        assert "不是签名的规则包" in problem(self.send(one, b"{}", "compare", 422))
        assert problem(self.send(one, pack.replace(b"0.45", b"0.46"), "compare", 422))
        assert "规则包由" in problem(self.send(enter("city"), pack, "compare", 403))

    def test_are_exported_signed(self, enter: Enter) -> None:
        answer = enter("city").http.get(f"{PACKS}/export")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith('attachment; filename="rules-eea-320500')
        assert b"rule_pack" in answer.content


class TestWhoMaySee:
    def test_a_partner_finds_nothing(self, enter: Enter) -> None:
        police = enter("police")
        assert 'href="/console/rules"' not in police.page("/console")
        for path in (LIST, PAGE, PACKS, f"{PACKS}/export"):
            police.page(path, 404)
        page = police.page("/console/notices")
        forms: dict[str, dict[str, Any]] = {
            f"{PAGE}/steps/observe": {"reasons": "x"},
            f"{PAGE}/back-tests": {"from": "2026-07-20T00:00", "to": "2026-08-20T00:00"},
            PACKS: {"act": "compare"},
        }
        for path, form in forms.items():
            police.send(path, page, form, 404)

    def test_a_member_of_a_team_reads_and_is_offered_no_step(self, enter: Enter) -> None:
        team = enter("team")
        assert 'href="/console/rules" data-go="u"' in team.page("/console")
        page = team.page(PAGE)
        assert f'action="{PAGE}' not in page
        assert PACKS not in team.page(LIST)
        team.page(PACKS, 404)
        for step in ("propose", "observe", "retire"):
            refused = take(team, step, 403)
            assert problem(refused.text)

    def test_a_city_proposes_and_tries_but_does_not_decide(self, enter: Enter) -> None:
        city, one = enter("city"), enter("one")
        proposal = proposed(one)
        actions = set(re.findall(rf'action="{PAGE}/([a-z/-]+)"', city.page(PAGE)))
        assert actions == {"steps/propose", "back-tests"}
        for step, form in (("activate", {"proposal": proposal}), ("retire", {"proposal": proposal}), ("observe", {})):
            assert "eea-320000" in problem(take(city, step, 403, **form).text)

    @pytest.mark.parametrize("path", ["R99", "R1", "R01/steps", "xyz"])
    def test_what_is_not_there_answers_404(self, enter: Enter, path: str) -> None:
        enter("one").page(f"{LIST}/{path}", 404)
        one = enter("one")
        one.send(f"{PAGE}/steps/delete", one.page(PAGE), {"reasons": "x"}, 404)
        one.send(f"{PAGE}/steps/activate", one.page(PAGE), {"reasons": "x", "proposal": "../x"}, 404)
