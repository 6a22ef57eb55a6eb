"""What the commands around the server share."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def extra(name: str) -> Iterator[None]:
    """Imports of packages that only an extra brings: WorldError with the line that installs them."""
    try:
        yield
    except ModuleNotFoundError as error:
        from handclasp.model.errors import WorldError

        raise WorldError(
            f"the Python package {error.name} is not installed", hint=f"pip install 'handclasp[{name}]'"
        ) from error
