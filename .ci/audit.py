"""Known vulnerabilities of the pinned versions, by pip-audit; where no advisory service answers, it says so and lets it be.

python .ci/audit.py        exit 1 when a version is known to be vulnerable, 0 otherwise
"""

from __future__ import annotations

import json
import subprocess
import sys

SERVICES = ("osv", "pypi")
ACCEPTED: dict[str, str] = {}
"""Identifiers of vulnerabilities that do not touch this project, each with the reason."""

COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--requirement", "constraints.txt", "--no-deps", "--disable-pip"),
    *("--progress-spinner", "off", "--timeout", "10", "--format", "json"),
)


def main() -> int:
    """Ask each service until one knows the packages. Returns the exit status."""
    for service in SERVICES:
        known = [package for package in audited(service) if "vulns" in package]
        if known:
            return told(known, service)
        print(f"pip-audit: the advisory service {service} cannot be asked from here")
    print("pip-audit: NOTHING WAS CHECKED. Run it where an advisory service is in reach.")
    return 0


def audited(service: str) -> list[dict]:
    """What a service says of each package; nothing where it is out of reach."""
    done = subprocess.run([*COMMAND, "--vulnerability-service", service], capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["dependencies"] if done.stdout.startswith("{") else []


def told(packages: list[dict], service: str) -> int:
    """Print what is vulnerable. Returns 1 if anything is that is not accepted."""
    found = [(package, vulnerability) for package in packages for vulnerability in package["vulns"]]
    bad = [(package, each) for package, each in found if each["id"] not in ACCEPTED]
    for package, each in bad:
        mended = ", ".join(each["fix_versions"]) or "no version"
        print(f"{package['name']} {package['version']}: {each['id']}, mended in {mended}")
    print(f"pip-audit: {len(packages)} packages checked by {service}, {len(found)} advisories, {len(bad)} to mend")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
