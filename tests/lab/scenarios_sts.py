"""Scenarios of MTA-STS. Numbers 42 to 49. The sender that keeps to it is Postfix with postfix-mta-sts-resolver."""
from ends import MAY, NO_TLS, TLS_13, PostfixSender, PostfixServer, StsSender
from scenario import Scenario
from scenarios_dane import NO_TRUST, OTHER, PUT_OFF, RECORDS, SENT, TOOK, TOOK_NOTHING, TOOK_TLS, TOOK_TLS13, VERIFIED
from zones import Domain, Mx, Sts

SELF_SIGNED = {"issuer": "itself", "sent": ()}


def sts(mode, leaf=None, **more):
    """An unsigned domain with one host and a policy."""
    return (Domain(signed="", mx=(Mx(leaf=leaf or {}),), sts=Sts(mode, **more), more=RECORDS),)


SCENARIOS = [
    Scenario("sts-enforce", 42, "MTA-STS enforce; the sender keeps to it, and the certificate is in order.",
             "the ordinary good case: no alert.",
             sts("enforce"), (StsSender(),), (VERIFIED, SENT), (TOOK_TLS, TOOK),
             sees="a good session over TLS 1.2, and HTTPS that is nobody's business."),
    Scenario("sts-testing", 43, "MTA-STS testing, and a self-signed certificate; the sender delivers all the same. TLS 1.2.",
             "a policy in testing requires nothing; enforced, it would have failed.", sts("testing", SELF_SIGNED), (StsSender(),),
             (OTHER, SENT), (TOOK_TLS, TOOK), sees="a session over TLS 1.2 with a self-signed certificate."),
    Scenario("sts-none", 44, "MTA-STS mode none: the policy is being withdrawn. TLS 1.3.", "no requirement.", sts("none"), (StsSender(),),
             (OTHER + r".*TLSv1\.3", SENT), (TOOK_TLS13, TOOK), server=PostfixServer(TLS_13), sees="an ordinary session over TLS 1.3."),
    Scenario("sts-mx-mismatch", 45, "MTA-STS enforce, and its list does not have the host of the MX record; the sender refuses.",
             "the mail moved, the policy did not.", sts("enforce", mx=("mail.{domain}",)), (StsSender(),), (NO_TRUST, PUT_OFF),
             (TOOK_TLS, TOOK_NOTHING), sees="TLS 1.2 is completed, and the sender leaves without a mail."),
    Scenario("sts-certificate", 46, "MTA-STS enforce and a self-signed certificate: a sender that keeps to it refuses, another delivers.",
             "half of the senders tell nobody.", sts("enforce", SELF_SIGNED), (StsSender(), PostfixSender(MAY)),
             (NO_TRUST, PUT_OFF, OTHER, SENT), (TOOK_TLS, TOOK_NOTHING, TOOK),
             sees="two sessions over TLS 1.2; a mail in the second only."),
    Scenario("sts-sent-in-clear", 47,
             "MTA-STS enforce, the server does not offer STARTTLS, and a sender without MTA-STS delivers in clear.",
             "the mail that MTA-STS exists to prevent.", sts("enforce"), (PostfixSender(MAY),), (SENT,), (TOOK,),
             server=PostfixServer(NO_TLS),
             sees="no offer, and a mail in clear, on both sides."),
]
