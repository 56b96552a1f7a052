"""The scripted client (talk.py) as a sender of a scenario: for what no real one sends."""
import subprocess
import sys

import servers
from place import LAB


class TalkSender:
    """One message, octet for octet (C escapes; RECIPIENT stands for whom it goes to), straight to the first host."""
    kind = "talk"

    def __init__(self, message):
        self.message, self.text = message, ""

    def send(self, client, scenario):
        """One connection."""
        rcpt = f"bob@{scenario.domain().name}"
        (LAB / "message").write_text(self.message.replace("RECIPIENT", rcpt), encoding="ascii")
        done = subprocess.run([*client.enter, sys.executable, servers.HERE / "talk.py", scenario.hosts()[0].v4, "25", LAB / "message", rcpt],
                              capture_output=True, timeout=20, check=False)
        self.text = (done.stdout + done.stderr).decode(errors="replace")

    def log(self):
        """What was said to it."""
        return self.text
