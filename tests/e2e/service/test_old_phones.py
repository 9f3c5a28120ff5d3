# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon says of this OpenSSL, against what openssl s_client gets from its listeners."""

import re
import subprocess

import pytest

from lab import PATIENCE

OLD = {
    "TLS 1.0": ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"],
    "AES128-SHA": ["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
    "NULL-SHA": ["-tls1_2", "-cipher", "NULL-SHA:@SECLEVEL=0"],
    "SHA-1": ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "-sigalgs", "RSA+SHA1"],
}


def reaches(lab, options):
    done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % lab.port("tvs"), *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return "Cipher is (NONE)" not in done.stdout and "Cipher is" in done.stdout


@pytest.mark.parametrize("profile", ("modern", "legacy"))
def test_the_daemon_says_what_its_listeners_take(idle_lab, profile):
    conf = idle_lab.path("cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = f.read()
    with open(conf, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^tls_profile = .*$", "tls_profile = " + profile, text))
    idle_lab.start()
    said = re.search(r"listeners \(setting tls_profile = %s\) take ([^;\n]*)(?:; they refuse ([^;\n]*))?" % profile, idle_lab.log())
    takes, refuses = [set(part.split(", ")) if part else set() for part in said.groups()]
    assert takes | refuses == {*OLD, "RSA-1024"} and not takes & refuses
    for name, options in OLD.items():
        assert reaches(idle_lab, options) == (name in takes), (name, takes)
    assert re.search(r"this OpenSSL can serve old phones with [^\n]*AES128-SHA[^\n]* \(each tried with a handshake\)", idle_lab.log())
    idle_lab.cadeado("profile", "add", "SIP", "--protocol", "SIP")
    for device, model, more, told in (("SEP0011215A1AE8", "Cisco 7961", ["--profile", "Encrypted", "--install"], "listeners refuse"),
                                      ("SEP0011215A1AE7", "Cisco 7961", [], "before it is secured"),
                                      ("SEP0011215A1AE6", "Cisco 8841", ["--protocol", "SIP", "--profile", "SIP"], None)):
        added = idle_lab.json("device", "add", device, "--device-type", model, *more).get("warnings", "")
        assert ("tls_profile" in added) == (profile == "modern" and told is not None), (device, added)
        assert not added or told in added
