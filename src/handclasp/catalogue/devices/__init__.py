"""Where a certificate goes: which files each kind of device or program reads, and what its owner has to do. One table."""

from handclasp.catalogue.devices.computers import COMPUTERS
from handclasp.catalogue.devices.device import Device, Form
from handclasp.catalogue.devices.phones import PHONES
from handclasp.catalogue.devices.programs import PROGRAMS
from handclasp.model.errors import UsageError
from handclasp.model.near import did_you_mean

__all__ = ["DEVICES", "Device", "Form", "device_named"]

DEVICES = (*PHONES, *COMPUTERS, *PROGRAMS)
"""Every target, in the order they are shown."""


def device_named(slug: str) -> Device:
    """The device of that slug; UsageError when there is none."""
    for device in DEVICES:
        if device.slug == slug:
            return device
    known = tuple(one.slug for one in DEVICES)
    raise UsageError(f"there is no device {slug!r}", hint=did_you_mean(slug, known, f"use one of: {', '.join(known)}"))
