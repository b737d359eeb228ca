"""HJ 212 frames as devices really send them."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from services.clue_service.demo_data import demo
from services.clue_service.intake.answers import acknowledge
from services.clue_service.intake.checksum import modbus
from services.clue_service.intake.hj212 import decode, encode
from shared.clock import ZONE

EXAMPLES = json.loads((Path(demo.__file__).parent / "hj212_examples.json").read_text(encoding="utf-8"))["messages"]
HEAD = "QN=20260901010203004;ST=31;CN=2061;PW=123456;MN=M1;Flag=5;CP="
AT = datetime(2026, 9, 1, 1, 2, 3, 4000, tzinfo=ZONE)


@pytest.mark.parametrize("example", EXAMPLES, ids=[one["id"] for one in EXAMPLES])
@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n", ""])
def test_published_frames_decode_exactly(example, ending):
    found = decode(example["raw"].rstrip().encode() + ending.encode()).as_dict()
    assert found == example["expected"]
    assert list(found) == list(example["expected"])


class TestDeviations:
    def test_lower_case_checksum(self):
        raw = encode(HEAD + "&&DataTime=20260901010000&&")
        frame = decode(raw[:-6] + raw[-6:].lower())
        assert frame.crc_valid
        assert frame.deviations == ()

    def test_missing_line_end(self):
        frame = decode(encode(HEAD + "&&a=1&&").rstrip())
        assert (frame.crc_valid, frame.length_ok, frame.deviations) == (True, True, ("no_crlf",))

    def test_garbage_before(self):
        frame = decode(b"\x00\xff##x" + encode(HEAD + "&&a=1&&"))
        assert frame.crc_valid
        assert frame.deviations == ("garbage_before",)

    def test_wrong_length_is_found_by_the_closing_mark(self):
        raw = encode(HEAD + "&&a21002-Avg=5&&")
        frame = decode(b"##0007" + raw[6:])
        assert (frame.declared_length, frame.length_ok, frame.crc_valid) == (7, False, True)
        assert frame.factors == {"a21002": {"Avg": "5"}}

    def test_missing_length(self):
        frame = decode(b"##" + encode(HEAD + "&&a=1&&")[6:])
        assert (frame.declared_length, frame.crc_valid, frame.mn) == (None, True, "M1")

    def test_duplicate_fields_keep_the_last(self):
        frame = decode(encode(HEAD + "&&a21002-Avg=5,a21002-Avg=6;a21002-Flag=N&&"))
        assert frame.factors == {"a21002": {"Avg": "6", "Flag": "N"}}
        assert "duplicate_field" in frame.deviations

    def test_flag_after_semicolon_belongs_to_its_factor(self):
        frame = decode(encode("ST=32;CN=2011;PW=1;MN=M1;CP=&&011-Rtd=231.0;011-Flag=N&&"))
        assert frame.factors == {"011": {"Rtd": "231.0", "Flag": "N"}}
        assert frame.deviations == ()

    def test_upper_case_flag_and_comma_in_the_head(self):
        frame = decode(encode("QN=1,ST=31,CN=2011;PW=1;MN=M1;FLAG=7;PNO=1;PNUM=2;CP=&&a=1&&"))
        assert frame.flag is not None
        assert (frame.flag.value, frame.flag.has_packet_no, frame.flag.needs_ack) == (7, True, True)
        assert (frame.st, frame.pnum, frame.pno) == ("31", "2", "1")
        assert frame.deviations == ("comma_in_head",)

    def test_lower_case_head_names(self):
        frame = decode(encode("qn=1;st=31;cn=2011;mn=M1;flag=4;cp=&&a=1&&"))
        assert (frame.qn, frame.mn, frame.cp_other) == ("1", "M1", {"a": "1"})
        assert frame.flag is not None

    def test_seventeen_digit_time(self):
        frame = decode(encode(HEAD + "&&DataTime=20260901010203004&&"))
        assert frame.cp_other["DataTime"] == "20260901010203004"
        assert str(frame.data_at) == "2026-09-01 01:02:03"

    def test_impossible_time_is_kept_and_not_read(self):
        frame = decode(encode(HEAD + "&&DataTime=20261399999999&&"))
        assert frame.cp_other["DataTime"] == "20261399999999"
        assert frame.data_at is None

    def test_free_text_keeps_its_separators(self):
        frame = decode(encode(HEAD + "&&DataTime=20260901010000;i11001-Info=//校准;开始,x=1//&&"))
        assert frame.factors == {"i11001": {"Info": "//校准;开始,x=1//"}}

    def test_resent_data_of_2025(self):
        frame = decode(encode("QN=1;ST=31;CN=2061;PW=1;MN=M1;Flag=9;RF=1;CP=&&a=1&&"))
        assert frame.rf == "1"
        assert frame.as_dict()["flag"]["version_name"] == "HJ 212-2025"

    def test_encrypted_area_is_named_and_the_clear_rest_read(self):
        frame = decode(encode(HEAD + "&&{0xE4,0x3E}a21002-Avg=5&&"))
        assert "encrypted" in frame.deviations
        assert frame.factors == {"a21002": {"Avg": "5"}}

    def test_torn_frame_is_no_valid_one(self):
        frame = decode(encode(HEAD + "&&a21002-Avg=5&&")[:80])
        assert not frame.crc_valid
        assert frame.problem is None
        assert "no_end" in frame.deviations

    def test_gbk_text(self):
        frame = decode(b"##0001" + HEAD.encode() + "&&a=仪器停电&&".encode("gb18030") + b"0000")
        assert frame.cp_other == {"a": "仪器停电"}
        assert "not_utf8" in frame.deviations

    @pytest.mark.parametrize("raw", [b"", b"hello", b"##", b"##0012", b"#\x00#\r\n"])
    def test_no_frame_says_so_in_both_languages(self, raw):
        problem = decode(raw).problem
        assert problem is not None
        assert problem["zh"]
        assert problem["en"]


class TestChecksumHints:
    def test_modbus_plain_and_swapped_are_recognised(self):
        segment = (HEAD + "&&a=1&&").encode()
        other = modbus(segment)
        assert modbus(b"123456789") == 0x4B37  # the catalogue's check value of CRC-16/MODBUS
        for value, words in ((other, "matches CRC-16/MODBUS"), ((other & 255) << 8 | other >> 8, "byte-swapped")):
            frame = decode(b"##%04d%s%04X\r\n" % (len(segment), segment, value))
            assert not frame.crc_valid
            assert frame.crc_hint is not None
            assert words in frame.crc_hint

    def test_absent(self):
        frame = decode(b"##0009CP=&&a=1&&\r\n")
        assert (frame.crc_in_frame, frame.crc_valid) == (None, False)
        assert frame.crc_hint == "no checksum in the frame"


class TestAnswers:
    def test_upload_is_acknowledged_under_its_own_number(self):
        answer = decode(acknowledge(decode(encode(HEAD + "&&a=1&&")), at=AT))
        assert (answer.cn, answer.st, answer.qn, answer.mn) == ("9014", "91", "20260901010203004", "M1")
        assert (answer.crc_valid, answer.length_ok) == (True, True)
        assert answer.flag is not None
        assert (answer.flag.version_bits, answer.flag.needs_ack) == (1, False)

    def test_wrong_checksum_asks_for_it_again(self):
        raw = encode(HEAD + "&&a=1&&").replace(b"a=1", b"a=2")
        answer = decode(acknowledge(decode(raw), at=AT))
        assert (answer.cn, answer.cp_other) == ("9011", {"QnRtn": "9"})

    def test_clock_request_and_unknown_command(self):
        notice = decode(acknowledge(decode(encode("ST=31;CN=1013;PW=1;MN=M1;Flag=5;CP=&&&&")), at=AT))
        assert (notice.cn, notice.qn) == ("9013", "20260901010203004")
        other = decode(acknowledge(decode(encode("QN=1;ST=31;CN=8888;PW=1;MN=M1;Flag=9;CP=&&&&")), at=AT))
        assert (other.cn, other.cp_other) == ("9011", {"QnRtn": "100"})
        assert other.flag is not None
        assert other.flag.version_bits == 2

    @pytest.mark.parametrize("head", ["ST=31;CN=2061;MN=M1;Flag=4;CP=&&&&", "ST=31;CN=2061;MN=M1;CP=&&&&"])
    def test_silent_when_nobody_waits(self, head):
        assert acknowledge(decode(encode(head)), at=AT) == b""
        assert acknowledge(decode(b"noise"), at=AT) == b""
