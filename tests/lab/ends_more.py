"""Ends that few scenarios need: servers with a greylist, AUTH or LMTP, senders that try again, and clients that follow a script."""
import pathlib
import re
import shutil
import subprocess
import sys
import time

import certificates
import ends
import servers
from place import LAB, sh

HERE = pathlib.Path(__file__).resolve().parent

# ---- servers ---------------------------------------------------------------------------------------------------


class EximWithAuth(ends.EximServer):
    """An Exim on 25, 465 and 587 that offers AUTH, and takes one password."""

    def settings(self, mx, key):
        return super().settings(mx, key).removesuffix(servers.EXIM_NO_AUTH)


class EximWithoutKey(ends.EximServer):
    """An Exim whose private key is not there: it offers STARTTLS and answers 454."""

    def settings(self, mx, key):
        return super().settings(mx, "/etc/exim4/key-that-is-gone.pem")


class OwnDh(ends.PostfixServer):
    """A Postfix with Diffie-Hellman parameters of 1024 bits that its operator made."""

    def start(self, mx):
        self.more += f"\nsmtpd_tls_dh1024_param_file = {certificates.dh(1024)}"
        return super().start(mx)


class Greylisting(ends.PostfixServer):
    """A Postfix that asks postgrey about everybody; who waits two seconds is let in."""
    daemon = ["/usr/sbin/postgrey", "--inet=127.0.0.1:10023", "--delay=2", "--user=postfix", "--group=postfix", f"--dbdir={LAB}/postgrey",
              f"--pidfile={LAB}/postgrey.pid", "--whitelist-clients=/dev/null", "--whitelist-recipients=/dev/null"]

    def start(self, mx):
        sh(f"rm -rf {LAB}/postgrey && mkdir {LAB}/postgrey && chown postfix {LAB}/postgrey; chmod 711 {LAB}")
        return servers.all_of(servers.process(self.daemon, 10023), super().start(mx))


POSTSCREEN = """ inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
tlsproxy unix - - n - 0 tlsproxy
dnsblog unix - - n - 0 dnsblog
127.0.0.1:2526"""


class Postscreen(ends.PostfixServer):
    """A Postfix behind postscreen, which greets in two lines with two seconds between them, and looks who cannot wait."""

    def start(self, mx):
        more = (f"{self.more}\nsmtpd_tls_loglevel = 1\nsmtpd_tls_cert_file = {mx.certificate}.pem\n"
                f"smtpd_tls_key_file = {mx.certificate}.key\n"
                "postscreen_access_list =\npostscreen_greet_action = enforce\npostscreen_greet_wait = 2s")
        pathlib.Path(self.path(mx)).unlink(missing_ok=True)
        return servers.postfix(more, f"{mx.v4}:25{POSTSCREEN}", mx.host, instance=f"mx{mx.number}")


DOVECOT_TLS = "ssl = yes\nverbose_ssl = yes\nssl_min_protocol = TLSv1.3\nssl_cert = <{0}.pem\nssl_key = <{0}.key"


class DovecotLmtp:
    """Dovecot's LMTP server on port 24, with STARTTLS and TLS 1.3."""
    kind = "dovecot-lmtp"
    path = "/var/log/dovecot.log"

    def start(self, mx):
        """Listens at the host's IPv4 address with the host's certificate."""
        pathlib.Path(self.path).unlink(missing_ok=True)
        text = servers.DOVECOT.format(tls=DOVECOT_TLS.format(mx.certificate), mx=mx.v4)
        pathlib.Path("/etc/dovecot").mkdir(exist_ok=True)
        pathlib.Path("/etc/dovecot/lab.conf").write_text(text, encoding="ascii")
        sh("mkdir -p /run/vmail && chown vmail:vmail /run/vmail")
        return servers.process(["dovecot", "-F", "-c", "/etc/dovecot/lab.conf"], 24, mx.v4)

    def log(self, _mx):
        """What it wrote."""
        return ends.read(self.path)


# ---- senders ---------------------------------------------------------------------------------------------------

class OneByOne(ends.PostfixSender):
    """A Postfix that gets the next mail when the last one is delivered."""

    def deliver(self, client, to, fates):
        for n, address in enumerate(to, 1):
            ends.swaks(client, f"--server 127.0.0.1 --to {address}")
            ends.wait(lambda n=n: len(fates()) >= n)
            time.sleep(0.5)


class Retrying(ends.PostfixSender):
    """A Postfix that tries again three seconds after it was put off."""

    def deliver(self, client, to, fates):
        super().deliver(client, to, fates)
        time.sleep(3)
        sh([*client.enter, "postqueue", "-c", "/etc/sender", "-f"])
        ends.wait(lambda: fates().count("sent") >= len(to))


class WithBody(ends.PostfixSender):
    """A Postfix that sends this text; \\n for its line ends."""

    def __init__(self, more, body):
        super().__init__(more)
        self.body = body

    def deliver(self, client, to, fates):
        (LAB / "body").write_text(self.body, encoding="ascii")
        for address in to:
            ends.swaks(client, f"--server 127.0.0.1 --to {address} --body @{LAB}/body")
        ends.wait(lambda: len(fates()) >= len(to))


class WithCertificate(ends.PostfixSender):
    """A Postfix with a certificate of its own."""

    def __init__(self, more):
        own = certificates.CERTS / "client"
        super().__init__(f"{more}\nsmtp_tls_cert_file = {own}.pem\nsmtp_tls_key_file = {own}.key")

    def send(self, client, scenario):
        certificates.make("client")
        super().send(client, scenario)


class LmtpSender(ends.PostfixSender):
    """A Postfix that delivers over LMTP, to port 24 of the first host."""
    kind = "postfix-lmtp"

    def send(self, client, scenario):
        self.more = (f"default_transport = lmtp:[{scenario.hosts()[0].host}]:24\nlmtp_host_lookup = dns\nlmtp_tls_security_level = may\n"
                     f"lmtp_tls_loglevel = 1\nlmtp_tls_CAfile = {certificates.ROOT}")
        super().send(client, scenario)


class MsmtpSender:
    """msmtp, which verifies the certificate."""
    kind = "msmtp"

    def __init__(self, port=25):
        self.port, self.text = port, ""

    def send(self, client, scenario):
        """One mail to the first host."""
        host = scenario.hosts()[0]
        options = ["--host=" + host.v4, f"--port={self.port}", "--tls=on", "--tls-starttls=on", f"--tls-trust-file={certificates.ROOT}",
                   f"--tls-host-override={host.host}", "--domain=" + ends.CLIENT, "--from=" + ends.SENDER, "--auth=off", "--file=/dev/null"]
        done = subprocess.run([*client.enter, "msmtp", "--debug", *options, *ends.recipients(scenario, ("bob",))], input=ends.MAIL.encode(),
                              capture_output=True, timeout=ends.SECONDS_MAX, check=False)
        self.text = (done.stdout + done.stderr).decode(errors="replace")

    def log(self):
        """What it wrote."""
        return self.text


class Dialogue:
    """dialogue.py with these steps, to one of the scenario's hosts; {to} is the recipient."""
    kind = "swaks"

    def __init__(self, *steps, host=0, family="4", port=25):
        self.steps, self.host, self.family, self.port, self.text = steps, host, family, port, ""

    def send(self, client, scenario):
        """Says it."""
        mx, to = scenario.hosts()[self.host], next(ends.recipients(scenario, ("bob",)))
        command = [sys.executable, HERE / "dialogue.py", mx.v4 if self.family == "4" else mx.v6, str(self.port)]
        done = subprocess.run([*client.enter, *command, *(s.replace("{to}", to) for s in self.steps)], capture_output=True,
                              timeout=ends.SECONDS_MAX, check=False)
        self.text = (done.stdout + done.stderr).decode(errors="replace")

    def log(self):
        """Its transcript."""
        return self.text


class NewCertificate:
    """No sender: the operator of the first host gives the Postfix there another certificate, and loads it."""
    kind = "operator"

    def __init__(self, name="renewed"):
        self.name = name

    def send(self, _client, scenario):
        """`next` is the one that a TLSA record announced (zones.py)."""
        mx = scenario.hosts()[0]
        made = certificates.issue(f"{self.name}.{mx.host}", certificates.Leaf(names=(mx.host,), subject=f"/CN={mx.host}"))
        shutil.copy(made, f"{mx.certificate}.pem")
        shutil.copy(made.with_suffix(".key"), f"{mx.certificate}.key")
        sh(["postfix", "-c", f"/etc/mx{mx.number}", "reload"], stdout=servers.NOWHERE, stderr=servers.NOWHERE)
        ends.wait(lambda: re.search("reload -- version", mx.server.log(mx)))
        time.sleep(1)

    def log(self):
        """It sends nothing."""
        return ""
