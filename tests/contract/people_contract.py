"""What every store of people, and every maker of data keys, does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feedsmith.errors import ConfigurationError
from feedsmith.stores.people import DataKeys, Erasure, Handle, People, Signer, WrappedKey, erased_mark

OLD, NEW = Handle(1, "abc"), Handle(2, "def")
BEGUN = Erasure("acme", erased_mark("acme", "u1"), "sealed", datetime(2026, 3, 1, 12, tzinfo=UTC))


class PeopleContract:
    def test_keys_come_newest_first_and_each_version_is_stored_once(self, people: People) -> None:
        for version in (1, 2, 10):
            assert people.add_tenant_key("acme", WrappedKey(version, bytes([version])))
        assert not people.add_tenant_key("acme", WrappedKey(2, b"other"))
        people.add_tenant_key("beta", WrappedKey(1, b"beta"))
        assert people.tenant_keys("acme") == [WrappedKey(10, b"\x0a"), WrappedKey(2, b"\2"), WrappedKey(1, b"\1")]
        people.drop_tenant_key("acme", 2)
        people.drop_tenant_key("acme", 7)
        assert [key.version for key in people.tenant_keys("acme")] == [10, 1]

    def test_a_handle_is_bound_once_and_unbound_only_from_its_pseudonym(self, people: People) -> None:
        assert people.subject("acme", OLD) is None
        assert people.bind("acme", OLD, "u1") == "u1"
        assert people.bind("acme", OLD, "u2") == "u1"
        assert people.subject("beta", OLD) is None
        assert not people.unbind("acme", OLD, "u2")
        assert people.unbind("acme", OLD, "u1")
        assert not people.unbind("acme", OLD, "u1")
        assert people.subject("acme", OLD) is None

    def test_the_handles_of_a_version_are_listed(self, people: People) -> None:
        people.bind("acme", OLD, "u1")
        people.bind("acme", Handle(1, "xyz"), "u2")
        people.bind("acme", NEW, "u3")
        people.bind("beta", OLD, "u4")
        assert sorted(user for _, user in people.bound("acme", 1)) == ["u1", "u2"]
        assert list(people.bound("acme", 2)) == [(NEW, "u3")]

    def test_an_erasure_is_noted_done_and_forgotten(self, people: People) -> None:
        assert people.erased("acme", ["u1", "u2"]) == set()
        people.begin_erasure(BEGUN)
        people.begin_erasure(BEGUN)
        assert people.erased("acme", ["u1", "u2"]) == {"u1"}
        assert people.erased("beta", ["u1"]) == set()
        assert people.erasures() == people.erasures("acme") == [BEGUN]
        assert people.erasures("beta") == []
        people.finish_erasure("acme", BEGUN.mark)
        assert people.erasures("acme") == [replace(BEGUN, done=True)]
        people.forget_erasure("acme", BEGUN.mark)
        people.finish_erasure("acme", BEGUN.mark)
        assert people.erasures() == []
        assert people.erased("acme", ["u1"]) == set()

    def test_many_are_asked_about_at_once(self, people: People) -> None:
        people.begin_erasure(BEGUN)
        assert people.erased("acme", [f"u{number}" for number in range(250)]) == {"u1"}
        assert people.erased("acme", []) == set()


class DataKeysContract:
    def test_a_key_opens_for_its_tenant_alone(self, data_keys: DataKeys) -> None:
        key, wrapped = data_keys.generate("acme")
        assert len(key) == 32
        assert key not in wrapped
        assert data_keys.unwrap("acme", wrapped) == key
        assert data_keys.generate("acme")[0] != key
        for tenant, changed in (("beta", wrapped), ("acme", wrapped[:-1] + bytes([wrapped[-1] ^ 1]))):
            with pytest.raises(ConfigurationError, match="FEEDSMITH_TENANT_KEY"):
                data_keys.unwrap(tenant, changed)


class SignerContract:
    def test_a_signature_holds_for_its_message_alone(self, signer: Signer) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        public = load_der_public_key(signer.public_key())
        assert isinstance(public, EllipticCurvePublicKey)
        signature = signer.sign(b"said")
        public.verify(signature, b"said", ECDSA(SHA256()))
        with pytest.raises(InvalidSignature):
            public.verify(signature, b"other", ECDSA(SHA256()))
