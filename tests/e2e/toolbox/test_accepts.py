# SPDX-License-Identifier: BSD-2-Clause
"""The sentence of cadeado diff: would a phone that holds OLD accept NEW, and why. Lists made with Python's
cryptography; the rule is the one of docs/formats/trust-list.md, Acceptance."""

import json
import os
import subprocess
import sys

import pytest

import lab as labs
from lab import program

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data"))

import phonefiles as files  # noqa: E402

TVS = 21


class Cluster:
    def __init__(self):
        names = ("SAST-1", "SAST-2", "CallManager", "TVS", "Stranger", "SAST-1")
        self.first, self.second, self.manager, self.tvs, self.stranger, self.impostor = (
            files.Identity(name, 1024) for name in names)
        self.impostor.serial = self.first.serial
        self.renewed = files.Identity("SAST-1", 1024)
        self.large = files.Identity("SAST-4096", 4096)

    def ctl(self, signer, *tokens, **how):
        records = [files.record(token, files.SAST) for token in tokens or (self.first, self.second)]
        return files.ctl(signer, [*records, files.record(self.manager, files.CCM_TFTP, "node", "192.0.2.10")], **how)

    def itl(self, signer, *more, **how):
        records = [files.record(signer, files.SAST), files.record(signer, files.TFTP), *more]
        return files.ctl(signer, records, filename="ITLFile.tlv", **how)


@pytest.fixture(scope="module")
def cluster():
    return Cluster()


@pytest.fixture
def diff(tmp_path):
    def run(old, new, *words):
        (tmp_path / "old.tlv").write_bytes(old)
        (tmp_path / "new.tlv").write_bytes(new)
        command = [program("cadeado"), "diff", "old.tlv", "new.tlv", *words]
        text, said = (subprocess.run([*command, *more], cwd=tmp_path, text=True, capture_output=True,
                                     timeout=labs.PATIENCE, check=False) for more in ([], ["--json"]))
        said = json.loads(said.stdout)
        assert text.returncode == (0 if said["accepts"] else 1), text
        verb = "accepts" if said["accepts"] else "rejects"
        assert text.stdout.splitlines()[-1] == (
            f"A phone holding old.tlv {verb} new.tlv, because {said['because']}")
        return said["accepts"], said["because"]
    return run


def test_a_token_of_the_held_list(cluster, diff):
    old = cluster.ctl(cluster.first)
    assert diff(old, cluster.ctl(cluster.second)) == (
        True, f"its signer is SAST record 2 of that list: {cluster.second.name}")


def test_a_token_with_another_key(cluster, diff):
    accepted, why = diff(cluster.ctl(cluster.first), cluster.ctl(cluster.impostor, cluster.impostor, cluster.second))
    assert not accepted
    assert why.startswith("its signer has the name and serial number of SAST record 1 of that list, but another key: ")


def test_a_damaged_list(cluster, diff):
    damaged = bytearray(cluster.ctl(cluster.first))
    damaged[-1] ^= 1
    accepted, why = diff(cluster.ctl(cluster.first), bytes(damaged))
    assert not accepted and "SAST record 1 of that list" in why and "damaged" in why and "another key" not in why


def test_a_token_that_was_made_anew(cluster, diff):
    accepted, why = diff(cluster.ctl(cluster.first), cluster.ctl(cluster.renewed, cluster.renewed, cluster.second))
    assert not accepted
    assert why == (f"its signer is no SAST of that list: {cluster.renewed.name} "
                   "(SAST record 1 has that name, but another serial number)")


def test_a_signer_with_another_role(cluster, diff):
    accepted, why = diff(cluster.ctl(cluster.first), cluster.ctl(cluster.manager, cluster.manager, cluster.second))
    assert not accepted
    assert why == (f"its signer is no SAST of that list: {cluster.manager.name} "
                   "(it is in record 3, as CCM+TFTP (2) alone)")


def test_a_record_that_contradicts_itself(cluster, diff):
    """Its PUBLICKEY is a stranger's, its certificate the token's."""
    records = [files.record(cluster.first, files.SAST, list_key=cluster.impostor.list_key),
               files.record(cluster.second, files.SAST)]
    old = files.ctl(cluster.second, records)
    accepted, why = diff(old, cluster.ctl(cluster.impostor, cluster.impostor, cluster.second))
    assert not accepted and "SAST record 1 of that list contradicts the certificate in it" in why


def test_a_token_without_its_certificate(cluster, diff):
    """Its key is in the record: that is enough to check a signature."""
    old = files.ctl(cluster.first, [files.hash_record(cluster.first, files.SAST)], filename="ITLFile.tlv")
    accepted, why = diff(old, cluster.itl(cluster.first))
    assert accepted and why.startswith("its signer is SAST record 1 of that list: ")


def test_tvs_may_vouch(cluster, diff):
    old = cluster.itl(cluster.first, files.hash_record(cluster.tvs, TVS))
    accepted, why = diff(old, cluster.itl(cluster.stranger))
    assert not accepted
    assert why == (f"its signer is no SAST of that list: {cluster.stranger.name}; "
                   "only a TVS of that list (record 3) can still vouch for it")
    # TVS has no record in a CTL, and cannot help where the signature is wrong.
    assert "TVS" not in diff(cluster.ctl(cluster.first), cluster.itl(cluster.stranger))[1]
    damaged = bytearray(cluster.itl(cluster.stranger))
    damaged[-1] ^= 1
    assert "TVS" not in diff(old, bytes(damaged))[1]


def test_the_other_kind_of_list(cluster, diff):
    accepted, why = diff(cluster.ctl(cluster.first), cluster.itl(cluster.first))
    assert accepted and why == (f"its signer is SAST record 1 of that list: {cluster.first.name}; "
                                "an ITL does not replace a CTL: the phone then holds both")
    accepted, why = diff(cluster.itl(cluster.first), cluster.ctl(cluster.first))
    assert accepted and why.endswith("; a CTL does not replace an ITL: the phone then holds both")


@pytest.mark.parametrize("digest, name", [(files.SHA256, "SHA-256"), (files.SHA512, "SHA-512")])
def test_a_digest_that_not_every_family_checks(cluster, diff, digest, name):
    old, new = cluster.ctl(cluster.first), cluster.ctl(cluster.first, digest=digest)
    accepted, why = diff(old, new)
    assert accepted and why.startswith("its signer is SAST record 1 of that list") and f"check {name}" in why
    for family in ("79xx", "all"):
        assert diff(old, new, "--for", family) == (False, f"79xx phones check SHA-1 signatures alone, not {name}")
    accepted, why = diff(old, new, "--for", "newer")
    assert accepted is (digest == files.SHA512)
    assert accepted or why == "no family of phones is known to check SHA-256 signatures"


def test_a_key_that_not_every_family_checks(cluster, diff):
    old = cluster.ctl(cluster.first, cluster.first, cluster.large)
    new = cluster.ctl(cluster.large, cluster.first, cluster.large)
    accepted, why = diff(old, new)
    assert accepted and why.endswith("; 79xx phones reject it: they check keys of at most 2048 bits, not 4096")
    accepted, why = diff(old, new, "--for", "79xx")
    assert not accepted and "4096 bits" in why
    assert diff(old, new, "--for", "newer")[0]


def test_a_digest_that_nobody_knows(cluster, diff):
    new = bytearray(cluster.ctl(cluster.first))
    at = new.index(b"\x08\x00\x01\x01")
    new[at + 3] = 9
    assert diff(cluster.ctl(cluster.first), bytes(new)) == (
        False, "no phone can check its signature: header, DIGESTALGORTITHM: unknown code 9")


def test_a_name_that_is_no_lists(cluster, diff):
    old = cluster.ctl(cluster.first)
    assert diff(old, cluster.ctl(cluster.first, filename="ring.tlv")) == (
        False, "its header has the name of no list: ring.tlv")


def test_a_name_written_in_another_way(cluster, diff):
    """The bytes differ, the name does not; whether a phone finds it is not known."""
    other = files.Identity("SAST-1", 1024)
    other.key, other.cert, other.der, other.serial = (cluster.first.key, cluster.first.cert, cluster.first.der,
                                                      cluster.first.serial)
    other.name = other.issuer = "CN=SAST-1,O=Cadeado"
    accepted, why = diff(cluster.ctl(cluster.first), cluster.ctl(other, other, cluster.second))
    assert accepted and why.endswith("; its name is written in another way there, and a phone may not find it")


def test_a_family_that_is_none(cluster, tmp_path):
    (tmp_path / "list.tlv").write_bytes(cluster.ctl(cluster.first))
    for command in (["diff", "list.tlv", "list.tlv"], ["verify", "list.tlv", "--holding", "list.tlv"]):
        done = subprocess.run([program("cadeado"), *command, "--for", "88xx"], cwd=tmp_path, text=True,
                              capture_output=True, timeout=labs.PATIENCE, check=False)
        assert done.returncode == 2 and "--for is 79xx, newer or all" in done.stderr


def test_verify_says_the_same(cluster, tmp_path):
    (tmp_path / "old.tlv").write_bytes(cluster.ctl(cluster.first))
    (tmp_path / "new.tlv").write_bytes(cluster.ctl(cluster.first, digest=files.SHA512))
    done = subprocess.run([program("cadeado"), "verify", "new.tlv", "--holding", "old.tlv", "--for", "79xx"],
                          cwd=tmp_path, text=True, capture_output=True, timeout=labs.PATIENCE, check=False)
    assert done.returncode == 1
    # The verdict itself speaks of signature and signer alone.
    assert done.stdout.splitlines()[0] == "The CTL file was verified successfully."
    assert ("A phone that holds old.tlv rejects it: 79xx phones check SHA-1 signatures alone, not SHA-512"
            in done.stdout)


def test_an_itl_beside_a_ctl(cluster, diff):
    """docs/decisions/0004: the file signer of a held CTL signs ITLs, and nothing else."""
    held = cluster.ctl(cluster.first)
    accepted, why = diff(held, cluster.itl(cluster.manager))
    assert accepted and why.startswith("its signer is record 3 of that list, as CCM+TFTP (2), which signs ITLs: ")
    for offered in (cluster.itl(cluster.stranger), cluster.ctl(cluster.manager, cluster.manager, cluster.first)):
        assert not diff(held, offered)[0]
    assert not diff(cluster.itl(cluster.tvs, files.record(cluster.manager, files.CCM_TFTP)),
                    cluster.itl(cluster.manager))[0]
