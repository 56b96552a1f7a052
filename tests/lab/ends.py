"""The ends of a scenario: real servers, real senders, and where each of them keeps its own log.

A server has start(mx) -> stopper, a sender send(client, scenario): it delivers a mail to each of its recipients and
returns when its log says what became of them. Both have `kind` (whose log it is: see truth.py) and log(...) -> text.
"""
import pathlib
import re
import subprocess
import time

import certificates
import servers
from place import LAB, Missing, sh, wait_for_port

SECONDS_MAX = 25
MAIL = "Subject: hello\n\nA short mail.\n"
SENDER = "alice@sender.example"
CLIENT = "client.sender.example"


def read(path):
    """A log; one that was never written is empty."""
    path = pathlib.Path(path)
    return path.read_text(errors="replace") if path.exists() else ""


def recipients(scenario, names):
    """Names without a domain, "bob" or "bob@LABEL", become addresses at the scenario's domains."""
    for name in names:
        local, _, label = name.partition("@")
        yield f"{local}@{scenario.domain(label).name}"


# ---- servers ---------------------------------------------------------------------------------------------------

# Without anonymous suites, which Postfix agrees on with an opportunistic Postfix: no certificate would be seen.
TLS_12 = servers.TLS_ON + "\nsmtpd_tls_protocols = TLSv1.2\nsmtpd_tls_exclude_ciphers = aNULL"
TLS_13 = servers.TLS_ON + "\nsmtpd_tls_protocols = TLSv1.3"
NO_TLS = "smtpd_tls_security_level = none"


class PostfixServer:
    """A Postfix that takes everything."""
    kind = "postfix-server"

    def __init__(self, more=TLS_12):
        self.more = more

    def start(self, mx):
        """Listens at the host's addresses with the host's certificate."""
        more = (f"{self.more}\nsmtpd_tls_loglevel = 1\nsmtpd_tls_cert_file = {mx.certificate}.pem\n"
                f"smtpd_tls_key_file = {mx.certificate}.key\n")
        rest = " inet n - n - - smtpd\n"
        pathlib.Path(self.path(mx)).unlink(missing_ok=True)
        return servers.postfix(more, f"{mx.v4}:25{rest}[{mx.v6}]:25", mx.host, instance=f"mx{mx.number}")

    def path(self, mx):
        """Its log's file."""
        return f"/var/log/mx{mx.number}.log"

    def log(self, mx):
        """What it wrote."""
        return read(self.path(mx))


class EximServer:
    """An Exim (GnuTLS) that takes everything and keeps it. One in a scenario, and no Exim as its sender."""
    kind = "exim-server"

    def __init__(self, more="", tls=True):
        self.more, self.tls = more, tls

    def settings(self, mx, key):
        """TLS and AUTH."""
        tls = f"tls_advertise_hosts = *\ntls_certificate = {mx.certificate}.pem\ntls_privatekey = {key}"
        return (tls if self.tls else servers.EXIM_NO_TLS) + servers.EXIM_NO_AUTH

    def start(self, mx):
        """Listens at the host's addresses with the host's certificate."""
        key = LAB / "key-exim-mx.pem"
        key.write_bytes(pathlib.Path(f"{mx.certificate}.key").read_bytes())
        sh(f"chown Debian-exim {key}; chmod 640 {key}")
        more = f"{self.settings(mx, key)}\nlog_selector = +smtp_connection +incoming_interface\nqueue_only = true\n{self.more}"
        servers.exim_config(more, mx.host)
        config = pathlib.Path("/etc/exim4/exim4.conf")
        text = config.read_text(encoding="ascii").replace("local_interfaces = 0.0.0.0", f"local_interfaces = <; {mx.v4} ; {mx.v6}")
        config.write_text(text, encoding="ascii")
        return servers.process(["exim4", "-bdf"], 25, mx.v4)

    def log(self, mx):
        """What it wrote."""
        return read("/var/log/exim4/mainlog")


class Silent:
    """Nobody listens there."""
    kind = "nobody"

    def start(self, mx):
        """Nothing to start."""
        return lambda: None

    def log(self, mx):
        """Nothing to read."""
        return ""


# ---- senders ---------------------------------------------------------------------------------------------------

DANE = "smtp_dns_support_level = dnssec\nsmtp_tls_security_level = dane"
MAY = "smtp_tls_security_level = may"
CLEAR = "smtp_tls_security_level = none"
# An address that a mail is sent to once its fate is in the log; deferred mail is not tried again here.
POSTFIX_SENDER = """
inet_interfaces = 127.0.0.1
default_transport = smtp
smtp_host_lookup = dns
smtp_tls_loglevel = 1
smtp_tls_CAfile = {ca}
smtp_connect_timeout = 5s
smtp_helo_timeout = 10s
smtp_address_preference = ipv4
bounce_queue_lifetime = 0
notify_classes =
{more}
"""


class PostfixSender:
    """A Postfix beside the client; its settings say how much TLS it wants."""
    kind = "postfix-client"
    fate = r"status=(sent|deferred|bounced)"

    def __init__(self, more=DANE, to=("bob",)):
        self.more, self.to, self.text = more, to, ""

    def send(self, client, scenario):
        """One mail to each recipient, handed over on the client's own loopback."""
        log = pathlib.Path("/var/log/sender.log")
        log.unlink(missing_ok=True)
        sh("rm -rf /var/spool/sender")  # no mail of the scenario before this one
        stop = servers.postfix(POSTFIX_SENDER.format(more=self.more, ca=certificates.ROOT), "25", CLIENT, client.enter, "sender")
        try:
            self.deliver(client, list(recipients(scenario, self.to)), lambda: re.findall(self.fate, read(log)))
        finally:
            self.text = read(log)
            stop()

    def deliver(self, client, to, fates):
        """Hands the mails over and waits for their fates."""
        for address in to:
            swaks(client, f"--server 127.0.0.1 --to {address}")
        wait(lambda: len(fates()) >= len(to))

    def log(self):
        """What it wrote."""
        return self.text


class StsSender(PostfixSender):
    """A Postfix whose TLS policy comes from postfix-mta-sts-resolver: a sender that keeps to MTA-STS."""

    def __init__(self, more=MAY, to=("bob",)):
        super().__init__(more + "\nsmtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix", to)

    def send(self, client, scenario):
        """The daemon first: it asks DNS and the policy's web server, beside the client."""
        config = LAB / "mta-sts.yml"
        config.write_text("host: 127.0.0.1\nport: 8461\nreuse_port: true\nshutdown_timeout: 1\ncache: {type: internal, "
                          "options: {cache_size: 100}}\ndefault_zone: {strict_testing: false, timeout: 4}\n", encoding="ascii")
        stop = servers.process([*client.enter, "env", f"SSL_CERT_FILE={certificates.ROOT}", "/usr/bin/mta-sts-daemon", "-c", config])
        try:
            super().send(client, scenario)
        finally:
            stop()


EXIM_SENDER = """
primary_hostname = client.sender.example
spool_directory = /var/spool/exim-sender
log_file_path = /var/log/exim-sender/%slog
exim_user = Debian-exim
exim_group = Debian-exim
trusted_users = root
keep_environment =
tls_advertise_hosts =
log_selector = +smtp_connection +tls_peerdn +outgoing_port +dnssec
dns_dnssec_ok = 1
begin routers
out:
  driver = dnslookup
  dnssec_request_domains = *
  transport = out
begin transports
out:
  driver = smtp
  dnssec_request_domains = *
  tls_verify_certificates = {ca}
  tls_try_verify_hosts =
{more}
begin retry
* * F,1h,30m
"""
EXIM_DANE, EXIM_NO_DANE = "  hosts_try_dane = *", "  hosts_try_dane ="


class EximSender:
    """An Exim beside the client that looks names up itself."""
    kind = "exim-client"

    def __init__(self, more=EXIM_DANE, to=("bob",)):
        self.more, self.to = more, to

    def send(self, client, scenario):
        """One mail to each recipient."""
        config = pathlib.Path("/etc/exim4/sender.conf")
        config.parent.mkdir(exist_ok=True)
        config.write_text(EXIM_SENDER.format(more=self.more, ca=certificates.ROOT), encoding="ascii")
        for directory in ("/var/spool/exim-sender", "/var/log/exim-sender"):
            sh(f"rm -rf {directory} && mkdir -p {directory} && chown Debian-exim:Debian-exim {directory}")
        for address in recipients(scenario, self.to):
            subprocess.run([*client.enter, "exim4", "-C", str(config), "-odi", "-oee", "-f", SENDER, address], input=MAIL.encode(),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS_MAX, check=False)

    def log(self):
        """What it wrote."""
        return read("/var/log/exim-sender/mainlog")


OPENSMTPD_SENDER = """
listen on 127.0.0.1 port 25 hostname client.sender.example
action "out" relay helo client.sender.example {more}
match from any for any action "out"
"""


class OpensmtpdSender:
    """An OpenSMTPD beside the client: opportunistic TLS, or as `more` says (an option of its `relay`)."""
    kind = "opensmtpd-client"

    def __init__(self, more="", to=("bob",)):
        self.more, self.to, self.text = more, to, ""

    def send(self, client, scenario):
        """One mail to each recipient."""
        log = LAB / "server.log"
        log.write_bytes(b"")
        stop = servers.opensmtpd(OPENSMTPD_SENDER.format(more=self.more), client.enter)
        try:
            to = list(recipients(scenario, self.to))
            for address in to:
                swaks(client, f"--server 127.0.0.1 --to {address}")
            wait(lambda: len(re.findall(r"mta delivery .*result=", read(log))) >= len(to))
            time.sleep(1)
        finally:
            self.text = read(log)
            stop()

    def log(self):
        """What it wrote."""
        return self.text


class SwaksSender:
    """swaks, straight to the first host: for what no MTA does."""
    kind = "swaks"

    def __init__(self, more="-tls", to=("bob",), family="4"):
        self.more, self.to, self.family, self.text = more, to, family, ""

    def send(self, client, scenario):
        """One connection; all recipients."""
        mx = scenario.hosts()[0]
        server = mx.v4 if self.family == "4" else mx.v6
        self.text = swaks(client, f"--server {server} --to {','.join(recipients(scenario, self.to))} {self.more}")

    def log(self):
        """What it wrote."""
        return self.text


def swaks(client, options):
    """Runs it in the client's namespace; gives its transcript."""
    done = subprocess.run([*client.enter, "sh", "-c", f"swaks --from {SENDER} --helo {CLIENT} --h-Subject hello --body 'A short mail.' "
                           + options], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def wait(done):
    """Until it is so, or for long enough."""
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.1)
    raise Missing("the sender's log does not say what became of its mail")
