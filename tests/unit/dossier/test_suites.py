"""Signature suites against published vectors."""

import sys

import pytest

from shared.dossier import suites
from shared.dossier.suites import Ed25519, Sm2, Sm3, SuiteUnavailable, suite

# GM/T 0003.5-2012 (GB/T 32918.5-2017), Annex A.2: signature on the recommended curve.
PRIVATE = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
PUBLIC = (
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
NONCE = "59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"
DIGEST = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
SIGNED = (
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


def test_sm3_vectors():
    """GB/T 32905-2016, Annex A."""
    assert Sm3(b"abc").hexdigest() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert Sm3(b"abcd" * 16).hexdigest() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_sm2_vector():
    found, private, public = Sm2(), bytes.fromhex(PRIVATE), bytes.fromhex(PUBLIC)
    assert found.public(private) == public
    assert found.digest(public, b"message digest") == bytes.fromhex(DIGEST)
    assert found.sign_with(private, b"message digest", nonce=int(NONCE, 16)) == bytes.fromhex(SIGNED)
    assert found.verify(public, b"message digest", bytes.fromhex(SIGNED))
    assert not found.verify(public, b"message digesT", bytes.fromhex(SIGNED))


def test_sm2_refuses_what_is_out_of_range_or_off_the_curve():
    found, public = Sm2(), bytes.fromhex(PUBLIC)
    r, s = bytes.fromhex(SIGNED)[:32], int.from_bytes(bytes.fromhex(SIGNED)[32:])
    for wrong in (0, ORDER, ORDER - int.from_bytes(r)):
        assert not found.verify(public, b"message digest", r + wrong.to_bytes(32))
    assert s + ORDER >= 2**256 or not found.verify(public, b"message digest", r + (s + ORDER).to_bytes(32))
    assert not found.verify(bytes(64), b"message digest", bytes.fromhex(SIGNED))
    assert not found.verify(public[:-1], b"message digest", bytes.fromhex(SIGNED))
    assert not found.verify(public, b"message digest", b"")


def test_ed25519_vector():
    """RFC 8032, section 7.1, test 2."""
    found = Ed25519()
    private = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signed = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert found.public(private) == public
    assert found.sign(private, b"\x72") == signed
    assert found.verify(public, b"\x72", signed)
    assert not found.verify(public, b"\x73", signed)
    assert not found.verify(b"short", b"\x72", signed)


@pytest.mark.parametrize("name", list(suites.SUITES))
def test_fresh_keys_sign(name: str):
    found = suite(name)
    private = found.new_private()
    signed = found.sign(private, "移送".encode())
    assert found.verify(found.public(private), "移送".encode(), signed)
    assert not found.verify(found.public(found.new_private()), "移送".encode(), signed)


def test_without_the_extra_the_national_profile_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "gmssl", None)
    with pytest.raises(SuiteUnavailable, match=r"lianqin\[gm\]"):
        suite("sm2-sm3").new_private()


def test_a_suite_nobody_has():
    with pytest.raises(LookupError, match="ed25519-sha256"):
        suite("rsa")
