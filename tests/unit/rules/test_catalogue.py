"""The packaged law: complete, looked up by day, and the same for everybody."""

from datetime import date, datetime
from pathlib import Path

import pytest
import yaml

from shared.rules import calendar, catalogue
from shared.rules.calendar import SHANGHAI
from shared.rules.catalogue import NotInForce, UnknownEntry
from shared.rules.entries import article_en
from shared.rules.standards import Standard
from shared.rules.terms import Because, Pause, Term, due

LAW = catalogue.default()
SOURCES = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text(encoding="utf-8"))


def test_every_record_of_the_sources_is_there() -> None:
    assert len(SOURCES["deadlines"]) == 135
    assert len(SOURCES["standards"]) == 108
    agreed = {id for id, versions in LAW.terms.items() if versions[-1].authority == "agreement"}
    assert set(LAW.terms) - agreed == set(SOURCES["deadlines"])
    assert set(LAW.standards) == set(SOURCES["standards"])
    assert set(LAW.requirements) == set(SOURCES["requirement_sets"])
    documents = {document.id for sets in LAW.requirements.values() for set_ in sets for document in set_.documents}
    assert documents == set(SOURCES["documents"])


def test_every_term_is_as_the_source_says() -> None:
    for id, (amount, unit, profile, verified) in SOURCES["deadlines"].items():
        term = LAW.term(id)
        assert (term.amount, term.unit, term.profile, term.verified) == (amount, unit, profile, verified), id


def test_every_standard_is_as_the_source_says() -> None:
    for id, (article, target, verified) in SOURCES["standards"].items():
        standard = LAW.standard(id)
        assert (standard.cite.article, standard.target_agency, standard.verified) == (article, target, verified), id


def test_entries_have_names_citations_and_quotations() -> None:
    terms = [term for versions in LAW.terms.values() for term in versions]
    standards = [standard for versions in LAW.standards.values() for standard in versions]
    entries: list[Term | Standard] = [*terms, *standards]
    for entry in entries:
        assert entry.name_zh
        assert entry.name_en
        assert entry.cite.instrument in LAW.instruments
        assert entry.quotation or not entry.verified or getattr(entry, "authority", "law") == "agreement"


def test_what_is_agreed_is_never_called_law() -> None:
    terms = [term for versions in LAW.terms.values() for term in versions]
    agreed = [term for term in terms if term.cite.instrument == "agency_agreement"]
    assert len(agreed) == 15
    assert all(term.authority == "agreement" and not term.quotation for term in agreed)
    assert {term.authority for term in terms if term not in agreed} == {"law"}


def test_a_version_is_chosen_by_its_day() -> None:
    assert LAW.term("public_security_case_limit_pre2026", on=date(2025, 12, 31)).unit == "natural_days"
    with pytest.raises(NotInForce, match="2026-01-01"):
        LAW.term("public_security_case_limit", on=date(2025, 12, 31))
    with pytest.raises(UnknownEntry, match="no entry"):
        LAW.term("nothing")
    with pytest.raises(UnknownEntry, match="version 9"):
        LAW.procedure_version("clue_handling", 9)
    assert LAW.procedure_version("clue_handling", 1) is LAW.procedure("clue_handling", on=date(2026, 1, 1))


def test_the_catalogue_of_a_day_holds_only_what_was_in_force() -> None:
    then = LAW.on(date(2025, 6, 1))
    assert "det_epl63_3" in then.standards
    assert "det_fd1108_evasion_discharge" not in then.standards
    assert "det_epl63_3" not in LAW.on(date(2026, 8, 15)).standards


def test_the_digest_is_stable_and_follows_the_data(tmp_path: Path) -> None:
    assert catalogue.load().digest == LAW.digest
    for file in catalogue.DATA.rglob("*.yaml"):
        target = tmp_path / file.relative_to(catalogue.DATA)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text(encoding="utf-8").replace("立即办理", "马上办理"), encoding="utf-8")
    assert catalogue.load(tmp_path).digest != LAW.digest


def test_the_directory_knows_superiors_and_supervising_procuratorates() -> None:
    assert len(LAW.agencies) == 13 * 14
    assert LAW.agencies["psb-320500"].superior == "psb-320000"
    procuratorate = LAW.supervising_procuratorate("psb-320500")
    assert procuratorate is not None
    assert procuratorate.id == "pro-320500"
    assert LAW.supervising_procuratorate("psb-999999") is None


def test_parts_of_the_hand_over_are_two() -> None:
    assert LAW.term("criminal_referral_handover").stops_on == ("police_receipt", "procuratorate_copy")


def test_articles_are_written_in_english() -> None:
    assert article_en("第一千零六十条第(二)项") == "art. 1060 (2)"
    assert article_en("第六条") == "art. 6"
    assert article_en("第九条第二款") == "art. 9 para. 2"


def test_an_open_pause_is_projected_to_a_day() -> None:
    start = datetime(2025, 3, 10, 9, tzinfo=SHANGHAI)
    open_pause = [Pause(date(2025, 4, 1), None, "衔接办法第十六条")]
    term = LAW.term("eep_case_limit")
    paused = due(term, start, calendar=calendar.default(), pauses=open_pause, as_of=date(2025, 5, 20))
    assert (paused.paused, paused.on) == (True, date(2025, 7, 27))
    assert "pause_open" in [step.code for step in paused.because]
    assert due(term, start, calendar=calendar.default(), pauses=open_pause).on == date(2025, 6, 8)


def test_reasons_name_the_holiday() -> None:
    found = due(
        LAW.term("criminal_referral_approval"),
        datetime(2025, 9, 30, 15, tzinfo=SHANGHAI),
        calendar=calendar.default(),
    )
    rolled: Because = found.because[-1]
    assert rolled.code == "rolled_over"
    assert "国庆节" in rolled.zh
    assert "2025-10-09" in rolled.en
    assert found.lapses_at(SHANGHAI) == datetime(2025, 10, 10, tzinfo=SHANGHAI)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due(LAW.term("fine_payment"), datetime(2025, 9, 30), calendar=calendar.default())  # noqa: DTZ001 the point
