"""Certificates of people and hosts that issued another certificate: no mistake in a CA, but no CA at all."""

from handclasp.model.certificate import Certificate
from handclasp.verdict.issued import key_usage_refuses


def end_entity(certificate: Certificate) -> bool:
    """Whether a certificate is plainly not meant to be a CA: neither CA:TRUE nor, where it says what it is for, keyCertSign."""
    constraints = certificate.basic_constraints
    return not (constraints and constraints.ca) and key_usage_refuses(certificate, "key_cert_sign")
