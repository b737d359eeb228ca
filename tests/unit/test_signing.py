"""Standard Webhooks signatures: ours against the reference library and the published vector, and what never holds."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from shared.errors import SignatureInvalid
from shared.signing import internal_key, key_bytes, new_secret, sign, verify

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_AT = datetime.fromtimestamp(1614265330, tz=UTC)
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The example of the Standard Webhooks libraries."""


def pair() -> tuple[str, str]:
    """Return an Ed25519 key as `whsk_` and `whpk_`."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return (
        "whsk_" + base64.b64encode(private.private_bytes_raw()).decode(),
        "whpk_" + base64.b64encode(public).decode(),
    )


class TestAgainstTheReference:
    def test_the_published_vector(self) -> None:
        headers = sign(VECTOR_BODY, message_id=VECTOR_ID, now=VECTOR_AT, keys=[SECRET])
        assert headers["webhook-signature"] == VECTOR
        assert verify(VECTOR_BODY, headers, now=VECTOR_AT, keys=[SECRET]) == VECTOR_ID

    @given(body=st.text(max_size=200), message_id=st.from_regex(r"[A-Za-z0-9_.-]{1,40}", fullmatch=True))
    def test_both_sign_alike(self, body: str, message_id: str) -> None:
        headers = sign(body.encode(), message_id=message_id, now=NOW, keys=[SECRET])
        assert headers["webhook-signature"] == Webhook(SECRET).sign(message_id, NOW, body)
        assert verify(body.encode(), headers, now=NOW, keys=[SECRET]) == message_id

    def test_header_names_in_any_case(self) -> None:
        headers = sign(b"{}", message_id="m", now=NOW, keys=[SECRET])
        shouted = {name.upper(): value for name, value in headers.items()}
        assert verify(b"{}", shouted, now=NOW, keys=[SECRET]) == "m"


class TestRotation:
    def test_signed_with_both_verified_with_either(self) -> None:
        old, new = new_secret(), new_secret()
        headers = sign(b"{}", message_id="m", now=NOW, keys=[new, old])
        assert len(headers["webhook-signature"].split()) == 2
        for key in (old, new):
            assert verify(b"{}", headers, now=NOW, keys=[key]) == "m"

    def test_verified_with_several_keys_of_both_kinds(self) -> None:
        private, public = pair()
        headers = sign(b"{}", message_id="m", now=NOW, keys=[private])
        assert headers["webhook-signature"].startswith("v1a,")
        assert verify(b"{}", headers, now=NOW, keys=[new_secret(), public]) == "m"

    def test_a_signature_of_an_unknown_version_is_passed_over(self) -> None:
        headers = sign(b"{}", message_id="m", now=NOW, keys=[SECRET])
        headers["webhook-signature"] = f"v9,AAAA v1a,AAAA {headers['webhook-signature']}"
        assert verify(b"{}", headers, now=NOW, keys=[SECRET]) == "m"


class TestRefused:
    @pytest.mark.parametrize(
        "change",
        [
            {"webhook-id": "other"},
            {"webhook-id": ""},
            {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
            {"webhook-timestamp": str(int(NOW.timestamp()) - 301)},
            {"webhook-timestamp": str(int(NOW.timestamp()) + 301)},
            {"webhook-timestamp": "1.5"},
            {"webhook-timestamp": "-5"},
            {"webhook-timestamp": "٣"},
            {"webhook-timestamp": "9" * 13},
            {"webhook-signature": ""},
            {"webhook-signature": "v1,"},
            {"webhook-signature": "v1"},
            {"webhook-signature": "v1,not base64"},
            {"webhook-signature": "v1a,AAAA"},
            {"webhook-signature": "v1,é"},
        ],
    )
    def test_whatever_was_changed(self, change: dict[str, str]) -> None:
        headers = sign(b"{}", message_id="m", now=NOW, keys=[SECRET]) | change
        with pytest.raises(SignatureInvalid):
            verify(b"{}", headers, now=NOW, keys=[SECRET, pair()[1]])

    @given(position=st.integers(0, 19), flip=st.integers(1, 255))
    def test_a_single_bit(self, position: int, flip: int) -> None:
        headers = sign(VECTOR_BODY, message_id="m", now=NOW, keys=[SECRET])
        changed = bytearray(VECTOR_BODY)
        changed[position] ^= flip
        with pytest.raises(SignatureInvalid):
            verify(bytes(changed), headers, now=NOW, keys=[SECRET])

    def test_a_public_key_is_no_shared_secret(self) -> None:
        _, public = pair()
        forged = "whsec_" + public.removeprefix("whpk_")
        headers = sign(b"{}", message_id="m", now=NOW, keys=[forged])
        with pytest.raises(SignatureInvalid):
            verify(b"{}", headers, now=NOW, keys=[public])

    def test_without_keys_nothing_holds(self) -> None:
        headers = sign(b"{}", message_id="m", now=NOW, keys=[SECRET])
        with pytest.raises(SignatureInvalid):
            verify(b"{}", headers, now=NOW, keys=[])

    def test_at_the_edge_of_five_minutes_it_still_holds(self) -> None:
        headers = sign(b"{}", message_id="m", now=NOW, keys=[SECRET])
        for seconds in (-300, 300):
            later = datetime.fromtimestamp(NOW.timestamp() + seconds, tz=UTC)
            assert verify(b"{}", headers, now=later, keys=[SECRET]) == "m"


class TestKeys:
    def test_fresh_secrets_differ_and_have_256_bits(self) -> None:
        made = {new_secret() for _ in range(20)}
        assert len(made) == 20
        assert {len(key_bytes(key)) for key in made} == {32}

    def test_another_prefix_is_no_key(self) -> None:
        with pytest.raises(ValueError, match="whsec_"):
            key_bytes("secret_AAAA")

    def test_the_rooms_key_is_not_the_secret_itself(self) -> None:
        assert internal_key("a") != internal_key("b")
        assert b"internal" not in key_bytes(internal_key("internal"))
