"""A client that sends nothing: give it a certificate, and tell it to use it."""

from collections.abc import Iterator

from handclasp.diagnose.case import Case
from handclasp.diagnose.remedies.change import Change
from handclasp.model.finding import Applicability, Finding
from handclasp.model.text import Text


def changes(case: Case, finding: Finding) -> Iterator[Change]:
    """The client's own configuration; nothing on nginx's side is wrong."""
    del finding
    name = case.stage.scene.host
    yield Change(
        id="give-client-a-certificate",
        title=Text(
            en="issue a client certificate and configure the client to send it, with its intermediates",
            zh="签发客户端证书，并配置客户端发送该证书及其中间证书",
        ),
        applicability=Applicability.MANUAL,
        commands=("handclasp issue alice", f"curl --cert chain.pem --key key.pem https://{name}/"),
        first_certificate=True,
    )
