"""Pages made of what the program holds: every command, every rule of the doctor, devices, certificate profiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handclasp.catalogue import causes, profiles
from handclasp.catalogue.devices import DEVICES, Device
from handclasp.diagnose.rule import Rule
from handclasp.diagnose.rules import ALL
from handclasp.model.issuance import KeyType, Profile
from handclasp.model.messages import translate
from handclasp.present.kb.html import Page
from handclasp.present.option_text import option_text

COMMAND = "command-"
NAMES = ("devices", "commands", "rules", "profiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """A command's own help in English: `path` as typed, its paragraphs, examples as typed, options with their meaning.

    The meaning of an option ends with what click adds in brackets. `group`: it holds other commands.
    """

    path: str
    usage: str
    summary: str
    paragraphs: tuple[str, ...] = ()
    examples: str = ""
    options: tuple[tuple[str, str], ...] = ()
    group: bool = False

    @property
    def page(self) -> str:
        """The name of its page."""
        return COMMAND + self.path.replace(" ", "-")


def reference_pages(page: Page, version: str, commands: Sequence[CommandHelp]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    for name, values in (
        ("commands", {"commands": [(command, translate(command.summary, page.lang)) for command in commands]}),
        ("rules", {"rules": [_rule(rule, page) for rule in ALL]}),
        ("devices", {"devices": [_device(device, page) for device in DEVICES]}),
        ("profiles", {"profiles": [_profile(profile) for profile in profiles.PROFILES.values()]}),
    ):
        title, about = page.plain(name), page.plain(f"{name}-about")
        yield name, page.html(name, version=version, name=name, title=title, description=about, about=about, **values)
    for command in commands:
        yield command.page, _command(command, commands, page, version)


def _command(command: CommandHelp, commands: Sequence[CommandHelp], page: Page, version: str) -> bytes:
    def said(text: str) -> str:
        return translate(text, page.lang)

    return page.html(
        "command",
        version=version,
        name=command.page,
        title=f"handclasp {command.path}",
        description=said(command.summary),
        command=command,
        summary=said(command.summary),
        paragraphs=[said(paragraph) for paragraph in command.paragraphs],
        options=[(names, option_text(meaning, page.lang)) for names, meaning in command.options],
        below=[(it, said(it.summary)) for it in commands if it.path.startswith(f"{command.path} ")],
    )


def _rule(rule: Rule, page: Page) -> dict[str, object]:
    """What the rule's docstring says, in the page's language where its file has it, and the causes it can name."""
    text = translate(" ".join((rule.check.__doc__ or "").split()), page.lang)
    found = () if rule.causes == ("*",) else rule.causes
    return {"name": rule.name, "text": text, "causes": [(slug, page.plain(causes.outline(slug).title)) for slug in found]}


# What stands in the texts of a card for a client whose files were made for no certain server.
_CARD = {
    "name": "alice", "p12": "alice.p12", "url": "https://app.example/", "curl_ca": " --cacert root-ca.pem",
    "wget_ca": " --ca-certificate=root-ca.pem", "python_ca": 'cafile="root-ca.pem"', "requests_ca": ', verify="root-ca.pem"',
    "node_ca": ', ca: fs.readFileSync("root-ca.pem")',
}  # fmt: skip


def _device(device: Device, page: Page) -> dict[str, object]:
    return {
        "slug": device.slug,
        "title": page.plain(device.title),
        "forms": [form.value for form in device.forms],
        "steps": [(_filled(page.plain(step.text)), _filled(step.code)) for step in (*device.steps, *device.trust)],
        "check": _filled(page.plain(device.check)),
        "trouble": [_filled(page.plain(text)) for text in device.trouble],
        "remove": _filled(page.plain(device.remove)),
    }


def _filled(text: str) -> str:
    for name, value in _CARD.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _profile(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "ca": profile.ca,
        "usage": ", ".join((*profile.key_usage, *profile.extended_key_usage)),
        "lifetime": f"{profile.lifetime.days}, {profile.max_lifetime.days}",
        "names": ", ".join(sorted(profile.san_kinds)) or "-",
        "key_types": ", ".join(key.value for key in KeyType if key in profile.key_types),
        "reference": profile.reference,
    }
