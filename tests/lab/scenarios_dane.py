"""Scenarios of zones: DANE as it is met in the field. Numbers 10 to 49."""
from ends import CLEAR, DANE, MAY, NO_TLS, TLS_13, EximSender, PostfixSender, PostfixServer
from scenario import Scenario
from zones import Domain, Mx

VERIFIED = r"Verified TLS connection established"
SENT, PUT_OFF = r"status=sent", r"status=deferred"
TOOK_TLS, TOOK = r"TLS connection established from .*TLSv1\.2", r"disconnect from .* mail=1 "
ENCRYPTED = "a good session over TLS 1.2, the certificate readable, on both sides."


def dane(*records, **more):
    """A domain with one host and these TLSA records."""
    return (Domain(mx=(Mx(tlsa=records),), **more),)


SCENARIOS = [
    Scenario("dane-ee-sha256", 10, "TLSA 3 1 1 of the server's key; a DANE sender verifies it and delivers.",
             "the ordinary good case: no alert.", dane("3 1 1"), (PostfixSender(DANE),), (VERIFIED, SENT), (TOOK_TLS, TOOK), sees=ENCRYPTED),
]
