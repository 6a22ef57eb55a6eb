"""handclasp demo."""

import shlex
import shutil
import signal
import sys
import tempfile
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

import click

from handclasp.cli.frame import Frame, framed

if TYPE_CHECKING:
    from handclasp.app.demo_stage import WatchedNginx
    from handclasp.model.demo import Seen
    from handclasp.present.demo import DemoText
    from handclasp.wiring import World

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave nginx running, and say how to visit and how to stop it.")
@click.option("--nginx", "nginx_path", type=click.Path(dir_okay=False), help="The nginx binary.  [default: this machine's]")
@framed
def command(frame: Frame, *, keep: bool, nginx_path: str | None) -> int:
    r"""Watch the whole loop on a private nginx, in seconds: CA, identities, who gets in, a revocation, three repairs.

    It plays in a temporary folder, on loopback, and takes away all it made. Your own home and the system's nginx are not
    touched. Exit code 1: something did not come out as it must.

    \b
    Examples:
      handclasp demo
      handclasp demo --keep
    """
    from handclasp.app.demo_stage import WatchedNginx
    from handclasp.cli.paint import painter
    from handclasp.present.demo import DemoText
    from handclasp.wiring import World

    nginx = WatchedNginx(World("", nginx_path=nginx_path).nginx)
    nginx.build()  # no nginx: said before anything is made
    writer = DemoText(frame.lang, painter(color=frame.color))
    with _Folder(nginx) as place:
        here = World(f"{place.path}/home", passphrase_file=f"{place.path}/passphrase")
        here.nginx = nginx
        failed = _play(frame, here, writer, place, keep=keep)
        place.keep = keep
    if keep:
        _how_to_visit(frame, here, writer, place.path)
    elif not frame.json:
        frame.out(f"   {writer.word('gone', folder=place.path)}")
        frame.hint("next: handclasp init     your own certificate authority")
    return 1 if failed else 0


def _play(frame: Frame, here: "World", writer: "DemoText", place: "_Folder", *, keep: bool) -> int:
    """Play and print; how many acts did not come out as they must."""
    from handclasp.app.demo import play
    from handclasp.app.demo_stage import Stage
    from handclasp.model.demo import Announced
    from handclasp.present.demo import demo_fields

    started = here.clock.now()
    here.make_passphrase()
    here.make_home()
    events: list[Announced | Seen] = []
    if not frame.json:
        frame.out(writer.word("folder", folder=place.path))
    for event in play(Stage(folder=place.path, home=here.ca, gear=here.gear, tools=here.sandbox_tools)):
        place.check()
        events.append(event)
        if not frame.json:
            frame.out(writer.text(event))
    failed = sum(not event.ok for event in events if not isinstance(event, Announced))
    seconds = (here.clock.now() - started).total_seconds()
    if frame.json:
        frame.document("demo", {**demo_fields(events), "seconds": round(seconds, 3), "kept": place.path if keep else None})
    else:
        frame.out("\n" + writer.summary(failed, str(here.nginx.build().version), seconds))
    return failed


class _Folder:
    """A temporary folder that goes away with every nginx that was started in it, whatever ends the block: also a signal.

    `keep`: both stay when the block ends without an error.
    """

    def __init__(self, nginx: "WatchedNginx") -> None:
        self.path = ""
        self.keep = False
        self._nginx = nginx
        self._held = True
        self._pending = False
        self._before: dict[signal.Signals, Any] = {}
        self._temporary = tempfile.tempdir
        self._unraisable = sys.unraisablehook

    def __enter__(self) -> Self:
        heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup stays nohup
        self._before = {number: signal.signal(number, self._stop) for number in heard}
        sys.unraisablehook = self._lost
        self.path = tempfile.mkdtemp(prefix="handclasp-demo-")
        tempfile.tempdir = self.path  # whatever else is made for a moment (sandboxes) goes away with it
        try:
            self._release()
        except BaseException:
            self._clean()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._held = True
        if self.keep and kind is None and not self._pending:
            self._restore()
            return
        self._clean()
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal came: what a handler raises is lost in a finalizer and where C calls back."""
        if self._pending:
            raise KeyboardInterrupt

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number
        self._pending = True
        if not (self._held or _leaving(frame)):
            raise KeyboardInterrupt

    def _release(self) -> None:
        self._held = False
        self.check()

    def _clean(self) -> None:
        """Nothing interrupts this: signals are only noted."""
        self._held = True
        try:
            self._nginx.stop_all()
        finally:
            shutil.rmtree(self.path)
            self._restore()

    def _lost(self, lost: "sys.UnraisableHookArgs") -> None:
        """Nothing is said of an interruption that was lost: `check` finds it."""
        if lost.exc_type is not KeyboardInterrupt:
            self._unraisable(lost)

    def _restore(self) -> None:
        tempfile.tempdir = self._temporary
        sys.unraisablehook = self._unraisable
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _leaving(frame: FrameType | None) -> bool:
    """Whether the block has just been left, even before the first line of what cleans up."""
    while frame is not None and frame.f_code is not _Folder.__exit__.__code__:
        frame = frame.f_back
    return frame is not None


def _how_to_visit(frame: Frame, here: "World", writer: "DemoText", folder: str) -> None:
    """The literal lines for curl, a browser, and the end of it."""
    from handclasp.app.apply_site import remembered
    from handclasp.app.demo import SITE

    if frame.json:
        return
    ((address, port),) = remembered(here.ca)[0].intent.listen
    layout, url = here.layout, f"https://{SITE}:{port}/"
    alice = [shlex.quote(layout.identity("alice", name)) for name in ("chain.pem", "key.pem", "alice.p12", "p12-password.txt")]
    root = shlex.quote(layout.authority("root"))
    chain, key, p12, password = alice
    ours = "handclasp" if shutil.which("handclasp") else f"{shlex.quote(sys.executable)} -m handclasp"
    stop = f"{ours} nginx stop --home {shlex.quote(here.home)} && rm -r {shlex.quote(folder)}"
    frame.out(f"   {writer.word('kept')}")
    frame.out(f"     curl      curl --cacert {root} --cert {chain} --key {key} --resolve {SITE}:{port}:{address} {url}")
    for line in writer.word("browser", p12=p12, password=password, root=root, url=url).splitlines():
        frame.out(f"     {line}")
    frame.out(f"     {writer.word('stop', command=stop)}")
