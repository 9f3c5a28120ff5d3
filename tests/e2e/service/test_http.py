# SPDX-License-Identifier: BSD-2-Clause
"""The files of TFTP over HTTP and HTTPS, as curl, Python's http.client and strangers meet them."""

import hashlib
import http.client
import os
import re
import socket
import ssl
import subprocess
import time

import pytest

from lab import FIRST, PATIENCE, wait_for
from peers import HOST, Tftp

CTL = "CTL" + FIRST + ".tlv"
DOORS = ("http", "https", "https-auth")


def put(lab, name, content):
    path = lab.path("tftp", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)
    return content


def trusting():
    """Believes any certificate: who the server is, is another test's matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(lab, door="http"):
    if door == "http":
        return http.client.HTTPConnection(HOST, lab.port(door), timeout=PATIENCE)
    return http.client.HTTPSConnection(HOST, lab.port(door), timeout=PATIENCE, context=trusting())


def ask(connection, target, method="GET", **headers):
    connection.request(method, target, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


def get(lab, target, door="http", method="GET", **headers):
    connection = connect(lab, door)
    try:
        return ask(connection, target, method, **headers)
    finally:
        connection.close()


class Raw:
    """A client that sends what it is told to."""

    def __init__(self, lab, door="http"):
        self.sock = socket.create_connection((HOST, lab.port(door)), PATIENCE)
        if door != "http":
            self.sock = trusting().wrap_socket(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def rest(self):
        """Everything until the server ends the connection."""
        got = b""
        while True:
            try:
                part = self.sock.recv(65536)
            except ConnectionResetError:
                return got
            if not part:
                return got
            got += part


def raw(lab, request, door="http"):
    with Raw(lab, door) as c:
        c.send(request)
        return c.rest()


@pytest.fixture
def server(service_lab):
    return service_lab


def tftp(lab, name):
    with Tftp(lab.port("tftp")) as c:
        c.request(name)
        packet = c.recv()
        return c.rest(packet) if packet[:2] == b"\0\3" else None


def test_curl(server, tmp_path):
    image = put(server, "image.bin", os.urandom(3 << 20))
    for door in DOORS:
        url = "%s://%s:%d/" % (door.split("-")[0], HOST, server.port(door))
        for name, want in (("image.bin", image), (CTL, tftp(server, CTL)), ("ctlfile.TLV", tftp(server, CTL))):
            out = tmp_path / "out"
            done = subprocess.run(["curl", "-sSkf", "-o", str(out), "-w", "%{http_code} %{content_type}", url + name],
                                  capture_output=True, text=True, timeout=PATIENCE, check=True)
            assert done.stdout == "200 */*" and out.read_bytes() == want, (door, name)
    # A download that was broken off goes on where it ended.
    out.write_bytes(image[:1234567])
    subprocess.run(["curl", "-sSf", "-C", "-", "-o", str(out), "http://%s:%d/image.bin" % (HOST, server.port("http"))],
                   timeout=PATIENCE, check=True)
    assert out.read_bytes() == image


def test_certificate_is_that_of_the_call_manager(server):
    with open(server.path("keys", "CallManager.pem"), encoding="ascii") as f:
        want = ssl.PEM_cert_to_DER_cert(f.read())
    for door in ("https", "https-auth"):
        with Raw(server, door) as c:
            assert c.sock.getpeercert(True) == want


def test_head(server):
    content = put(server, "a.xml", b"<a/>")
    for target in ("/a.xml", "/nothing.xml"):
        status, headers, body = get(server, target)
        again, same, nothing = get(server, target, method="HEAD")
        del headers["date"], same["date"]
        assert (again, same, nothing) == (status, headers, b"")
    status, headers, body = get(server, "/a.xml")
    assert (status, body, headers["content-length"]) == (200, content, "4")
    assert headers["cache-control"] == "no-store" and headers["accept-ranges"] == "bytes"


def test_ranges(server):
    content = put(server, "r.bin", bytes(range(200)))
    for value, first, last in (("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=150-", 150, 199),
                               ("bytes=-5", 195, 199), ("bytes=-500", 0, 199), ("bytes=190-999", 190, 199),
                               ("BYTES=1-2", 1, 2), ("bytes=0-99999999999999999999999", 0, 199)):
        status, headers, body = get(server, "/r.bin", Range=value)
        assert (status, body) == (206, content[first:last + 1]), value
        assert headers["content-range"] == "bytes %d-%d/200" % (first, last)
    for value in ("bytes=200-", "bytes=200-300", "bytes=-0", "bytes=99999999999999999999999-"):
        status, headers, body = get(server, "/r.bin", Range=value)
        assert (status, body, headers["content-range"]) == (416, b"", "bytes */200"), value
    for value in ("bytes=5-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,5-6", "lines=1-2", "bytes=1-2x", "x"):
        assert get(server, "/r.bin", Range=value)[::2] == (200, content), value
    put(server, "empty", b"")
    assert get(server, "/empty")[::2] == (200, b"")
    assert get(server, "/empty", Range="bytes=0-")[0] == 416
    status, headers, _ = get(server, "/r.bin", method="HEAD", Range="bytes=1-2")
    assert (status, headers["content-length"]) == (200, "200")


def test_conditions(server):
    content = put(server, "c.xml", b"<c/>")
    then = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT, of RFC 9110
    os.utime(server.path("tftp", "c.xml"), (then, then))
    time.sleep(0.2)
    _, headers, _ = get(server, "/c.xml")
    tag = headers["etag"]
    assert tag == '"%s"' % hashlib.sha256(content).hexdigest()[:32]
    assert headers["last-modified"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    for value in (tag, "W/" + tag, "*", '"x", ' + tag, ', "a,b" ,' + tag):
        status, headers, body = get(server, "/c.xml", If_None_Match=value)
        assert (status, body, headers["etag"]) == (304, b"", tag), value
        assert "content-length" not in headers
    for value in ('"x"', tag.strip('"'), tag + "x", "", 'x, ' + tag):
        assert get(server, "/c.xml", If_None_Match=value)[::2] == (200, content), value
    assert get(server, "/c.xml", If_Match=tag)[0] == 200
    for value in ('"x"', "W/" + tag):
        assert get(server, "/c.xml", If_Match=value)[0] == 412, value
    before, at = "Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"
    for value in (at, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 07 Nov 1994 08:49:37 GMT"):
        assert get(server, "/c.xml", If_Modified_Since=value)[0] == 304, value
        assert get(server, "/c.xml", If_Unmodified_Since=value)[0] == 200, value
    for value in (before, "yesterday", "Sun, 06 Nov 1994 08:49:37 MET"):
        assert get(server, "/c.xml", If_Modified_Since=value)[0] == 200, value
    assert get(server, "/c.xml", If_Unmodified_Since=before)[0] == 412
    assert get(server, "/c.xml", If_Modified_Since=at, If_None_Match='"x"')[0] == 200
    assert get(server, "/c.xml", Range="bytes=1-1", If_Range=tag)[::2] == (206, b"c")
    for value in ('"x"', "W/" + tag, at):
        assert get(server, "/c.xml", Range="bytes=1-1", If_Range=value)[0] == 200
    # What is made has no date; what changed has another tag.
    assert "last-modified" not in get(server, "/" + CTL)[1]
    put(server, "c.xml", b"<d/>")
    assert get(server, "/c.xml", If_None_Match=tag)[::2] == (200, b"<d/>")


def test_keep_alive(server):
    put(server, "k.xml", b"<k/>")
    for door in DOORS:
        connection = connect(server, door)
        for target, want in (("/k.xml", 200), ("/nothing", 404), ("/%zz", 404), ("/k.xml", 200)) * 5:
            status, headers, _ = ask(connection, target)
            assert status == want and "connection" not in headers
        assert connection.sock is not None
        status, headers, _ = ask(connection, "/k.xml", Connection="close")
        assert status == 200 and headers["connection"] == "close"
        connection.close()
    assert raw(server, b"GET /k.xml HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\n<k/>")


def test_pipelined(server):
    """Also by a client that closes its half behind its requests, and with large answers between."""
    large = put(server, "large.bin", os.urandom(1 << 20))
    put(server, "p.xml", b"<p/>")
    for door in DOORS:
        request = b"".join(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % name
                           for name in (b"p.xml", b"large.bin", b"nothing", b"p.xml", CTL.encode()))
        with Raw(server, door) as c:
            c.send(request)
            if door == "http":
                c.sock.shutdown(socket.SHUT_WR)
            else:
                c.send(b"GET / HTTP/1.0\r\n\r\n")
            got = c.rest()
        statuses = re.findall(rb"HTTP/1\.1 (\d+) [A-Za-z ]+\r\nDate", got)
        assert statuses[:5] == [b"200", b"200", b"404", b"200", b"200"], (door, statuses)
        assert large in got and tftp(server, CTL) in got


def test_one_answer_for_all_that_is_not_there(server):
    put(server, "SEP000000000001.cnf.xml", b"secret")
    put(server, "ConfigFileCacheList.txt", b"secret")
    put(server, ".hidden", b"secret")
    put(server, "folder/file.xml", b"good")
    os.symlink("/etc/passwd", server.path("tftp", "link"))
    targets = ["/nothing", "/nothing/", "/", "//", "/.", "/..", "/../cadeado.conf", "/%2e%2e/cadeado.conf",
               "/folder", "/folder/", "/folder/../cadeado.db", "/folder/%2e%2e/.hidden", "/.hidden", "/%2ehidden",
               "/link", "/ConfigFileCacheList.txt", "/configfilecachelist.TXT", "/%43onfigFileCacheList.txt",
               "/ConfigFileCacheList.txt?x", "/BinFileCacheList.txt", "/FileList.txt", "/PerfMon.txt",
               "/ParamList.txt", "/lddefault.cfg", "/SEP000000000001.cnf.xml", "/SEP000000000001.cnf.xml.sgn",
               "/SEP000000000001.cnf.xml.enc.sgn", "/CTLSEP000000000001.tlv", "/folder/SEP000000000001.cnf.xml",
               "/%", "/%4", "/%zz", "/%00", "/%0a", "/a%2fb", "/a%5cb", "/%ff", "/%e2%82%ac", "/" + "a" * 64,
               "/" + "a" * 900, "/SEP.cnf.xml", "/?list", "/a//b", "/C:/x"]
    for door in DOORS:
        answers = set()
        for target in targets:
            got = raw(server, b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % target.encode(), door)
            assert b"secret" not in got and b"root:" not in got
            answers.add(re.sub(rb"Date: [^\r]*", b"Date:", got))
        assert len(answers) == 1 and b" 404 Not Found\r\n" in answers.pop()
    assert get(server, "/folder/file.xml")[2] == b"good"
    assert get(server, "/FOLDER/%46ile.xml?version=2")[2] == b"good"


def test_6971_gives_signed_configurations_unsigned(server):
    """Phones ask there for the signed name and expect it without the signature."""
    name = "/%s.cnf.xml" % FIRST
    unsigned = get(server, name)[2]
    for asked in (name + ".sgn", name.upper() + ".SGN", name + "%2esgn"):
        assert get(server, asked, "https")[2] == unsigned
        for door in ("http", "https-auth"):
            signed = get(server, asked, door)[2]
            assert signed[:3] == b"\1\0\2" and signed.endswith(unsigned)
    # It is the suffix of configurations only.
    signed = put(server, "ring.xml.sgn", b"\1\0\2signed")
    assert get(server, "/ring.xml.sgn", "https")[2] == signed


def test_hostile_heads(server):
    for request, status in (
            (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/1.1\n\n", 400), (b"\0\1\2\3\r\n\r\n", 400),
            (b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400), (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
            (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
            (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nRange: bytes=0-2\r\n\r\n", 400),
            (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 2000), 414),
            (b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * 9000), 431),
            (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 80 + b"Host: a\r\n\r\n", 431),
            (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            (b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405),
            (b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 405),
            (b"DELETE /CTLFile.tlv HTTP/1.1\r\nHost: a\r\n\r\n", 405)):
        got = raw(server, request)
        assert got.startswith(b"HTTP/1.1 %d " % status), (request[:60], got[:60])
        assert status != 405 or b"\r\nAllow: GET, HEAD\r\n" in got
        assert not os.path.exists(server.path("tftp", "x"))
    for _ in range(50):
        raw(server, os.urandom(300) + b"\r\n\r\n")
    with Raw(server) as c:  # nonsense where a handshake belongs
        c.sock.close()
    with socket.create_connection((HOST, server.port("https")), PATIENCE) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert not s.recv(65536).startswith(b"HTTP")
    assert get(server, "/" + CTL)[0] == 200


def test_slow_clients_hinder_nobody(server):
    large = put(server, "large.bin", os.urandom(8 << 20))
    slow = []
    for i in range(40):
        c = Raw(server)
        if i % 2:
            c.send(b"GET / HTTP/1.1\r\nHo")
        else:
            c.send(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")  # and reads nothing
        slow.append(c)
    assert get(server, "/" + CTL)[0] == 200
    assert get(server, "/large.bin")[2] == large
    # A head that never ends is answered and the connection closed.
    assert slow[1].rest().startswith(b"HTTP/1.1 408 ")
    for c in slow:
        c.sock.close()
    assert wait_for(lambda: "Not transferred[large.bin]" in server.trace("ctftp"))


def test_connections_of_one_source(server):
    """The 65th is closed at once on each worker; others are served."""
    held = []
    refused = 0
    for _ in range(200):
        c = Raw(server)
        c.send(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            refused += not c.sock.recv(65536)
        except ConnectionResetError:
            refused += 1
        held.append(c)
    assert refused >= 200 - 2 * 64
    with socket.socket() as s:
        s.bind(("127.0.0.77", 0))
        s.settimeout(PATIENCE)
        s.connect((HOST, server.port("http")))
        s.sendall(b"GET /%s HTTP/1.0\r\n\r\n" % CTL.encode())
        assert s.recv(65536).startswith(b"HTTP/1.1 200 ")
    for c in held:
        c.sock.close()
    assert wait_for(lambda: "files: 127.0.0.1: too many connections" in server.log())


def test_starts_and_stops_with_tftp(server):
    assert get(server, "/" + CTL)[0] == 200
    server.cadeado("utils", "service", "stop", "Cisco", "Tftp")
    for door in DOORS:
        with pytest.raises(ConnectionRefusedError):
            get(server, "/" + CTL, door)
    server.cadeado("utils", "service", "start", "Cisco", "Tftp")
    for door in DOORS:
        assert get(server, "/" + CTL, door)[0] == 200
    server.restart("Cisco CallManager")
    assert get(server, "/" + CTL, "https")[0] == 200


def test_new_certificate_comes_with_the_restart_of_tftp(server):
    """As that with which files are signed: not before a list names it and TFTP was started."""
    def shown():
        with Raw(server, "https") as c:
            return c.sock.getpeercert(True)

    def newest():
        with open(server.path("keys", "CallManager.pem"), encoding="ascii") as f:
            return ssl.PEM_cert_to_DER_cert(f.read())

    old = shown()
    server.cadeado("set", "cert", "regen", "CallManager", "--yes")
    assert newest() != old
    server.restart("Cisco CallManager")
    assert shown() == old
    server.publish("update", "CTLFile")
    server.restart("Cisco Tftp")
    assert shown() == newest()


def test_trace(server):
    put(server, "t.xml", b"<t/>")
    get(server, "/T.XML")
    get(server, "/t.xml", Range="bytes=0-1")
    get(server, "/nothing.xml")
    trace = wait_for(lambda: "Error(404)" in server.trace("ctftp") and server.trace("ctftp"))
    context = r"\[0xa\w+~\d+~127\.0\.0\.1~\d+\]"
    for line in (r"HTTPConnection::wait_Request" + context + r", \[T\.XML\] Method\(GET\), Port\(%d\), Serving Count\(0\)"
                 % server.port("http"),
                 r"HTTPConnection::wait_FileResponse Requested file FOUND\.\.\. Sending file Response" + context +
                 r", Transferred\[t\.xml\] Asked\[T\.XML\] Status\[200\] Bytes\[4\] Version\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] Signature\[none\]\n",
                 r"Transferred\[t\.xml\] Asked\[t\.xml\] Status\[206\] Bytes\[2\] Version\[.*\] Signature\[none\]\n",
                 r"HTTPConnection::wait_FileResponse" + context + r", File\[nothing\.xml\], Error\(404\), Fault\[no file of that name in tftp/\]\n"):
        assert re.search(r"\d\d:\d\d:\d\d\.\d\d\d \|.*" + line, trace), (line, trace[-1500:])


def test_who_guesses_names_is_answered_slowly(idle_lab):
    """Over both protocols together; the answers are the same bytes as ever."""
    conf = idle_lab.path("cadeado.conf")
    with open(conf, encoding="utf-8") as f:
        text = re.sub(r"(?m)^guess_names = .*$", "guess_names = 5", f.read())
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text)
    idle_lab.add_phones()
    idle_lab.start()
    put(idle_lab, "t.xml", b"<t/>")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(PATIENCE)
        for i in range(5):
            s.sendto(b"\0\1SEP00112233%04X.cnf.xml\0octet\0" % i, (HOST, idle_lab.port("tftp")))
            assert s.recv(600) == b"\0\5\0\1File not found\0"
    began = time.monotonic()
    answers = {get(idle_lab, "/SEP00112244%04X.cnf.xml" % i)[2] for i in range(4)}
    assert time.monotonic() - began > 2.5
    assert answers == {get(idle_lab, "/nothing")[2]}
    # What is known comes while these wait; half a minute for the last of them.
    waiting = []
    for i in range(30):
        waiting.append(socket.create_connection((HOST, idle_lab.port("http")), timeout=PATIENCE))
        waiting[-1].sendall(b"GET /SEP00112255%04X.cnf.xml HTTP/1.1\r\nHost: x\r\n\r\n" % i)
    for _ in range(5):
        assert get(idle_lab, "/t.xml")[0] == 200
        assert get(idle_lab, "/%s.cnf.xml" % FIRST)[0] == 200
    waiting[-1].setblocking(False)
    with pytest.raises(BlockingIOError):
        waiting[-1].recv(1)
    for sock in waiting:
        sock.close()
    assert get(idle_lab, "/t.xml")[0] == 200
