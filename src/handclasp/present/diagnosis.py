"""A diagnosis for people: verdict first, then what to do, then why, then what not to do. One idea per line."""

from collections.abc import Callable, Iterator

from handclasp.catalogue.measured import of_change
from handclasp.model.finding import (
    Answer,
    Applicability,
    Confidence,
    Demonstration,
    Diagnosis,
    Finding,
    Proof,
    Remedy,
    Severity,
)
from handclasp.model.text import Text
from handclasp.model.verdict import Side
from handclasp.present.explanation_words import APPLICABILITY, DANGER
from handclasp.present.generated import generated_lines
from handclasp.present.rates import fixed, helped
from handclasp.present.verdict import outcome, path_lines
from handclasp.present.visible import readable, visible

Paint = Callable[[str, str], str]
"""Colours a text: (text, style) where style is one of error, warning, notice, good, dim, added, removed, strong."""

_WORDS = {
    "healthy": Text(en="nothing wrong was found", zh="没有发现问题"),
    "sound": Text(
        en="no fault was found: this client gets in; what follows is worth a look all the same",
        zh="没有发现故障：该客户端可以访问；以下内容仍值得一看",
    ),
    "answer": Text(en="nginx answers", zh="nginx 的回答"),
    "logs": Text(en="its log line", zh="其日志行"),
    "raised": Text(en="OpenSSL raised", zh="OpenSSL 依次报告"),
    "where": Text(en="Where", zh="位置"),
    "sure": Text(en="Sure?", zh="是否确定？"),
    "chain": Text(en="The chain", zh="证书链"),
    "do": Text(en="Do", zh="处理"),
    "or": Text(en="Or", zh="或者"),
    "lab": Text(en="lab", zh="实验"),
    "mind": Text(en="mind", zh="注意"),
    "not": Text(en="Don't", zh="不要"),
    "proved": Text(en="proven on a copy of this configuration, nginx {nginx}", zh="已在本配置的副本上验证，nginx {nginx}"),
    "unproved": Text(en="tried on a copy of this configuration and NOT proven", zh="已在本配置的副本上尝试，但未能证实"),
    "before": Text(en="before", zh="之前"),
    "after": Text(en="after", zh="之后"),
    "still": Text(en="still refused", zh="仍被拒绝"),
    "shown": Text(en="Shown on a copy", zh="已在副本上演示"),
    "shut": Text(en="with the remedies in place: {answer}", zh="处理之后：{answer}"),
    "open": Text(en="with the remedies in place it is still open: {answer}", zh="处理之后仍然敞开：{answer}"),
    "unknown": Text(en="Could not tell", zh="无法判断"),
    "give": Text(en="give", zh="请提供"),
    "aside": Text(en=" ({words})", zh="（{words}）"),
    "certain": Text(en="yes, rebuilt from the files given", zh="是，已用给出的文件重建"),
    "likely": Text(en="likely; the files given leave room for another explanation", zh="很可能；给出的文件还不能排除其他解释"),
}
_IN_FULL = 3
"""Explanations that are told with remedies; of what else a line may mean there is the check that tells it apart."""
_COMPARED = ("authz-", "header-", "verify-failed-")
_COMMA = Text(en=", ", zh="、")
_MARK = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTICE: "·"}


def _sound(diagnosis: Diagnosis) -> bool:
    """Somebody with a certificate gets in, and nothing that was found is an error."""
    verdict = diagnosis.verdict
    came = verdict is not None and verdict.side is Side.CLIENT and verdict.verify == "SUCCESS"
    return bool(came and verdict and verdict.admitted) and all(
        finding.severity is not Severity.ERROR for finding in diagnosis.findings
    )


def plain(text: str, style: str) -> str:
    """No colour."""
    del style
    return text


def diagnosis_text(diagnosis: Diagnosis, lang: str, paint: Paint = plain) -> str:
    """The whole diagnosis."""
    return "\n".join(_Writer(lang, paint).lines(diagnosis))


class _Writer:
    """Writes in one language with one palette."""

    def __init__(self, lang: str, paint: Paint) -> None:
        self.lang = lang
        self.paint = paint
        self.told: set[str] = set()
        self.exact = False

    def word(self, name: str, **values: str) -> str:
        return _WORDS[name].in_language(self.lang).format(**values)

    def text(self, text: Text) -> str:
        return (visible if self.exact else readable)(text.in_language(self.lang))

    def lines(self, diagnosis: Diagnosis) -> Iterator[str]:
        if not diagnosis.findings:
            yield self.paint(f"✓ {self.word('healthy')}", "good")
        elif _sound(diagnosis):
            yield self.paint(f"✓ {self.word('sound')}", "good")
            yield ""
        for number, finding in enumerate(diagnosis.findings):
            if number:
                yield ""
            one_of_many = number >= _IN_FULL and finding.where.file is None and finding.confidence is Confidence.LIKELY
            if one_of_many and finding.severity is not Severity.ERROR:
                yield from self.in_brief(finding)
            else:
                yield from self.finding(finding, diagnosis if number == 0 else None)
        if not diagnosis.findings and diagnosis.verdict:
            yield f"  {self.word('answer')}: {outcome(diagnosis.verdict, self.lang)}"
        for item in diagnosis.could_not_tell:
            yield ""
            yield f"{self.word('unknown')}: {self.text(item.question)}"
            yield f"  {self.word('give')}: {self.text(item.give)}"

    def in_brief(self, finding: Finding) -> Iterator[str]:
        """One more thing that a line or a page may mean: what it is, and what tells it from the others."""
        head = f"{_MARK[finding.severity]} {self.text(finding.summary)}"
        yield self.paint(head, finding.severity.value) + "  " + self.paint(f"[{finding.cause}]", "dim")
        for item in finding.evidence[-1:]:
            yield f"    {self.text(item)}"

    def finding(self, finding: Finding, first: Diagnosis | None) -> Iterator[str]:
        # What a configuration compares is shown as nginx has it.
        self.exact = finding.cause.startswith(_COMPARED)
        head = f"{_MARK[finding.severity]} {self.text(finding.summary)}"
        yield self.paint(head, finding.severity.value) + "  " + self.paint(f"[{finding.cause}]", "dim")
        if first is not None and first.verdict is not None:
            yield f"  {self.word('answer')}: {outcome(first.verdict, self.lang)}"
            if first.verdict.log:
                yield f"  {self.word('logs')}: {visible(first.verdict.log)}"
        where = finding.where
        if where.file:
            line = f":{where.line}" if where.line else ""
            yield f"  {self.word('where')}: {visible(where.file)}{line}  {where.directive or ''}".rstrip()
        yield f"  {self.word('sure')} {self.word('certain' if finding.confidence is Confidence.CERTAIN else 'likely')}"
        for item in finding.evidence:
            yield f"    {self.text(item)}"
        if finding.demonstration is not None:
            yield from self.demonstration(finding.demonstration)
        if first is not None and first.verdict is not None and first.verdict.path:
            yield f"  {self.word('chain')}:"
            yield from (f"  {line}" for line in path_lines(first.verdict.path, first.verdict.rejected, self.lang))
        for number, remedy in enumerate(finding.remedies):
            seen_above = number == 0 and finding.demonstration is not None and finding.demonstration.shown
            yield from self.remedy(remedy, self.word("or" if number else "do"), finding.cause, seen_above=seen_above)
        for end in finding.dead_ends:
            threat = DANGER[end.danger]
            danger = "" if threat is None else self.paint(self.word("aside", words=self.text(threat)), "warning")
            yield f"  {self.word('not')}: {self.text(end.action)}{danger}"
            yield f"    {self.text(end.why)}"
            if count := of_change(finding.cause, end.id):
                yield f"    {self.word('lab')}: {self.text(helped(count))}"

    def demonstration(self, shown: Demonstration) -> Iterator[str]:
        words = self.text(shown.words)
        if not shown.shown:
            yield f"    {words}"
            return
        yield f"  {self.paint(self.word('shown'), 'strong')}: {words}"
        yield from (f"    $ {visible(line)}" for line in shown.steps)
        if shown.after is not None:
            yield f"    {self.word('shut' if shown.shut else 'open', answer=_seen(shown.after))}"

    def remedy(self, remedy: Remedy, label: str, cause: str, *, seen_above: bool) -> Iterator[str]:
        kind = (
            ""
            if remedy.applicability is Applicability.SAFE
            else self.word("aside", words=self.text(APPLICABILITY[remedy.applicability]))
        )
        yield f"  {self.paint(label, 'strong')}: {self.text(remedy.title)}{kind}"
        if remedy.generated and label == self.word("do"):
            again = remedy.generated.file in self.told
            self.told.add(remedy.generated.file)
            yield from (f"    {line}" for line in generated_lines(remedy.generated, self.lang, again=again))
        for line in remedy.patch.splitlines():
            yield "    " + self._diff(visible(line))
        for command in remedy.commands:
            yield f"    $ {visible(command)}"
        if remedy.note:
            yield f"    {self.word('mind')}: {self.text(remedy.note)}"
        if (count := of_change(cause, remedy.id)) or not remedy.proof:
            yield f"    {self.word('lab')}: {self.text(fixed(count))}"
        if remedy.proof:
            yield from self.proof(remedy.proof, seen_above=seen_above)

    def proof(self, proof: Proof, *, seen_above: bool) -> Iterator[str]:
        """`seen_above`: the answers before and after were told with the demonstration."""
        if proof.proved:
            yield "    " + self.paint("✓ " + self.word("proved", nginx=proof.nginx), "good")
        else:
            yield "    " + self.paint("✗ " + self.word("unproved"), "error")
        for name, answer in () if seen_above else (("before", proof.before), ("after", proof.after)):
            yield f"      {self.word(name)}: {_seen(answer)}"
        if proof.still_refused:
            yield f"      {self.word('still')}: {self.text(_COMMA).join(map(self.text, proof.still_refused))}"

    def _diff(self, line: str) -> str:
        if line.startswith("+"):
            return self.paint(line, "added")
        return self.paint(line, "removed") if line.startswith("-") else line


def _seen(answer: Answer) -> str:
    return visible(answer.title or (str(answer.status) if answer.status else "-"))
