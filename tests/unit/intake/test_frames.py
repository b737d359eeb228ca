"""Cutting streams into frames and joining split messages."""

from services.clue_service.intake.frames import Assembler, Splitter, packet
from services.clue_service.intake.hj212 import decode, encode
from services.clue_service.intake.readings import hours


def raw(area: str = "a=1", head: str = "QN=1;ST=31;CN=2061;MN=M1;Flag=5") -> bytes:
    return encode(f"{head};CP=&&{area}&&")


def part(number: int, of: int, area: str) -> bytes:
    return raw(area, f"QN=7;ST=31;CN=2061;MN=M1;Flag=7;PNO={number};PNUM={of}")


class TestSplitter:
    def test_byte_by_byte(self):
        splitter = Splitter()
        found = [frame for byte in raw() + raw("b=2") for frame in splitter.feed(bytes([byte]))]
        assert [decode(frame).cp_other for frame in found] == [{"a": "1"}, {"b": "2"}]
        assert splitter.rest().strip() == b""

    def test_several_in_one_read_without_line_ends(self):
        found = Splitter().feed(raw().rstrip() + raw("b=2").rstrip() + raw("c=3"))
        assert [decode(frame).crc_valid for frame in found] == [True, True, True]

    def test_garbage_between_is_counted_and_line_ends_are_not(self):
        splitter = Splitter()
        assert len(splitter.feed(b"\r\nnoise" + raw() + b"\r\nmore#" + raw())) == 2
        assert splitter.garbage == len("noise" + "\r\nmore#".strip())

    def test_wrong_length_resynchronises_at_the_line_end(self):
        for declared in (b"0007", b"0999"):
            splitter = Splitter()
            found = splitter.feed(b"##" + declared + raw()[6:] + raw("b=2"))
            assert [decode(frame).crc_valid for frame in found] == [True, True]
            assert splitter.resynchronised == 1

    def test_torn_frame_does_not_swallow_the_next(self):
        found = Splitter().feed(raw()[:30] + raw("b=2"))
        assert [decode(frame).crc_valid for frame in found] == [False, True]

    def test_endless_frame_is_thrown_away_and_the_next_is_found(self):
        splitter = Splitter(max_frame=1024)
        assert splitter.feed(b"##9999" + b"x" * 5000) == []
        assert splitter.oversize >= 1
        assert len(splitter.rest()) <= 1024
        assert len(splitter.feed(b"\r\n" + raw())) == 1


class TestAssembler:
    def test_out_of_order(self):
        assembler = Assembler()
        second = decode(part(2, 2, "a19001-Avg=6"))
        first = decode(part(1, 2, "DataTime=20260901010000;a21002-Avg=5"))
        assert packet(second) == (2, 2)
        assert hours(first) == []
        assert assembler.add(second, now=0) is None
        whole = assembler.add(first, now=1)
        assert whole is not None
        assert whole.factors == {"a21002": {"Avg": "5"}, "a19001": {"Avg": "6"}}
        assert packet(whole) is None
        assert [reading.quantity for reading in hours(whole)] == ["NOx", "o2"]

    def test_never_completed(self):
        assembler = Assembler()
        assembler.add(decode(part(1, 2, "a=1")), now=0)
        assert assembler.add(decode(part(2, 2, "b=1")), now=11) is None
        assert assembler.expired == 1

    def test_whole_message_passes_and_wrong_checksum_does_not_count(self):
        assembler = Assembler()
        frame = decode(raw())
        assert assembler.add(frame, now=0) is frame
        broken = decode(part(1, 2, "a=1").replace(b"a=1", b"a=2"))
        assert assembler.add(broken, now=0) is None
        assert assembler.add(decode(part(2, 2, "b=1")), now=0) is None

    def test_hostile_numbers_and_many_messages_stay_bounded(self):
        assembler = Assembler(most=3)
        for number in range(10):
            head = f"QN={number};ST=31;CN=2061;MN=M1;Flag=7;PNUM=2;PNO=1"
            assert assembler.add(decode(raw("a=1", head)), now=number / 10) is None
        assert assembler.expired == 7
        for wrong in ("PNUM=99999;PNO=1", "PNUM=2;PNO=3", "PNUM=x;PNO=1", "PNUM=1;PNO=1"):
            assert packet(decode(raw("a=1", f"QN=1;CN=2061;MN=M1;Flag=7;{wrong}"))) is None
