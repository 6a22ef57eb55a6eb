"""ports.KeyStore in a PKCS#11 token (OASIS PKCS#11 v2.40): CA keys that are made there and never leave it.

`cryptography` signs certificates, CRLs and OCSP answers with any object of its private key interface; the classes here are
such objects, whose signatures the token makes. P-256, P-384 and RSA; few tokens know Ed25519.
"""

import contextlib
import threading
from collections.abc import Callable
from typing import Any, NoReturn, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from handclasp.adapters.key_files import generate_key
from handclasp.adapters.pkcs11_failures import failures
from handclasp.model.errors import PolicyError, WorldError
from handclasp.model.issuance import KeyType
from handclasp.pki.signing import digest_of

PREFIX = "pkcs11:"
"""Before the name of a key that is in the token: in ports.Authority.key."""

_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest in a signature of RSASSA-PKCS1-v1_5 (RFC 8017 9.2, note 1)."""

Sign = Callable[[bytes, Any], bytes]
"""Signs data with a mechanism of the token."""

_CURVES = {KeyType.EC_P256: "secp256r1", KeyType.EC_P384: "secp384r1"}


class TokenKeys:
    """CA keys in one token.

    Args:
        module: path of the PKCS#11 library of the token.
        token: label of the token, or its serial number where several have that label.
        pin: asked once per run, when a private key is first needed.
    """

    def __init__(self, module: str, token: str, pin: Callable[[], bytes]) -> None:
        self._module = module
        self._token = token
        self._pin = pin
        self._session: Any = None
        self._wrong: bytes | None = None
        self._keys: dict[str, Any] = {}
        self._one_at_a_time = threading.Lock()

    def check(self) -> None:
        """WorldError when the library is none, or the token is not there; asks for no PIN."""
        self._look()

    def prepare(self, *, new: bool) -> None:
        """Nothing to ask for beforehand: the PIN is asked for when the token is opened."""

    def create(self, label: str, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """Make a key in the token and return it. PolicyError if the label is taken, or the kind is none for tokens."""
        if self.exists(label):
            raise PolicyError(f"there is a key named {label} in the token {self._token} already", hint="choose another label")
        if key_type is KeyType.ED25519:
            raise PolicyError("few tokens hold Ed25519 keys", hint="use --key-type ec-p256, ec-p384, rsa-3072 or rsa-4096")
        session = self._opened()
        import pkcs11
        from pkcs11.util.ec import encode_named_curve_parameters

        kept = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
        options: dict[str, Any] = {"store": True, "label": label, "id": label.encode(), "private_template": kept}
        with self._failures():
            if key_type in _CURVES:
                curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[key_type])}
                session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True).generate_keypair(**options)
            else:
                bits = int(key_type.removeprefix("rsa-"))
                session.generate_keypair(pkcs11.KeyType.RSA, bits, **options)
        return self.open(label)

    def adopt(self, label: str, key: CertificateIssuerPrivateKeyTypes) -> NoReturn:
        """A key that was made elsewhere is no secret of this token: PolicyError."""
        raise PolicyError(f"{label} was made elsewhere: a token keeps only keys that it made")

    def change_passphrase(self, new: bytes, replaced: Callable[[], None]) -> NoReturn:
        """PINs are changed with the tool of the token."""
        raise PolicyError("the PIN of a token is changed with its own tool", hint="for example: pkcs11-tool --change-pin")

    def generate(self, key_type: KeyType) -> CertificateIssuerPrivateKeyTypes:
        """A fresh key that is not kept."""
        return generate_key(key_type)

    def exists(self, label: str) -> bool:
        """Whether the token is there and has a key of this label; asks for no PIN."""
        with self._failures():
            from pkcs11.exceptions import NoSuchToken, TokenNotPresent

            try:
                with self._found().open() as session:
                    return bool(list(session.get_objects(_public(label))))
            except (NoSuchToken, TokenNotPresent):
                return False

    def sealed(self, label: str) -> bytes:
        """PolicyError: it never leaves its token."""
        raise PolicyError(
            f"the key {label} is in a PKCS#11 token and stays there", hint="openssl has engines and providers for it"
        )

    def open(self, label: str) -> CertificateIssuerPrivateKeyTypes:
        """A key of the token. WorldError when it is missing or the PIN is wrong."""
        with self._failures():
            import pkcs11

            found = list(self._opened().get_objects(_public(label)))
            if not found:
                raise WorldError(f"there is no key {label} in the token", where=self._token, hint="is it the right token?")
            make = _rsa if found[0].key_type == pkcs11.KeyType.RSA else _ec
            return make(found[0], lambda data, mechanism: self._signed(label, data, mechanism))

    def _signed(self, label: str, data: bytes, mechanism: Any) -> bytes:
        """A signature of a key that may have been opened before the token was removed and came back."""
        with self._one_at_a_time, self._failures():
            return bytes(self._private(label).sign(data, mechanism=mechanism))

    def _private(self, label: str) -> Any:
        import pkcs11

        if label not in self._keys:
            wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.LABEL: label}
            found = list(self._opened().get_objects(wanted))
            if not found:
                raise WorldError(f"the private half of {label} is not in the token", where=self._token)
            self._keys[label] = found[0]
        return self._keys[label]

    def _opened(self) -> Any:
        if self._session is None:
            token, given = self._look(), self._pin()
            if given == self._wrong:  # a server would lock the token with it
                raise WorldError("the PIN is wrong", where=self._token, hint="it was refused before, and is not tried again")
            with self._failures():
                self._session = self._logged_in(token, given)
        return self._session

    def _logged_in(self, token: Any, given: bytes) -> Any:
        from pkcs11.exceptions import PinIncorrect, UserAlreadyLoggedIn

        try:
            return token.open(rw=True, user_pin=given.decode())
        except UserAlreadyLoggedIn:  # holds for all sessions of a process
            return token.open(rw=True)
        except PinIncorrect:
            self._wrong = given
            raise

    def _forget(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is gone, or as good as gone
            if self._session is not None:
                self._session.close()
        self._session = None
        self._keys.clear()

    def _look(self) -> Any:
        with self._failures():
            return self._found()

    def _found(self) -> Any:
        import pkcs11
        from pkcs11.exceptions import NoSuchToken

        library = pkcs11.lib(self._module)
        try:
            return library.get_token(token_label=self._token)
        except NoSuchToken:
            return library.get_token(token_serial=self._token.encode())

    def _failures(self) -> contextlib.AbstractContextManager[None]:
        return failures(self._module, self._token, self._forget)


def _public(label: str) -> dict[Any, Any]:
    import pkcs11

    return {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.Attribute.LABEL: label}


def _ec(public: Any, sign: Sign) -> "TokenEcKey":
    from pkcs11.util.ec import encode_ec_public_key

    known = load_der_public_key(encode_ec_public_key(public))
    return TokenEcKey(cast("ec.EllipticCurvePublicKey", known), sign)


def _rsa(public: Any, sign: Sign) -> "TokenRsaKey":
    import pkcs11

    modulus, exponent = (
        int.from_bytes(public[one], "big") for one in (pkcs11.Attribute.MODULUS, pkcs11.Attribute.PUBLIC_EXPONENT)
    )
    return TokenRsaKey(rsa.RSAPublicNumbers(exponent, modulus).public_key(), sign)


class TokenEcKey(ec.EllipticCurvePrivateKey):
    """An EC key whose private half is in a token."""

    def __init__(self, public: ec.EllipticCurvePublicKey, sign: Sign) -> None:
        self._public, self._sign = public, sign

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """ECDSA over the digest, as Ecdsa-Sig-Value."""
        from pkcs11 import Mechanism

        algorithm = signature_algorithm.algorithm
        hashed = data if isinstance(algorithm, Prehashed) else digest_of(algorithm, (data,))
        raw = self._sign(hashed, Mechanism.ECDSA)
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        """Its curve."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits."""
        return self._public.key_size

    def exchange(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Not done: a CA key signs."""
        raise _kept()

    def private_numbers(self) -> NoReturn:
        """Never: the key does not leave the token."""
        raise _kept()

    def private_bytes(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Never: the key does not leave the token."""
        raise _kept()

    def __copy__(self) -> "TokenEcKey":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenEcKey":
        return self


class TokenRsaKey(rsa.RSAPrivateKey):
    """An RSA key whose private half is in a token."""

    def __init__(self, public: rsa.RSAPublicKey, sign: Sign) -> None:
        self._public, self._sign = public, sign

    def sign(self, data: Any, padding: padding.AsymmetricPadding, algorithm: Any) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256, which is what CAs of ours sign with."""
        from pkcs11 import Mechanism

        if isinstance(algorithm, Prehashed) and len(data) == hashes.SHA256.digest_size:
            return self._sign(_SHA256_INFO + data, Mechanism.RSA_PKCS)
        if not isinstance(algorithm, hashes.SHA256):
            raise TypeError("RSA keys in tokens sign with SHA-256")
        return self._sign(data, Mechanism.SHA256_RSA_PKCS)

    def public_key(self) -> rsa.RSAPublicKey:
        """The public half."""
        return self._public

    @property
    def key_size(self) -> int:
        """Bits."""
        return self._public.key_size

    def decrypt(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Not done: a CA key signs."""
        raise _kept()

    def private_numbers(self) -> NoReturn:
        """Never: the key does not leave the token."""
        raise _kept()

    def private_bytes(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Never: the key does not leave the token."""
        raise _kept()

    def __copy__(self) -> "TokenRsaKey":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenRsaKey":
        return self


def _kept() -> PolicyError:
    return PolicyError("this key is in a token and stays there")
