"""Joins the ports to the adapters: the only module that knows both. Everything heavy is imported when first asked for."""

from functools import cached_property


class World:
    """The adapters of one run.

    Args:
        home: folder of the CA and its registry.
        nginx_path: the nginx binary to use; None finds it.
    """

    def __init__(self, home: str, *, nginx_path: str | None = None) -> None:
        self.home = home
        self.nginx_path = nginx_path

    @cached_property
    def placeholder(self) -> None:
        """Adapters are added here as cached properties: clock, entropy, files, keys, store, nginx, probe."""
