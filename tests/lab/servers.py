"""Real servers and sending clients with the smallest configuration that tells a story. Each starter gives a stopper."""
import pathlib
import subprocess
import sys
import time

from place import LAB, MX4, sh, wait_for_port

HERE = pathlib.Path(__file__).resolve().parent
NOWHERE = subprocess.DEVNULL

POSTFIX_MAIN = """
compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = /var/log/{instance}.log
myhostname = {name}
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 192.0.2.0/24 198.51.100.0/24 127.0.0.0/8 [2001:db8::]/32
smtpd_recipient_restrictions = permit
smtpd_peername_lookup = no
inet_protocols = all
default_transport = discard
smtp_host_lookup = native
smtpd_tls_cert_file = /run/postwacht-lab/cert.pem
smtpd_tls_key_file = /run/postwacht-lab/key.pem
{more}
"""

POSTFIX_MASTER = """
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
{listen} inet n - n - - smtpd
"""

TLS_ON = "smtpd_tls_security_level = may"
TLS_12 = TLS_ON + "\nsmtpd_tls_protocols = TLSv1.2"
TLS_OLD = TLS_ON + "\nsmtpd_tls_protocols = TLSv1"  # OpenSSL of today refuses it as a client, GnuTLS does not


def last_wins(text):
    """Settings without those that a later line sets again, so that the log does not warn of each."""
    return "\n".join({line.partition("=")[0].strip(): line for line in text.splitlines() if line.strip()}.values()) + "\n"


def postfix(more="", listen="25", name="mx.rcpt.example", enter=(), instance="postfix"):
    """A Postfix with these settings; `enter` is the prefix that enters the client's namespace, a second one has its own name."""
    config = pathlib.Path("/etc", instance)
    config.mkdir(exist_ok=True)
    more += f"\nqueue_directory = /var/spool/{instance}\ndata_directory = /var/lib/{instance}"
    (config / "main.cf").write_text(last_wins(POSTFIX_MAIN.format(name=name, more=more, instance=instance)), encoding="ascii")
    (config / "master.cf").write_text(POSTFIX_MASTER.format(listen=listen), encoding="ascii")
    for directory, owner in ((f"/var/spool/{instance}", "root"), (f"/var/lib/{instance}", "postfix")):
        sh(f"mkdir -p {directory} && chown {owner} {directory}")
    command = [*enter, "postfix", "-c", str(config)]
    subprocess.run([*command, "set-permissions"], stdout=NOWHERE, stderr=NOWHERE, check=False)
    sh([*command, "start"], stdout=NOWHERE, stderr=NOWHERE)
    if not enter:
        wait_for_port(int(listen.rsplit(":", 1)[-1]))
    time.sleep(0.5)
    return lambda: sh([*command, "stop"], stdout=NOWHERE, stderr=NOWHERE)


def process(command, port=None, address="", **options):
    """A server in the foreground, ended by its id."""
    with open(LAB / "server.log", "ab") as log:
        p = subprocess.Popen(command, stdout=log, stderr=log, **options)
    if port:
        wait_for_port(port, address)
    else:
        time.sleep(1)

    def stop():
        p.terminate()
        p.wait()
    return stop


EXIM = """
primary_hostname = {name}
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
exim_user = Debian-exim
exim_group = Debian-exim
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
local_interfaces = 0.0.0.0
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = all
acl_smtp_data = all
trusted_users = root
keep_environment =
{more}
begin acl
all:
  accept
begin routers
out:
  driver = manualroute
  route_list = * {route} byname
  transport = out
  self = send
begin transports
out:
  driver = smtp
  hosts_try_dane =
{transport}
begin retry
* * F,1h,30m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_set_id = $auth2
  server_condition = ${{if eq{{$auth3}}{{{password}}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_set_id = $auth1
  server_condition = ${{if eq{{$auth2}}{{{password}}}}}
"""

EXIM_TLS = "tls_advertise_hosts = *\ntls_certificate = /run/postwacht-lab/cert.pem\ntls_privatekey = /run/postwacht-lab/key-exim.pem"
EXIM_NO_TLS = "tls_advertise_hosts ="
EXIM_NO_AUTH = "\nauth_advertise_hosts ="
PASSWORD = "kwik-Zilver-77310"


def exim_config(more, name="mx.rcpt.example", route="127.0.0.9", transport=""):
    """Writes Exim's configuration and makes its directories."""
    text = EXIM.format(more=more, name=name, route=route, transport=transport, password=PASSWORD)
    pathlib.Path("/etc/exim4").mkdir(exist_ok=True)
    pathlib.Path("/etc/exim4/exim4.conf").write_text(text, encoding="ascii")
    for directory in ("/var/spool/exim4", "/var/log/exim4"):
        sh(f"rm -rf {directory} && mkdir -p {directory} && chown Debian-exim:Debian-exim {directory}")


def exim(more):
    """An Exim that accepts everything and keeps it in its queue."""
    exim_config(more + "\nqueue_only = true")
    return process(["exim4", "-bdf"], 25)


def exim_send(client, messages=1, transport="", text="Subject: hello\n\nA short mail.\n", more=EXIM_NO_TLS):
    """Exim as a sending client delivers to mx."""
    exim_config(more, "client.sender.example", MX4, transport)
    for _ in range(messages):
        subprocess.run([*client.enter, "exim4", "-odi", "-oee", "-f", "alice@sender.example", "bob@rcpt.example"],
                       input=text.encode(), stdout=NOWHERE, stderr=NOWHERE, timeout=30, check=False)


def opensmtpd(text, enter=(), port=None):
    """An OpenSMTPD with this configuration."""
    pathlib.Path("/etc/smtpd.conf").write_text(text, encoding="ascii")
    sh("mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd; chown root /var/lib/opensmtpd; chmod 711 /var/spool/smtpd; "
       "touch /etc/aliases; hostname mx.rcpt.example || true")
    return process([*enter, "/usr/sbin/smtpd", "-d"], port)


OPENSMTPD_MX = f"""
pki lab cert "{LAB}/cert.pem"
pki lab key "{LAB}/key.pem"
listen on {MX4} port 25 tls pki lab hostname mx.rcpt.example
action "sink" relay host "smtp://127.0.0.9"
match from any for any action "sink"
"""

OPENSMTPD_CLIENT = f"""
listen on 127.0.0.1 port 25 hostname client.sender.example
action "out" relay host "smtp://{MX4}" helo client.sender.example
match from any for any action "out"
"""

DOVECOT = """
protocols = lmtp
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
{tls}
mail_location = maildir:/run/vmail/%n
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
service lmtp {{
  inet_listener lmtp {{
    address = {mx}
    port = 24
  }}
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home=/run/vmail
}}
"""


def dovecot_lmtp(tls="ssl = no"):
    """Dovecot's LMTP server on port 24."""
    pathlib.Path("/etc/dovecot").mkdir(exist_ok=True)
    pathlib.Path("/etc/dovecot/lab.conf").write_text(DOVECOT.format(tls=tls, mx=MX4), encoding="ascii")
    sh("mkdir -p /run/vmail && chown vmail:vmail /run/vmail")
    return process(["dovecot", "-F", "-c", "/etc/dovecot/lab.conf"], 24)


def rewriter(attack, client=None):
    """The man on the path: beside the server (port 25 there, the server itself on 2525 of loopback), or beside the client."""
    path = [sys.executable, HERE / "rewriter.py", attack]
    if client:
        return process([*client.enter, *path, "127.0.0.1", "2525", MX4, "25"])
    return process([*path, MX4, "25", "127.0.0.1", "2525"], 25)


def all_of(*stoppers):
    """One stopper for several servers, the last started first."""
    def stop():
        for s in reversed(stoppers):
            s()
    return stop
