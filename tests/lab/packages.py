"""Debian packages, downloaded and unpacked aside, and the namespaces in which they are laid over the machine's files."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
PROGRAMS = ["tcpdump", "swaks", "openssl", "ethtool", "ip", "unshare", "nsenter"]

# Each row by itself: some of them conflict.
LAB = ["postfix", "exim4-daemon-light", "opensmtpd", "dovecot-core dovecot-lmtpd", "gnutls-bin libnss3-tools libmbedtls-dev",
       "nsd unbound ldnsutils", "postfix-mta-sts-resolver", "postgrey msmtp"]
PLAY = ["tcpreplay"]


def unpack(directory, rows):
    """Downloads these and what they need, and unpacks them into DIRECTORY/root, unless that was done before."""
    root = directory / "root"
    for names in rows:
        folder = names.split()[0]
        cache, done = directory / folder, directory / folder / "unpacked"
        if done.exists():
            continue
        (cache / "partial").mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--download-only", "--reinstall", "--no-install-recommends",
                        "-o", f"Dir::Cache::archives={cache}", "-o", "APT::Sandbox::User=root", *names.split()],
                       check=True, stdout=subprocess.DEVNULL)
        for package in sorted(cache.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, root], check=True)
        done.touch()
    return root


def skip(why):
    """The machine cannot do it: said, never passed over."""
    print(f"lab: skipped: {why}\n0 passed, 0 failed, 1 skipped")
    sys.exit(SKIP)


def enter(program, keep):
    """Starts `program` again with its arguments, in new namespaces, behind `--inside` and the folder of the packages."""
    if os.geteuid() != 0:
        skip("not root")
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if missing:
        skip(f"not installed: {' '.join(missing)}")
    if subprocess.run(["unshare", "-mnupf", "true"], check=False).returncode:
        skip("no new namespaces here")
    with tempfile.TemporaryDirectory() as temporary:
        root = unpack((keep or pathlib.Path(temporary)).resolve(), LAB)
        again = [sys.executable, str(program), "--inside", str(root), *sys.argv[1:]]
        return subprocess.run(["unshare", "-mnupf", "--kill-child", *again], check=False).returncode
