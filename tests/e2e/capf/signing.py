# SPDX-License-Identifier: BSD-2-Clause
"""An authority that is not CAPF: openssl, and the commands of docs/how-to/let-another-authority-sign.md."""

import signal

from capfphone import openssl


def settings(lab, **values):
    """Their lines in cadeado.conf, in place of those that are there."""
    path = lab.path("cadeado.conf")
    with open(path, encoding="utf-8") as f:
        lines = [x for x in f if x.split("=")[0].strip() not in values]
    with open(path, "w", encoding="utf-8") as f:
        f.writelines([*lines, *(f"{name} = {value}\n" for name, value in values.items())])


class Authority:
    """ca.pem and ca.key in a folder."""

    def __init__(self, folder, name="Corp Phones CA"):
        folder.mkdir(exist_ok=True)
        self.folder, self.cert = folder, folder / "ca.pem"
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days",
                "3650", "-subj", f"/O=Corp/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def sign(self, exported, device, out=None):
        """As the export tells to; the file with the certificate."""
        out = out or self.folder / (device + ".pem")
        openssl(exported, "x509", "-req", "-in", device + ".csr", "-force_pubkey", device + ".pub", "-copy_extensions",
                "copyall", "-CA", self.cert, "-CAkey", self.folder / "ca.key", "-days", "365", "-out", out)
        return out

    def trust(self, lab):
        lab.cadeado("set", "cert", "import", "trust", "CAPF-trust", str(self.cert))


def crash(lab):
    """Power loss, and back."""
    lab.stop(signal.SIGKILL)
    lab.start()
