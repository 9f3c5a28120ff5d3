# SPDX-License-Identifier: BSD-2-Clause
"""Phone security profiles from the command line."""

import pytest

from lab import FIRST


@pytest.fixture
def cluster(idle_lab):
    return idle_lab


def refused(lab, *words):
    done = lab.cadeado(*words, check=False)
    assert done.returncode == 1 and done.stderr.startswith("cadeado: "), done
    return done.stderr


def test_life_of_a_profile(cluster):
    made = cluster.json("profile", "add", "Cisco 7961 - Authenticated", "--mode", "authenticated", "--device-type",
                        "7961G")["profile"]
    assert made["deviceSecurityMode"] == "Authenticated" and made["deviceType"] == "Cisco 7961"
    assert made["authenticationMode"] == "By Null String" and made["rsaKeySize"] == "2048" and made["devices"] == 0
    assert "already" in refused(cluster, "profile", "add", "cisco 7961 - authenticated")
    cluster.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Cisco 7961 - Authenticated")
    text = cluster.cadeado("profile", "show", "Cisco 7961 - Authenticated").stdout
    assert "Device Security Mode:" in text and "Dependency Records:" in text and "1 phones" in text
    assert "1" in refused(cluster, "profile", "delete", "Cisco 7961 - Authenticated", "--yes")
    cluster.cadeado("profile", "rename", "Cisco 7961 - Authenticated", "Floor 3")
    assert cluster.json("device", "show", FIRST)["device"]["profile"] == "Floor 3"
    cluster.cadeado("profile", "update", "Floor 3", "--mode", "Encrypted")
    rows = {p["name"]: p for p in cluster.json("profile", "list")["profiles"]}
    assert rows["Floor 3"]["deviceSecurityMode"] == "Encrypted" and rows["Floor 3"]["devices"] == 1
    cluster.cadeado("device", "delete", FIRST, "--yes")
    cluster.cadeado("profile", "delete", "Floor 3", "--yes")
    assert "Floor 3" not in {p["name"] for p in cluster.json("profile", "list")["profiles"]}


def test_the_predefined_one_stays(cluster):
    for words in (("update", "Non Secure", "--mode", "Encrypted"), ("rename", "non secure", "Other"),
                  ("delete", "Non Secure", "--yes")):
        assert "predefined" in refused(cluster, "profile", *words)


def test_a_change_that_strands_a_phone_names_it(cluster):
    cluster.cadeado("profile", "add", "Young")
    cluster.cadeado("device", "add", FIRST, "--number", "1001", "--profile", "Young")
    said = refused(cluster, "profile", "update", "Young", "--auth", "By Authentication String", "--encrypted-config", "yes")
    assert FIRST in said and "has no LSC" in said
    assert cluster.json("profile", "show", "Young")["profile"]["tftpEncryptedConfig"] == "false"
    # What works otherwise than somebody might think is said of the phones.
    cluster.cadeado("profile", "update", "Young", "--encrypted-config", "yes")
    cluster.cadeado("device", "update", FIRST, "--ssh-user", "joe")
    assert "no SSH user" not in cluster.cadeado("profile", "update", "Young", "--description", "new").stdout
    done = cluster.cadeado("profile", "update", "Young", "--encrypted-config", "no")
    assert "Warning: %s gets no SSH user and password" % FIRST in done.stdout
    assert "cannot open encrypted configuration" in refused(
        cluster, "profile", "add", "Old", "--device-type", "7960", "--rsa-bits", "1024", "--encrypted-config", "true")
