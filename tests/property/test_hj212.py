"""Laws of HJ 212: nothing makes the decoder raise, what was encoded comes back, the fast checksum is the slow one."""

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clue_service.intake.checksum import checksum
from services.clue_service.intake.frames import Splitter
from services.clue_service.intake.hj212 import decode, encode
from services.clue_service.intake.readings import hours

CODE = st.from_regex(r"[aw][0-9]{5}", fullmatch=True)
FIELD = st.sampled_from(["Rtd", "Min", "Avg", "Max", "ZsAvg", "Cou", "Flag", "EFlag"])
VALUE = st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,4})?|[NFMSDCTB]", fullmatch=True)
FACTORS = st.dictionaries(CODE, st.dictionaries(FIELD, VALUE, min_size=1), max_size=12)
BROKEN = st.lists(
    st.sampled_from([b"##", b"&&", b"CP=&&", b";", b",", b"=", b"-", b"//", b"\r\n", b"0101", b"a21002-Avg=1", b"\xff"])
    | st.binary(max_size=6),
    max_size=40,
).map(b"".join)


def bitwise(data: bytes) -> int:
    """The checksum as the standard writes it."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            lowest = register & 1
            register >>= 1
            if lowest:
                register ^= 0xA001
    return register


@given(st.binary(max_size=3000))
def test_folded_checksum_is_the_bitwise_one(data):
    assert checksum(data) == bitwise(data)


def test_check_values_of_the_standard():
    assert checksum(b"") == 0xFFFF
    segment = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    assert checksum(segment) == 0x1C80


@settings(max_examples=500)
@given(BROKEN | st.binary(max_size=400))
def test_hostile_bytes_never_raise(data):
    frame = decode(data)
    orjson.dumps(frame.as_dict())
    hours(frame)
    decode(b"##0100" + data)


@given(FACTORS, st.sampled_from([4, 5, 8, 9]))
def test_what_was_encoded_comes_back(factors, flag):
    area = ";".join(
        ",".join(f"{code}-{name}={value}" for name, value in fields.items()) for code, fields in factors.items()
    )
    raw = encode(f"QN=20260901010203004;ST=31;CN=2061;PW=123456;MN=M1;Flag={flag};CP=&&{area}&&")
    frame = decode(raw)
    assert (frame.factors, frame.crc_valid, frame.length_ok, frame.deviations) == (factors, True, True, ())
    assert frame.mn == "M1"
    assert frame.flag is not None
    assert frame.flag.value == flag


@given(st.lists(FACTORS, min_size=1, max_size=5), st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_frames_survive_any_cut_of_the_stream(messages, cuts):
    raws = [
        encode("ST=31;CN=2061;MN=M1;CP=&&" + ";".join(f"{code}-Avg=1" for code in factors) + "&&")
        for factors in messages
    ]
    stream = b"\x00noise" + b"".join(raws)
    splitter, found, place = Splitter(), [], 0
    for step in range(len(stream)):
        size = cuts[step % len(cuts)]
        found += splitter.feed(stream[place : place + size])
        place += size
        if place >= len(stream):
            break
    found += [rest for rest in [splitter.rest().strip()] if rest]
    assert [decode(raw).segment for raw in found] == [decode(raw).segment for raw in raws]
    assert splitter.garbage == 6


@settings(max_examples=200)
@given(st.lists(BROKEN, max_size=10))
def test_splitter_is_bounded_whatever_comes(reads):
    splitter = Splitter(max_frame=256)
    for data in reads:
        for raw in splitter.feed(data):
            decode(raw)
    assert len(splitter.rest()) <= 2 * 256
