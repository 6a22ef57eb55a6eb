"""A remedy before it is proven: what changes in the files, in what the peer sends, and in what only its owner can make anew."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from handclasp.model.certificate import Certificate
from handclasp.model.evidence import Evidence
from handclasp.model.finding import Applicability, FileEdit, Remedy
from handclasp.model.text import Text
from handclasp.nginxconf.diff import patch
from handclasp.pki.resigned import Alteration


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One candidate.

    `edits` change files on nginx's side. The other fields say what somebody else must make; a sandbox can make the like:
    `unknown_issuers`: append to a file the CA certificate that issued a certificate and that is not at hand;
    `fresh_lists`: put into a file a fresh CRL of a CA; `reissued`: certificates made anew with these differences;
    `sends`: the chain the peer sends from now on; `first_certificate`: a client that had none gets one.
    """

    id: str
    title: Text
    applicability: Applicability
    edits: tuple[FileEdit, ...] = ()
    commands: tuple[str, ...] = ()
    note: Text | None = None
    unknown_issuers: tuple[tuple[str, Certificate], ...] = ()
    fresh_lists: tuple[tuple[str, Certificate], ...] = ()
    reissued: Mapping[Certificate, Alteration] = field(default_factory=dict)
    sends: tuple[Certificate, ...] | None = None
    first_certificate: bool = False

    @property
    def by_files_alone(self) -> bool:
        """Nothing is needed but the edits: the verdict model can judge it."""
        made_elsewhere = self.unknown_issuers or self.fresh_lists or self.reissued or self.first_certificate
        return bool(self.edits) and not made_elsewhere

    @property
    def can_be_tried(self) -> bool:
        """There is something that a sandbox can do."""
        return bool(
            self.edits or self.unknown_issuers or self.fresh_lists or self.reissued or self.first_certificate or self.sends
        )

    def remedy(self) -> Remedy:
        """The part that is told to people."""
        return Remedy(
            id=self.id, title=self.title, applicability=self.applicability, edits=self.edits, patch=patch(self.edits),
            commands=self.commands, note=self.note,
        )  # fmt: skip


def applied(evidence: Evidence, edits: Iterable[FileEdit]) -> Evidence:
    """The evidence as it would be after the edits. A file at hand that an edit names is one of nginx's from then on."""
    known = tuple(edits)
    texts = [edit.after.decode("utf-8", "surrogateescape") for edit in known if edit.path in evidence.files]
    named = {path: content for path, content in evidence.candidates.items() if any(path in text for text in texts)}
    return replace(evidence, files={**named, **evidence.files, **{edit.path: edit.after for edit in known}})


RELOAD = "nginx -t && nginx -s reload"
