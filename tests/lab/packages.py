"""Debian packages, downloaded and unpacked aside; nothing is installed."""
import subprocess

# Each row by itself: some of them conflict.
LAB = ["postfix", "exim4-daemon-light", "opensmtpd", "dovecot-core dovecot-lmtpd", "gnutls-bin libnss3-tools libmbedtls-dev",
       "nsd unbound ldnsutils"]
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
                        "-o", f"Dir::Cache::archives={cache}", *names.split()], check=True, stdout=subprocess.DEVNULL)
        for package in sorted(cache.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, root], check=True)
        done.touch()
    return root
