"""What a device is, for bundles and their cards."""

from dataclasses import dataclass
from enum import StrEnum

from handclasp.model.card import Step
from handclasp.model.issuance import KeyType
from handclasp.model.text import Text


class Form(StrEnum):
    """Files of a bundle. What the device's importer reads decides: a wrong choice shows there as "wrong password"."""

    P12 = "p12-modern"
    P12_COMPAT = "p12-compat"
    MOBILECONFIG = "mobileconfig"
    PEM = "pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One target of `handclasp export --for`.

    In texts {name} is the identity, {p12} its container, {url} the server's address; {curl_ca}, {python_ca}, {node_ca} are what
    the program needs to trust a server of this CA, or nothing. `trust`: steps for that, after the others. `trouble`: what
    people meet, and the way out. `unread`: kinds of keys that the device's store does not take.
    """

    slug: str
    title: Text
    forms: tuple[Form, ...]
    steps: tuple[Step, ...]
    trust: tuple[Step, ...] = ()
    check: Text
    trouble: tuple[Text, ...] = ()
    remove: Text
    unread: tuple[KeyType, ...] = ()


NOT_IN_BROWSERS = (KeyType.ED25519,)
"""NSS was measured to refuse such containers (3.87); the browsers of phones, Windows and macOS offer no such signatures."""


PASSWORD = Step(
    text=Text(
        en="Type the password. It comes to you by another way than this file; nobody can look it up again.",
        zh="输入密码。密码通过与此文件不同的渠道交给您；之后任何人都无法再查到它。",
    )
)
BROWSER = Text(
    en="Close every window of the browser, open {url} and choose {name} when asked: the page appears.",
    zh="关闭浏览器的所有窗口，打开 {url}，提示选择证书时选 {name}：页面正常显示。",
)
CANCELLED = Text(
    en="The browser does not ask: it remembers a choice, or a refusal, until all its windows are closed.",
    zh="浏览器没有提示选择证书：它会记住之前的选择或取消，直到所有窗口都关闭。",
)
