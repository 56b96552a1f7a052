"""What one question alone does not show: a policy that outlives its web server, and the measured cost."""
import subprocess
import json


def tell(lab):
    """Each: None, or what is wrong."""
    return [kept(lab)]


def kept(lab):
    """An enforce policy stays in force when its fetch fails, and says so."""
    state = lab.where["state"]
    state.mkdir()
    lab.ask("sts-ok", "--state", state)
    file = state / "policy.json"
    if not file.exists():
        return "kept: no policy cache was written"
    known = json.loads(file.read_text())
    entry = known["domains"]["sts-ok.example"]
    if entry["mta_sts"]["mode"] != "enforce":
        return f"kept: {entry['mta_sts']}"
    # The same policy, as if it were of a domain whose web server shows the wrong certificate.
    known["domains"] = {"sts-wrong.example": {**entry, "mta_sts": {**entry["mta_sts"], "id": "older"}}}
    file.write_text(json.dumps(known))
    document, _, errors = lab.ask("sts-wrong", "--state", state)
    sts = document.get("snapshot", {}).get("domains", {}).get("sts-wrong.example", {}).get("mta_sts", {})
    if sts.get("mode") != "enforce" or sts.get("fault") != "sts-webpki-invalid":
        return f"kept: {sts} {errors}"
    return None


def measure(program, lab):
    """Prints what it costs; None, or what is wrong."""
    done = subprocess.run([program, lab.where["anchor"], lab.where["hints"], "ok.example", "none.example", "alias.example", "unsigned.example"],
                          capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    return None if done.returncode == 0 else f"measure: {done.returncode} {done.stderr}"
