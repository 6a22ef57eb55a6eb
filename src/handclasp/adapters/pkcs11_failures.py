"""What a PKCS#11 token answers when it does not do what it was asked (OASIS PKCS#11 v2.40, 5.1), in words, with what helps."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from handclasp.model.errors import WorldError


class _Answer(NamedTuple):
    what: str
    hint: str


def _token_error(what: str, hint: str) -> _Answer:
    """What an answer of a token means, and what helps."""
    return _Answer(what, hint)


_OTHER_PIN = "pkcs11-tool --change-pin sets another"
_OTHER_KEY = "choose another --key-type"
_WORDS = {
    "PinIncorrect": _token_error(
        "the PIN is wrong", "it was tried once, and is not tried again: after a few more, the token locks itself"
    ),
    "PinInvalid": _token_error("the PIN has a character that this token does not know", _OTHER_PIN),
    "PinLenRange": _token_error("the PIN is wrong: this token has none of that length", "is it the PIN of this token?"),
    "PinLocked": _token_error(
        "the token is locked: a wrong PIN was tried too often",
        "its security officer sets a new one: pkcs11-tool --login --login-type so --init-pin",
    ),
    "PinExpired": _token_error("the PIN has expired", _OTHER_PIN),
    "UserPinNotInitialized": _token_error(
        "the token has no user PIN yet", "its security officer sets one: pkcs11-tool --login --login-type so --init-pin"
    ),
    "DeviceMemory": _token_error(
        "the token is full", "pkcs11-tool --list-objects says what is in it: remove what nobody needs, or take another token"
    ),
    "TokenWriteProtected": _token_error("the token is write-protected", "no key can be made in it: take another token"),
    "SessionCount": _token_error("too many programs use the token at once", "end one of them, and try again"),
    "MechanismInvalid": _token_error("the token does not make such keys or signatures", _OTHER_KEY),
    "KeySizeRange": _token_error("the token makes no keys of that size", _OTHER_KEY),
}
_GONE = ("DeviceRemoved", "DeviceError", "SessionHandleInvalid", "SessionClosed", "TokenNotRecognised", "KeyHandleInvalid")
_NOT_WORKING = ("GeneralError", "FunctionFailed")


@contextlib.contextmanager
def failures(module: str, token: str, forget: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn what the library raises into WorldError.

    Args:
        module: path of the PKCS#11 library.
        token: label of the token.
        forget: called when the session is of no use any more, so that the next try opens another.
    """
    try:
        from pkcs11 import exceptions
    except ImportError as error:
        raise WorldError("keys in tokens need the package python-pkcs11", hint="pip install 'handclasp[pkcs11]'") from error
    try:
        yield
    except (exceptions.NoSuchToken, exceptions.TokenNotPresent) as error:
        forget()
        raise WorldError(f"there is no token {token}", where=module, hint=_present(module)) from error
    except exceptions.MultipleTokensReturned as error:
        raise WorldError(f"several tokens are called {token}", where=module, hint=_which(module, token)) from error
    except (exceptions.PKCS11Error, RuntimeError) as error:
        kind, words = type(error).__name__, str(error)
        if kind in _WORDS:
            raise WorldError(_WORDS[kind].what, where=token, hint=_WORDS[kind].hint) from error
        if kind in _GONE:
            forget()
            raise WorldError(f"the token was removed or reset amid the work ({kind})", where=token, hint=_AGAIN) from error
        if "while loading" in words or "C_GetFunctionList" in words:
            what = "this is no PKCS#11 library" if os.path.exists(module) else "there is no such library"
            raise WorldError(what, where=module, hint=_LIBRARIES) from error
        hint = _REACH if kind in _NOT_WORKING else None
        raise WorldError(f"the token failed: {words or kind}", where=f"{module}, {token}", hint=hint) from error


_AGAIN = "plug it in, and run the command again: it goes on where it stopped"
_LIBRARIES = "for SoftHSM: /usr/lib/softhsm/libsofthsm2.so; for smart cards: opensc-pkcs11.so of the package opensc-pkcs11"
_REACH = "is its service running, and may this user use it? for SoftHSM: SOFTHSM2_CONF names its configuration"


def _present(module: str) -> str:
    """What to do about a token that is not there: the ones that are."""
    labels = sorted({label for slot in _slots(module) if (label := _label(slot))})
    named = f"this library knows: {', '.join(labels)}\n" if labels else ""
    return f"{named}plug it in, or set its label: handclasp ca token --module LIBRARY --token LABEL"


def _which(module: str, label: str) -> str:
    """How to say which of several tokens is meant."""
    found = (slot.get_token() for slot in _slots(module) if _label(slot) == label)
    serials = sorted(token.serial.decode("ascii", "replace").strip("\0 ") for token in found)
    return f"name one by its serial number ({', '.join(serials)}): handclasp ca token --module LIBRARY --token SERIAL"


def _slots(module: str) -> list[Any]:
    import pkcs11

    with contextlib.suppress(RuntimeError):
        return list(pkcs11.lib(module).get_slots(token_present=True))
    return []


def _label(slot: Any) -> str:
    with contextlib.suppress(RuntimeError):
        return str(slot.get_token().label).strip()
    return ""
