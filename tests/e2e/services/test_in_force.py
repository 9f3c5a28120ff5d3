# SPDX-License-Identifier: BSD-2-Clause
"""What is in force when: a list is served, and a key used, from the restart of its service on."""

import os
import re

from keys import der, fetch, names, pem, shown, signed_by
from lab import FIRST, SECOND, wait_for
from peers import Sccp, enrol

CONFIG = FIRST + ".cnf.xml.sgn"


def on_disk(lab, name="CTLFile.tlv"):
    with open(lab.path("tftp", name), "rb") as f:
        return f.read()


def waits(lab):
    return {s["word"]: s["restartBringsInForce"] for s in lab.json("utils", "service", "list")["services"]}


def publish_another(lab):
    """Lists of one second with the same records are the same."""
    old = on_disk(lab)

    def another():
        lab.publish("update", "CTLFile")
        return on_disk(lab) != old
    assert wait_for(another)


def registered_anew(lab, counts):
    def all_are():
        return all(lab.output(d).count("Reset by the server") > n[0] and
                   lab.output(d).count("registered as") > n[1] and lab.state(d).get("registered")
                   for d, n in counts.items())
    return wait_for(all_are)


def counts(lab):
    return {d: (lab.output(d).count("Reset by the server"), lab.output(d).count("registered as"))
            for d in (FIRST, SECOND)}


def regenerate(lab, name):
    return lab.cadeado("set", "cert", "regen", name, "--yes").stdout


def test_a_published_list_waits_for_tftp(lab):
    lab.add_phones()
    old = on_disk(lab)
    publish_another(lab)
    new = on_disk(lab)
    assert new != old and "CTLFile.tlv" in lab.cadeado("file", "list", "tftp").stdout
    assert fetch(lab, "CTLFile.tlv") == old == fetch(lab, f"CTL{FIRST}.tlv")
    assert waits(lab)["tftp"] and not waits(lab)["callmanager"]
    assert "A restart brings in force: the published trust list" in lab.cadeado("utils", "service", "list").stdout
    lab.restart("Cisco Tftp")
    assert fetch(lab, "CTLFile.tlv") == new == fetch(lab, f"CTL{FIRST}.tlv")
    assert not waits(lab)["tftp"]


def test_at_once_by_the_setting(idle_lab):
    path = idle_lab.path("cadeado.conf")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^lists_at_once = no$", "lists_at_once = yes", text))
    idle_lab.start()
    old = fetch(idle_lab, "CTLFile.tlv")
    publish_another(idle_lab)
    assert fetch(idle_lab, "CTLFile.tlv") == on_disk(idle_lab) != old
    assert not waits(idle_lab)["tftp"]


def test_the_itl_is_served_and_keeps_its_date(lab):
    lab.add_phones()
    itl = on_disk(lab, "ITLFile.tlv")
    assert fetch(lab, "ITLFile.tlv") == itl == fetch(lab, f"ITL{FIRST}.tlv")
    assert fetch(lab, "ITLSEP0011215A1AE5.tlv") is None  # a phone that nobody knows
    lab.restart("Cisco Tftp")
    assert fetch(lab, "ITLFile.tlv") == itl
    lab.stop()
    lab.start()
    assert fetch(lab, "ITLFile.tlv") == itl


def test_no_phone_is_secure_before_it_is_offered_the_list(idle_lab):
    """The first list ever, while the daemon runs."""
    ctl = idle_lab.path("tftp", "CTLFile.tlv")
    os.rename(ctl, idle_lab.path("ctl.kept"))
    idle_lab.add_phones()
    idle_lab.start()
    os.rename(idle_lab.path("ctl.kept"), ctl)
    assert fetch(idle_lab, "CTLFile.tlv") is None
    assert idle_lab.json("device", "show", FIRST)["device"]["modeInForce"] == "Non Secure"
    with Sccp(idle_lab.port("sccp")) as station:
        station.ready(FIRST)
    idle_lab.restart("Cisco Tftp")
    assert idle_lab.json("device", "show", FIRST)["device"]["modeInForce"] == "Encrypted"
    with Sccp(idle_lab.port("sccp")) as station:
        station.register(FIRST)
        assert b"TLS required" in station.until(0x9D)


def test_a_callmanager_key_step_by_step(lab):
    lab.whole_path()
    old = pem(lab, "CallManager.pem")
    regenerate(lab, "CallManager")
    new = pem(lab, "CallManager.pem")
    assert der(new) != der(old)

    def in_force(files, connections):
        return (signed_by(lab, fetch(lab, CONFIG), files) and shown(lab, "sccps") == der(connections))

    # Until a list names it the new key does nothing, whatever is restarted.
    assert in_force(old, old)
    before = counts(lab)
    lab.restart("Cisco Tftp", "Cisco CallManager")
    assert in_force(old, old)
    assert registered_anew(lab, before), (lab.output(FIRST)[-3000:], lab.log()[-3000:])
    gone = counts(lab)
    lab.stop()
    lab.start()
    assert wait_for(lambda: all(lab.output(d).count("registered as") > n[1] for d, n in gone.items()))
    assert in_force(old, old)

    lab.publish("update", "CTLFile")
    assert names(on_disk(lab), new) and in_force(old, old)
    # In the order that would lock phones out the old key goes on: no phone could get the list.
    before = counts(lab)
    lab.restart("Cisco CallManager")
    assert in_force(old, old)
    assert registered_anew(lab, before), (lab.output(FIRST)[-3000:], lab.log()[-3000:])
    assert waits(lab)["tftp"] and not waits(lab)["callmanager"]

    lab.restart("Cisco Tftp")
    assert in_force(new, old)
    assert waits(lab)["callmanager"]
    assert names(fetch(lab, "CTLFile.tlv"), new)
    assert lab.registered(FIRST, SECOND)

    before = counts(lab)
    lab.restart("Cisco CallManager")
    assert in_force(new, new)
    assert registered_anew(lab, before), (lab.output(FIRST)[-3000:], lab.log()[-3000:])
    assert not any(waits(lab).values())
    assert not os.path.exists(lab.path("keys", "previous", "CallManager.key"))
    for device in (FIRST, SECOND):
        with open(os.path.join(lab.folder(device), "CTLFile.tlv"), "rb") as f:
            assert f.read() == on_disk(lab)
    lab.hang_up(FIRST)
    lab.phone(FIRST, "--call", "1002", "--talk", "3600")
    assert lab.call_up()


def test_a_capf_key_step_by_step(lab):
    lab.add_phones()
    old, first = pem(lab, "CAPF.pem"), enrol(lab, FIRST)
    regenerate(lab, "CAPF")
    new = pem(lab, "CAPF.pem")
    lab.restart("capf")
    assert shown(lab, "capf") == der(old)
    lab.publish("update", "CTLFile")
    lab.restart("capf")
    assert shown(lab, "capf") == der(old)
    lab.restart("Cisco Tftp", "capf")
    assert shown(lab, "capf") == der(new)
    second = enrol(lab, SECOND)
    # Certificates of both are accepted, before CallManager's restart and after.
    for _ in range(2):
        for device, key in ((FIRST, first), (SECOND, second)):
            with Sccp(lab.port("sccps"), key) as station:
                station.ready(device)
        lab.restart("Cisco CallManager")
    lab.stop()
    lab.start()
    for device, key in ((FIRST, first), (SECOND, second)):
        with Sccp(lab.port("sccps"), key) as station:
            station.ready(device)


def test_a_started_daemon_takes_all_at_once(lab):
    """The machine is restarted instead of the services: phones find their way back."""
    lab.whole_path()
    regenerate(lab, "CallManager")
    lab.publish("update", "CTLFile")
    lab.stop()
    lab.start()
    new = pem(lab, "CallManager.pem")
    assert shown(lab, "sccps") == der(new) and signed_by(lab, fetch(lab, CONFIG), new)
    assert wait_for(lambda: len(lab.json("show", "stations")["stations"]) == 2), lab.output(FIRST)[-3000:]
