# SPDX-License-Identifier: BSD-2-Clause
"""Clients that are slow, silent, many, or speak something else: each is bounded, and the others are served."""

import socket
import ssl
import threading
import time

from provider import basic, context, make_list, new_id, ACCOUNT, PASSWORD

AUTH = f"Authorization: {basic(ACCOUNT, PASSWORD)['Authorization']}\r\n"
ENDLESS = 75  # seconds; every limit is far below


def tls(provider, source="127.0.0.1"):
    raw = socket.create_connection(("127.0.0.1", provider.port), ENDLESS, (source, 0))
    return context().wrap_socket(raw)


def rest(connection):
    """What comes until the node ends the connection."""
    got = b""
    try:
        while True:
            more = connection.recv(65536)
            if not more:
                break
            got += more
    except (ConnectionError, ssl.SSLError):
        pass
    connection.close()
    return got


def drip(connection, text, pause, stop):
    try:
        for byte in text:
            if stop.wait(pause):
                return
            connection.sendall(bytes([byte]))
    except OSError:
        pass


def test_slow_and_silent_clients(provider):
    """All at once, from addresses of their own; each is ended, and meanwhile others are served."""
    stop = threading.Event()
    got, threads = {}, []
    put = (f"PUT /v1/staged/{new_id()} HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n{AUTH}"
           "Content-Length: 60000\r\n\r\n").encode()

    def run(name, work, number):
        def body():
            begun = time.monotonic()
            got[name] = work(f"127.0.0.{60 + number}")
            got[name + " seconds"] = time.monotonic() - begun
        threads.append(threading.Thread(target=body))

    def no_handshake(source):
        return rest(socket.create_connection(("127.0.0.1", provider.port), ENDLESS, (source, 0)))

    def nothing(source):
        return rest(tls(provider, source))

    def slow_head(source):
        connection = tls(provider, source)
        threading.Thread(target=drip, args=(connection, b"GET /v1/node HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1000, 0.2,
                                            stop), daemon=True).start()
        return rest(connection)

    def slow_body(source):
        connection = tls(provider, source)
        connection.sendall(put)
        threading.Thread(target=drip, args=(connection, b"x" * 1000, 0.2, stop), daemon=True).start()
        return rest(connection)

    def idle_after_an_answer(source):
        connection = tls(provider, source)
        connection.sendall(f"GET /v1/node HTTP/1.1\r\nHost: a\r\n{AUTH}\r\n".encode())
        return rest(connection)

    works = (no_handshake, nothing, slow_head, slow_body, idle_after_an_answer)
    for number, work in enumerate(works):
        run(work.__name__, work, number)
    for t in threads:
        t.start()
    served = 0
    while any(t.is_alive() for t in threads):
        assert provider.node()["node"] == "publisher"
        served += 1
        time.sleep(1)
    stop.set()
    assert served > 1
    for work in works:
        assert got[work.__name__ + " seconds"] < ENDLESS, (work.__name__, got)
    assert got["no_handshake"] == b"" and got["nothing"] == b""
    assert got["slow_head"].startswith(b"HTTP/1.1 408 ") and b"Connection: close" in got["slow_head"]
    assert got["slow_body"].startswith(b"HTTP/1.1 408 ")
    assert got["idle_after_an_answer"].startswith(b"HTTP/1.1 200 ")
    assert provider.node()["staged"] is None


def test_many_connections_of_one_source(provider):
    """Eight of them stay; another source is served."""
    mine = [socket.create_connection(("127.0.0.1", provider.port), ENDLESS, ("127.0.0.70", 0)) for _ in range(20)]
    ended = 0
    for connection in mine[8:]:
        ended += rest(connection) == b""
    assert ended == 12
    assert provider.ask("GET", "node", source="127.0.0.71").status == 200
    for connection in mine[:8]:
        connection.close()


def test_many_sources(provider):
    """The node's limit is reached; when they go there is room again."""
    mine = [socket.create_connection(("127.0.0.1", provider.port), ENDLESS, (f"127.0.1.{n // 8 + 1}", 0))
            for n in range(80)]
    ended = [rest(connection) for connection in mine[64:]]
    assert ended == [b""] * 16
    for connection in mine:
        connection.close()
    end = time.monotonic() + ENDLESS
    while True:
        try:
            assert provider.ask("GET", "node").status == 200
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)


def send(provider, content):
    connection = tls(provider)
    connection.sendall(content)
    return rest(connection)


def test_what_is_no_request(provider):
    host = b"Host: a\r\n"
    cases = [
        (b"GET /v1/node HTTP/1.1\n\n", 400), (b"\r\nGET / HTTP/1.1\r\n\r\n", 400),
        (b"BREW /v1/node HTTP/1.1\r\n" + host + b"\r\n", 501),
        (b"GET http://a/v1/node HTTP/1.1\r\n" + host + b"\r\n", 400),
        (b"GET /v1/node HTTP/2.0\r\n" + host + b"\r\n", 505), (b"GET /v1/node HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n" + host + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + host + b"A: " + b"b" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + host + b"A: b\r\n" * 70 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + host + b"A: b\r\n c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1, 1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 65537\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\n" + host + b"Expect: wonders\r\n\r\n", 417), (b"\x00" * 9000, 431),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    ]
    for content, status in cases:
        got = send(provider, content)
        assert got.startswith(b"HTTP/1.1 %d " % status), (content[:80], got[:200])
        head, _, body = got.partition(b"\r\n\r\n")
        assert b"Connection: close" in head and body.startswith(b'{"error":"'), got
    # Paths that point elsewhere are not found, for those with an account.
    for path in ("/v1/../v1/node", "/v1/%2e%2e/v1/node", "//v1/node", "/v1%2fnode", "/v1/node%00", "/v1/node%"):
        got = send(provider, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{AUTH}\r\n".encode())
        assert got.startswith(b"HTTP/1.1 404 "), (path, got[:200])
    assert send(provider, f"GET /v1/n%6Fde?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{AUTH}\r\n".encode()) \
        .startswith(b"HTTP/1.1 200 ")


def test_plain_http_gets_no_answer(provider):
    connection = socket.create_connection(("127.0.0.1", provider.port), ENDLESS)
    connection.sendall(b"GET /v1/node HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not rest(connection).startswith(b"HTTP")
    assert provider.node()


def test_requests_one_after_another_on_a_connection(provider):
    """Answered in their order, also when they come all at once; the hundredth is the last."""
    ask = f"GET /v1/ctl HTTP/1.1\r\nHost: a\r\n{AUTH}\r\nHEAD /v1/node HTTP/1.1\r\nHost: a\r\n{AUTH}Connection: close\r\n\r\n"
    got = send(provider, ask.encode() + b"GET /v1/node HTTP/1.1\r\n")
    heads = [h for h in got.split(b"HTTP/1.1 ") if h]
    assert len(heads) == 2 and heads[0].startswith(b"404 ") and heads[1].startswith(b"200 "), got
    assert heads[1].endswith(b"\r\n\r\n")
    got = send(provider, b"GET /v1/node HTTP/1.1\r\nHost: a\r\n\r\n" * 101)
    assert got.count(b"HTTP/1.1 401 ") == 100 and got.count(b"Connection: close") == 1
    old = send(provider, f"GET /v1/node HTTP/1.0\r\n{AUTH}\r\n".encode())
    assert old.startswith(b"HTTP/1.1 200 ") and b"Connection: close" in old


def test_list_in_small_pieces(provider):
    """A body byte by byte is a body all the same; 100 Continue comes first when it is waited for."""
    content = make_list(provider.lab)
    publication = new_id()
    connection = tls(provider)
    connection.sendall((f"PUT /v1/staged/{publication} HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n{AUTH}"
                        f"Expect: 100-continue\r\nContent-Length: {len(content)}\r\n\r\n").encode())
    assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    for at in range(0, len(content), 97):
        connection.sendall(content[at:at + 97])
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    connection.close()
    assert provider.node()["staged"]["id"] == publication


def test_clients_that_leave_while_the_answer_is_made(provider):
    content = make_list(provider.lab)
    for n in range(20):
        connection = tls(provider, f"127.0.0.{80 + n}")
        connection.sendall((f"PUT /v1/staged/{new_id()} HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n{AUTH}"
                            f"Content-Length: {len(content)}\r\n\r\n").encode() + content)
        if n % 2:
            connection.close()
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            socket.socket(fileno=connection.detach()).close()
    # Their jobs are still being done: at most a few at once, and whoever comes meanwhile is told when to come again.
    while (answer := provider.ask("GET", "node")).status == 429:
        assert "at once" in answer.json["text"] and answer.headers["Retry-After"] == "1"
        time.sleep(1)
    assert answer.json["ctl"] is None and answer.json["last"] is None
