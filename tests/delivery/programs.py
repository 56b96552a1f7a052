"""The real receivers: Debian's packages unpacked aside (they cannot be installed together), started on loopback without root's
rights, with the shipped recipes. Only paths, ports and addresses of a recipe are replaced, by rules that must all apply."""
import os
import re
import signal
import subprocess
import time

import loopback
from artifacts import ROOT, eventually, packages, started
from loopback import free_ports, listens

RECIPES = ROOT / "configs" / "receivers"
ROWS = ["rsyslog rsyslog-gnutls rsyslog-openssl", "syslog-ng-core"]
LIBRARIES = "usr/lib/x86_64-linux-gnu"
NOBODY = 65534


def unpacked(directory):
    """Where the packages are unpacked; None where they cannot be had."""
    try:
        return packages.unpack(directory.resolve(), ROWS)
    except (OSError, subprocess.CalledProcessError):
        pass
    try:  # lists may be old, or none
        subprocess.run(["apt-get", "update", "-qq"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return packages.unpack(directory.resolve(), ROWS)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"packages: {error}")
        return None


def certificates(folder, *names):
    """For receivers, too, that are nobody."""
    folder.mkdir()
    loopback.certificates(folder, *names)
    for key in folder.glob("*.key"):
        key.chmod(0o644)
    return folder


def replaced(text, rules):
    """The recipe for this place. A rule that replaces nothing means that the recipe says something else than we think."""
    for old, new in rules:
        text, n = re.subn(old, new, text)
        assert n, f"the recipe does not say {old}"
    return text


class Receiver:
    """One running program and its folder."""

    def __init__(self, root, folder, pki):
        self.root, self.folder, self.pki = root, folder, pki
        self.process = None
        self.environment = {**os.environ, "LD_LIBRARY_PATH": f"{root / LIBRARIES}:{root / 'usr/lib/syslog-ng'}"}
        folder.mkdir(parents=True)
        os.chown(folder, NOBODY, NOBODY)

    def start(self, command, ready):
        """As nobody, until it listens."""
        log = open(self.folder / "program.log", "ab")
        self.process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, user=NOBODY, group=NOBODY,
                                        extra_groups=[], umask=0o022)
        started(self.process, ready, log.name)

    def stop(self, how=signal.SIGTERM):
        """Ends it, and waits."""
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def lines(self, name):
        """Of a file below its log directory."""
        path = self.folder / "log" / name
        return path.read_bytes().split(b"\n")[:-1] if path.exists() else []

    def wait_for(self, name, n, patience_s=15):
        """The lines of a file, when there are n of them, or time is up. Waits a little for more than that."""
        eventually(lambda: len(self.lines(name)) >= n, patience_s)
        time.sleep(0.2)
        return self.lines(name)


class Rsyslog(Receiver):
    """Debian's rsyslog with its own rsyslog.conf, and a recipe in rsyslog.d."""

    def __init__(self, root, folder, pki, recipe="postwacht.conf", more=()):
        super().__init__(root, folder, pki)
        self.tls, self.tcp, self.udp = free_ports(3)
        text = (RECIPES / "rsyslog" / recipe).read_text(encoding="utf-8")
        rules = [("/var/log/postwacht-(received|local)", str(folder / "log")), *more]
        if recipe == "postwacht.conf":
            rules += [("/etc/postwacht-receiver/cert", f"{pki}/siem.example"), ("/etc/postwacht-receiver/key.pem", f"{pki}/siem.example.key"),
                      ("/etc/postwacht-receiver/ca", f"{pki}/ca"),
                      ('port="6514"', f'address="127.0.0.1" port="{self.tls}"'), ('port="601"', f'address="127.0.0.1" port="{self.tcp}"'),
                      ('port="514"', f'address="127.0.0.1" port="{self.udp}"')]
        elif recipe == "postwacht-cef.conf":
            rules.append(('port="6601"', f'address="127.0.0.1" port="{self.tcp}"'))
        (folder / "rsyslog.d").mkdir()
        (folder / "rsyslog.d" / "postwacht.conf").write_text(replaced(text, rules), encoding="utf-8")
        stock = (root / "etc" / "rsyslog.conf").read_text(encoding="utf-8")
        stock = replaced(stock, [('module\\(load="imklog".*\\)', "# no kernel here"),
                                 ('module\\(load="imuxsock"\\)', f'module(load="imuxsock" sysSock.name="{folder}/log.socket" sysSock.unlink="on")'),
                                 ("/var/spool/rsyslog", str(folder)), ("/etc/rsyslog.d", str(folder / "rsyslog.d")), ("/var/log/", f"{folder}/stock-"),
                                 ("FileOwner root", "FileOwner nobody"), ("FileGroup adm", "FileGroup nogroup")])
        (folder / "rsyslog.conf").write_text(stock, encoding="utf-8")
        self.program = str(root / "usr/sbin/rsyslogd")
        self.options = ["-f", str(folder / "rsyslog.conf"), "-M", str(root / LIBRARIES / "rsyslog"), "-i", str(folder / "pid")]

    def checked(self):
        """rsyslogd -N1: its own opinion of the configuration, which must have no complaint in it."""
        run = subprocess.run([self.program, "-N1", *self.options], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             check=False)
        return run.returncode == 0 and "error" not in run.stdout.lower() and "warning" not in run.stdout.lower(), run.stdout

    def start(self, command=None, ready=None):
        super().start(command or [self.program, "-n", *self.options], ready or (lambda: listens(self.tls) and listens(self.tcp)))


class SyslogNg(Receiver):
    """Debian's syslog-ng with its recipe as conf.d has it."""

    def __init__(self, root, folder, pki, more=()):
        super().__init__(root, folder, pki)
        self.tls, self.tcp, self.udp = free_ports(3)
        text = (RECIPES / "syslog-ng" / "postwacht.conf").read_text(encoding="utf-8")
        rules = [("/var/log/postwacht-received", str(folder / "log")), *more, ("O=Example", "O=Lab"),
                 ("/etc/postwacht-receiver/cert", f"{pki}/siem.example"), ("/etc/postwacht-receiver/key.pem", f"{pki}/siem.example.key"),
                 ("/etc/postwacht-receiver/ca", f"{pki}/ca"),
                 (r"port\(6514\)", f"ip(127.0.0.1) port({self.tls})"), (r"port\(601\)", f"ip(127.0.0.1) port({self.tcp})"),
                 (r"port\(514\)", f"ip(127.0.0.1) port({self.udp})")]
        # What stands at the top of Debian's syslog-ng.conf, as far as it touches others.
        stock = (root / "etc/syslog-ng/syslog-ng.conf").read_text(encoding="utf-8")
        options = re.search(r"^options \{.*?\};", stock, re.MULTILINE | re.DOTALL)[0].replace('owner("root"); group("adm"); ', "")
        (folder / "syslog-ng.conf").write_text("@version: 3.38\n" + options + "\n" + replaced(text, rules), encoding="utf-8")
        self.program = str(root / "usr/sbin/syslog-ng")
        self.options = ["--cfgfile", str(folder / "syslog-ng.conf"), "--module-path", str(root / "usr/lib/syslog-ng/3.38"),
                        "--persist-file", str(folder / "persist"), "--pidfile", str(folder / "pid"), "--control", str(folder / "control"), "--no-caps"]

    def checked(self):
        """syslog-ng --syntax-only."""
        run = subprocess.run([self.program, "--syntax-only", *self.options], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, check=False, cwd=self.folder)
        return run.returncode == 0 and "rror" not in run.stdout and "WARNING" not in run.stdout, run.stdout

    def start(self, command=None, ready=None):
        super().start(command or [self.program, "--foreground", "--stderr", *self.options], ready or (lambda: listens(self.tls) and listens(self.tcp)))
