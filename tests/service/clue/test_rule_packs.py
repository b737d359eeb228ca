"""Rule packs: what one desk signs another takes in, in shadow; and every pack that is not what it says is refused."""

import orjson
import pytest
from sqlmodel import select
from typer.testing import CliRunner

from scripts.cli import program
from services.clue_service.detection.catalogue import documents
from services.clue_service.rules_office.models import RuleProposal, RuleVersion
from shared.dossier.exact import exact, sha256
from shared.dossier.keys import PublicKey, Signer, Trust, keys_document, read_keys
from shared.dossier.statements import state
from shared.dossier.suites import DEFAULT, suite
from shared.dossier.verifying import Verifier
from shared.records.keyring import keyring_of
from tests.journeys import HEAD, OFFICER, POLICE
from tests.service.clue.office import ONE, OTHER, activate, observe, propose, rule, shadow_hits
from tests.service.clue.plant import NOBODY, PROVINCE
from tests.service.clue.test_scenario import delivered

SENDER = "eea-310000"
R01 = documents()["R01", 1]
SECOND = R01.replace("version: 1", "version: 2").replace("value: 0.52", "value: 0.47")
WITHOUT_RECOVERY = "".join(line for line in SECOND.splitlines(keepends=True) if not line.startswith("  recovery:"))


@pytest.fixture
def signer(desk):
    """Another province's key, whose public half this desk believes."""
    private = suite(DEFAULT).new_private()
    key = PublicKey(SENDER, DEFAULT, suite(DEFAULT).public(private), desk.clock.now)
    keyring_of(desk.rooms["clue"]).believe([key])
    return Signer(SENDER, DEFAULT, private)


def made(signer, desk, *, rules=None, sets=None, **changes):
    """A pack with R01 tuned, or with what else is asked for."""
    rules = [{"id": "R01", "version": 1, "document": R01}] if rules is None else rules
    sets = [{"rule": "R01", "version": 1, "parameters": {"drop": 0.45}, "status": "active"}] if sets is None else sets
    said = {"type": "rule_pack", "format": 1, "agency": signer.agency, "at": desk.clock.now.isoformat()}
    said |= {"rules": rules, "sets": sets, "digest": sha256(exact({"rules": rules, "sets": sets}))}
    return state(said | changes, signer, at=desk.clock.now)


def sent(desk, content, who=PROVINCE, *, dry_run=False):
    """Import a pack."""
    return desk.call(who, "POST", f"/v1/rule-packs?dry_run={str(dry_run).lower()}", content=content)


def rows(desk, model):
    """Every row of a table."""
    with desk.rooms["clue"].reading() as session:
        return list(session.exec(select(model)))


class TestTakenIn:
    def test_a_tuned_set_goes_into_shadow(self, desk, signer):
        answer = sent(desk, made(signer, desk))
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["agency"], said["dry_run"], said["new_versions"], said["shadowed"]) == (
            SENDER,
            False,
            [],
            ["R01 v1"],
        )
        assert said["changes"] == [
            {
                "rule_id": "R01",
                "version_before": 1,
                "version_after": 1,
                "status_before": "active",
                "status_after": "active",
                "parameters": [{"name": "drop", "unit": "1", "before": 0.52, "after": 0.45}],
            }
        ]
        shown = rule(desk)
        assert (shown["values"]["drop"], shown["proposals"][0]["parameters"]) == (0.52, {"drop": 0.45})
        delivered(desk)
        found = desk.post(OFFICER, "/v1/detections", {})
        assert (found["created"], found["shadow"], len(shadow_hits(desk))) == (1, 1, 1)
        again = sent(desk, made(signer, desk)).json()
        assert (again["shadowed"], len(rows(desk, RuleProposal))) == ([], 1)

    def test_a_new_version_is_known_runs_in_shadow_and_can_be_activated(self, desk, signer):
        pack = made(
            signer,
            desk,
            rules=[{"id": "R01", "version": 2, "document": SECOND}],
            sets=[{"rule": "R01", "version": 2, "parameters": {}, "status": "active"}],
        )
        assert sent(desk, pack).json()["new_versions"] == ["R01 v2"]
        shown = rule(desk)
        assert [(one["version"], one["signed_by"]) for one in shown["versions"]] == [(1, ""), (2, SENDER)]
        assert (shown["version"], shown["status"]) == (1, "active")
        assert [one["type"] for one in shown["entries"]] == ["rule.imported", "rule.proposed"]
        active = activate(desk, shown["proposals"][0], OTHER)
        assert (active["version"], active["values"]["drop"]) == (2, 0.47)
        delivered(desk)
        desk.post(OFFICER, "/v1/detections", {})
        assert desk.get(OFFICER, "/v1/clues")["items"][0]["rule_version"] == "2"

    def test_its_importer_does_not_activate_it(self, desk, signer):
        sent(desk, made(signer, desk), ONE)
        proposal = rule(desk)["proposals"][0]
        activate(desk, proposal, ONE, expect=403)
        activate(desk, proposal, OTHER)

    def test_dry_run_changes_nothing(self, desk, signer):
        said = sent(desk, made(signer, desk), dry_run=True).json()
        assert (said["dry_run"], said["shadowed"]) == (True, ["R01 v1"])
        assert (rows(desk, RuleProposal), rows(desk, RuleVersion), rule(desk)["entries"]) == ([], [], [])

    def test_what_the_sender_retired_is_not_tried(self, desk, signer):
        sets = [{"rule": "R01", "version": 1, "parameters": {"drop": 0.45}, "status": "retired"}]
        said = sent(desk, made(signer, desk, sets=sets)).json()
        assert (said["shadowed"], said["changes"][0]["status_after"]) == ([], "retired")

    def test_what_one_desk_exports_is_the_same_here(self, desk):
        activate(desk, propose(desk, drop=0.4))
        observe(desk, "R14")
        answer = desk.call(PROVINCE, "GET", "/v1/rule-packs")
        assert answer.status_code == 200
        said = sent(desk, answer.content, dry_run=True).json()
        assert (said["agency"], said["changes"], said["shadowed"], said["new_versions"]) == ("eea-320000", [], [], [])
        body = orjson.loads(orjson.loads(answer.content)["body"])
        sets = {one["rule"]: (one["parameters"], one["status"]) for one in body["sets"]}
        assert (sets["R01"], sets["R14"]) == (({"drop": 0.4}, "active"), ({}, "shadow"))
        assert {one["id"]: one["document"] for one in body["rules"]}["R01"] == R01


class TestRefused:
    def test_signed_by_nobody(self, desk, signer):
        document = orjson.loads(made(signer, desk))
        for content in (exact({"body": document["body"]}), document["body"].encode(), b"", b"[]", b"{}"):
            answer = sent(desk, content)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unreadable")

    def test_signed_by_another_key(self, desk, signer):
        stranger = Signer(SENDER, DEFAULT, suite(DEFAULT).new_private())
        answer = sent(desk, made(stranger, desk))
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (401, "signer_unknown")
        assert rows(desk, RuleProposal) == []

    def test_signed_by_another_agency(self, desk, signer):
        answer = sent(desk, made(signer, desk, agency="eea-330000"))
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (401, "statement_of_another")

    def test_one_flipped_bit_anywhere(self, desk, signer):
        content = made(signer, desk)
        for place in range(0, len(content), 97):
            flipped = bytearray(content)
            flipped[place] ^= 1
            assert sent(desk, bytes(flipped)).status_code in (401, 422), place
        assert (rows(desk, RuleProposal), rows(desk, RuleVersion)) == ([], [])

    def test_a_digest_of_other_content(self, desk, signer):
        answer = sent(desk, made(signer, desk, digest="0" * 64))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "digest")

    @pytest.mark.parametrize(
        ("rules", "sets", "code", "field"),
        [
            (None, [("R01", 1, {"drop": 0.95})], "out_of_range", "sets.R01.parameters.drop"),
            (None, [("R01", 1, {"depth": 1.0})], "unknown_parameter", "sets.R01.parameters.depth"),
            (None, [("R01", 3, {})], "unknown_version", "sets.R01"),
            (None, [("R99", 1, {})], "no_function", "sets.R99"),
            ([("R99", 1, R01.replace("id: R01", "id: R99"))], [], "no_function", "rules.R99.1"),
            ([("R01", 2, R01)], [], "wrong_version", "rules.R01.2"),
            ([("R01", 1, R01.replace("0.52", "0.53"))], [], "version_differs", "rules.R01.1"),
            ([("R01", 2, SECOND.replace("D1", "D99"))], [], "unreadable_rule", "rules.R01.2"),
            ([("R01", 2, SECOND.replace("value: 0.47", "value: 4.7"))], [], "unreadable_rule", "rules.R01.2"),
            ([("R01", 2, "id: [")], [], "unreadable_rule", "rules.R01.2"),
            ([("R01", 2, WITHOUT_RECOVERY)], [], "missing_parameter", "rules.R01.2"),
        ],
    )
    def test_content_that_does_not_fit_is_named(self, desk, signer, rules, sets, code, field):
        rules = rules and [dict(zip(("id", "version", "document"), one, strict=True)) for one in rules]
        parts = ("rule", "version", "parameters")
        sets = [dict(zip(parts, one, strict=True)) | {"status": "active"} for one in sets]
        answer = sent(desk, made(signer, desk, rules=rules, sets=sets))
        assert answer.status_code == 422
        assert [(one["code"], one["field"]) for one in answer.json()["errors"]] == [(code, field)]
        assert (rows(desk, RuleProposal), rows(desk, RuleVersion)) == ([], [])

    def test_who_may(self, desk, signer):
        content = made(signer, desk)
        for who in (OFFICER, HEAD, POLICE, NOBODY):
            assert sent(desk, content, who).status_code == 403
        reads = {who.actor: desk.call(who, "GET", "/v1/rule-packs").status_code for who in (POLICE, NOBODY, OFFICER)}
        assert list(reads.values()) == [403, 403, 200]


class TestCommands:
    @pytest.fixture
    def lianqin(self, desk, monkeypatch):
        """The command over this desk."""
        settings = desk.rooms["clue"].settings
        for name in ("folder", "database_server", "database_prefix"):
            monkeypatch.setenv(f"LIANQIN_{name.upper()}", str(getattr(settings, name)))
        return lambda *parts: CliRunner().invoke(program(["rules"]), ["rules", *map(str, parts)])

    def test_out_and_in_again(self, desk, lianqin, tmp_path):
        activate(desk, propose(desk, drop=0.45))
        file = tmp_path / "rules.json"
        result = lianqin("export", "--output", file, "--key", "eea-320000")
        assert result.exit_code == 0, result.output
        activate(desk, propose(desk, drop=0.4))
        diff = lianqin("diff", file)
        assert (diff.exit_code, "drop: 0.4 → 0.45 1" in diff.stdout) == (0, True), diff.output
        dry = lianqin("import", file, "--dry-run", "--json")
        assert (dry.exit_code, orjson.loads(dry.stdout)["shadowed"], rule(desk)["proposals"]) == (0, ["R01 v1"], [])
        assert lianqin("import", file).exit_code == 0
        assert rule(desk)["proposals"][0]["parameters"] == {"drop": 0.45}

    def test_an_outsider_verifies_it_with_the_public_key(self, desk, lianqin, tmp_path):
        file, keys = tmp_path / "rules.json", tmp_path / "keys" / "k.json"
        keys.parent.mkdir()
        assert lianqin("export", "--output", file, "--key", "eea-320000").exit_code == 0
        keys.write_bytes(keys_document(keyring_of(desk.rooms["clue"]).public_keys()))
        report = Verifier(Trust(read_keys(keys.read_bytes()))).verify(file)[0]
        assert (report.kind, report.holds, report.facts["agency"]) == ("rule_pack", True, "eea-320000")
        assert Verifier(Trust()).verify(file)[0].has("signer_unknown")

    def test_without_a_desk(self, lianqin, tmp_path, monkeypatch):
        monkeypatch.setenv("LIANQIN_FOLDER", str(tmp_path / "empty"))
        monkeypatch.setenv("LIANQIN_DATABASE_SERVER", "")
        file = tmp_path / "rules.json"
        assert lianqin("export", "--output", file, "--key", "eea-320000").exit_code == 0
        diff = lianqin("diff", file, "--json")
        assert (diff.exit_code, orjson.loads(diff.stdout)["changes"]) == (0, [])
        refused = lianqin("import", file)
        assert (refused.exit_code, "lianqin migrate" in refused.stderr) == (2, True)
        (tmp_path / "empty" / "clue.db").touch()
        assert lianqin("diff", file).exit_code == 2

    def test_only_of_whom_is_trusted(self, desk, lianqin, signer, tmp_path):
        file, keys = tmp_path / "pack.json", tmp_path / "keys.json"
        stranger = Signer(SENDER, DEFAULT, suite(DEFAULT).new_private())
        file.write_bytes(made(stranger, desk))
        refused = lianqin("import", file)
        assert (refused.exit_code, rows(desk, RuleProposal)) == (2, [])
        assert lianqin("diff", file).exit_code == 0
        keys.write_bytes(keys_document([PublicKey(SENDER, DEFAULT, stranger.public, desk.clock.now)]))
        assert lianqin("import", file, "--trust", keys).exit_code == 0
        assert len(rows(desk, RuleProposal)) == 1

    def test_wrong_files_and_keys(self, desk, lianqin, tmp_path):
        file = tmp_path / "pack.json"
        file.write_bytes(b"{}")
        assert lianqin("import", file).exit_code == 2
        assert lianqin("diff", file).exit_code == 2
        assert lianqin("export", "--output", file, "--key", "nobody").exit_code == 2
        assert file.read_bytes() == b"{}"
