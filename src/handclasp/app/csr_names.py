"""Tells why none of the names that a request asks for would stand in the certificate, where the profile needs one."""

from handclasp.app.home import Home
from handclasp.app.issue import IssueOrder, refused_wishes, request_of
from handclasp.app.profiles import profile_of
from handclasp.model.errors import PolicyError


def refuse_nameless(home: Home, order: IssueOrder) -> None:
    """PolicyError when the profile needs an alternative name, and the request's are not taken; each with the reason."""
    request = request_of(order, lambda name: profile_of(home, name))
    profile = profile_of(home, request.profile)
    asked = [wish for wish in refused_wishes(order, request) if wish.startswith("name ")]
    if not profile.san_required or request.subject_alt_names or not asked:
        return
    raise PolicyError(
        f"profile {profile.name} needs an alternative name ({', '.join(profile.san_kinds)}), and none of the request is taken: "
        + "; ".join(asked),
        hint="add --take-names, or --san with the names that it is to have",
    )
