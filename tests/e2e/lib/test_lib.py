# SPDX-License-Identifier: BSD-2-Clause
"""libcadeado as its users get it: what it exports and needs, its headers, its installation, and one
example program for each task. What the examples write is judged by OpenSSL and Python alone."""

import hashlib
import os
import pathlib
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"
PHONE, LISTS = DATA / "phone", DATA / "lists"
BUILD = pathlib.Path(os.environ.get("CADEADO_MESON", ROOT / "build" / ".meson"))
SHARED = BUILD / "src" / "lib" / "libcadeado.so"
STATIC = BUILD / "src" / "lib" / "libcadeado.a"
INCLUDE = ROOT / "include"
HEADERS = sorted(p.name for p in (INCLUDE / "cadeado").glob("*.h"))
TASKS = sorted(p.stem for p in (ROOT / "examples").glob("*.c"))
SANITIZER = re.compile(r"lib(asan|tsan)\.so")
PATIENCE = 120

sys.path.insert(0, str(DATA))
import phonefiles  # noqa: E402


def run(*command, **kwargs):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL, check=False, **kwargs)


def good(*command, **kwargs):
    done = run(*command, **kwargs)
    assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


def example(task, *args, **kwargs):
    return run(BUILD / "examples" / f"example-{task}", *args, **kwargs)


def must(task, *args):
    done = example(task, *args)
    assert done.returncode == 0, (task, args, done.stdout, done.stderr)
    return done.stdout


def needed(path):
    dynamic = good("readelf", "-dW", path)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)


def sanitizers():
    """Flags that a program needs when the build is an instrumented one."""
    if any("libasan" in n for n in needed(SHARED)):
        return ["-fsanitize=address", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    return []


# --- what leaves the library ---


def declared():
    text = "".join((INCLUDE / "cadeado" / h).read_text() for h in HEADERS)
    return set(re.findall(r"^CAD_API[^;(]*?\b(cad_\w+)\(", text, re.M))


def symbols(*command):
    rows = [line.split() for line in good(*command).splitlines() if not line.endswith(":")]
    return {r[0] for r in rows if len(r) > 1}


def test_the_shared_library_exports_what_the_headers_declare():
    assert symbols("nm", "-D", "--defined-only", "--format=posix", SHARED) == declared()


def test_the_static_library_exports_what_the_headers_declare():
    assert len(declared()) > 30
    assert symbols("nm", "-g", "--defined-only", "--format=posix", STATIC) == declared()


def test_it_needs_libcrypto_and_libc_alone():
    names = {n.split(".so")[0] for n in needed(SHARED) if not SANITIZER.match(n)}
    assert names == {"libcrypto", "libc"}
    loaded = {line.split()[0].split("/")[-1].split(".so")[0] for line in good("ldd", SHARED).splitlines()}
    allowed = {"libcrypto", "libc", "linux-vdso", "ld-linux-x86-64", "ld-linux-aarch64", "libz", "libzstd"}
    if sanitizers():
        allowed |= {"libasan", "libm", "libgcc_s", "libstdc++", "libpthread", "libdl", "librt"}
    assert loaded <= allowed
    assert "[libcadeado.so.0]" in good("readelf", "-dW", SHARED)
    assert SHARED.resolve().name.startswith("libcadeado.so.0.")


def test_there_is_no_global_state():
    """Nothing that is written to but the test hooks of memory and files."""
    table = good("objdump", "-t", BUILD / "src" / "lib" / "cadeado.o")
    written = re.findall(r" O \.(?:bss|data|tbss|tdata)(?:\.[\w.]*)?\t\w+ (?:\.hidden )?(\S+)$", table, re.M)
    constant = re.findall(r" O \.data\.rel\.ro\S*\t\w+ (?:\.hidden )?(\S+)$", table, re.M)
    assert constant
    assert set(written) - set(constant) <= {"fail_from", "counted", "fault_points"}


# --- headers ---


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("compiler", [["gcc", "-std=c11"], ["g++", "-std=c++17"]], ids=["c11", "c++17"])
def test_each_header_compiles_alone(tmp_path, header, compiler):
    source = tmp_path / ("alone.cc" if compiler[0] == "g++" else "alone.c")
    source.write_text(f"#include <cadeado/{header}>\n#include <cadeado/{header}>\n")
    good(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{INCLUDE}", source)


# --- the manual ---


def test_the_manual_holds_every_function():
    """One page a header, each function's prototype as in the header."""
    pages = {re.search(r"^\.In cadeado/(\w+\.h)$", p.read_text(), re.M).group(1): p
             for p in (ROOT / "man").glob("*.3")}
    assert sorted(pages) == HEADERS
    for name, page in pages.items():
        text = re.sub(r"/\*.*?\*/", "", (INCLUDE / "cadeado" / name).read_text(), flags=re.S)
        wanted = {f: [" ".join(a.split()) for a in args.split(",") if a.strip() != "void"] for f, args in
                  re.findall(r"^(?:CAD_API|typedef \w+) [^;(]*?\b(cad_\w+)\(([^;]*?)\)", text, re.M | re.S)}
        found = {f: re.findall(r'^\.Fa "(.*)"$', args, re.M) for f, args in
                 re.findall(r"^\.Fo (\w+)\n(.*?)^\.Fc", page.read_text(), re.M | re.S)}
        assert found == wanted, name
        assert good("mandoc", "-T", "lint", "-W", "warning", page) == ""


# --- installed ---


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("installed")
    good("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", root, "--tags", "runtime,devel,man")
    pc = next(root.rglob("cadeado.pc"))
    prefix = root / re.search(r"^prefix=/?(.*)$", pc.read_text(), re.M).group(1)

    def flags(*options):
        return good("pkg-config", f"--define-variable=prefix={prefix}", *options, "cadeado",
                    env={**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}).split()

    flags.lib = next(root.rglob("libcadeado.so")).parent
    flags.root = root
    return flags


def test_headers_and_manual_are_installed(installed):
    assert sorted(p.name for p in installed.root.rglob("include/cadeado/*.h")) == HEADERS
    assert len(list(installed.root.rglob("man3/cad*.3*"))) >= len(HEADERS)


@pytest.mark.parametrize("task", TASKS)
def test_examples_build_with_pkg_config(tmp_path, installed, task):
    crypto = good("pkg-config", "--libs", "libcrypto").split()
    good("gcc", "-std=c11", "-Wall", "-Wextra", "-D_DEFAULT_SOURCE", *sanitizers(), "-o", tmp_path / task,
         ROOT / "examples" / f"{task}.c", *installed("--cflags", "--libs"), *crypto)
    done = run(tmp_path / task, env={**os.environ, "LD_LIBRARY_PATH": str(installed.lib)})
    assert (done.returncode, done.stderr[:6]) == (2, "usage:")


def test_the_static_library_is_enough(tmp_path, installed):
    libs = ["-l:libcadeado.a" if f == "-lcadeado" else f for f in installed("--static", "--libs")]
    assert "-l:libcadeado.a" in libs and "-lcrypto" in libs
    good("gcc", "-std=c11", *sanitizers(), "-o", tmp_path / "verify", ROOT / "examples" / "verify.c",
         *installed("--cflags"), *libs)
    assert not any("cadeado" in n for n in needed(tmp_path / "verify"))
    assert "verified" in good(tmp_path / "verify", LISTS / "CTLFile.tlv")


def test_names_of_the_program_do_not_clash_with_those_inside(tmp_path, installed):
    """A program may have functions called like those that the library is made of."""
    source = tmp_path / "clash.c"
    source.write_text("""
#include <cadeado/cadeado.h>
#include <stdio.h>
#include <stdlib.h>
int digest(void) { return 1; }
void tlv_parse(void) { abort(); }
void list_verify(void) { abort(); }
void *mem_new(void) { abort(); }
int main(int argc, char **argv)
{
	static unsigned char file[65536];
	FILE *f = fopen(argv[argc - 1], "rb");
	size_t len = fread(file, 1, sizeof(file), f);
	struct cad_list *list;

	fclose(f);
	if (cad_list_parse(&list, file, len, NULL) || cad_list_verify(list, NULL))
		return 1;
	cad_list_free(list);
	return digest() - 1;
}
""")
    libs = installed("--static", "--libs")
    for name in ("-lcadeado", "-l:libcadeado.a"):
        good("gcc", *sanitizers(), "-o", tmp_path / "clash", source, *installed("--cflags"),
             *[name if f == "-lcadeado" else f for f in libs])
        good(tmp_path / "clash", LISTS / "CTLFile.tlv",
             env={**os.environ, "LD_LIBRARY_PATH": str(installed.lib)})


def test_a_cxx_program_links(tmp_path, installed):
    source = tmp_path / "count.cc"
    source.write_text("""
#include <cadeado/cadeado.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>
int main(int, char **argv)
{
	std::ifstream in(argv[1], std::ios::binary);
	std::vector<char> file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
	cad_error error;
	cad_list *list;
	cad_record record;
	cad_iter it{};

	if (cad_list_parse(&list, file.data(), file.size(), &error) != CAD_OK) {
		std::cout << error.offset << "\\n";
		return 2;
	}
	while (cad_list_next(list, &it, &record))
		std::cout << record.role << " ";
	cad_list_free(list);
	std::cout << cad_version() << "\\n";
}
""")
    good("g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", *sanitizers(), "-o", tmp_path / "count", source,
         *installed("--cflags", "--libs"))
    env = {**os.environ, "LD_LIBRARY_PATH": str(installed.lib)}
    version = installed("--modversion")[0]
    assert good(tmp_path / "count", LISTS / "CTLFile.tlv", env=env) == f"0 0 2 4 {version}\n"
    done = run(tmp_path / "count", PHONE / "ctl-a-truncated.tlv", env=env)
    assert (done.returncode, done.stdout) == (2, "4850\n")


# --- the examples' work ---

CONTAINERS = {3, 7, 9, 16, 17, 21}


def header(data):
    """{tag: (position, value)} of a signed header, by the format's description alone."""
    (length,) = struct.unpack(">H", data[8:10])
    items, pos = {}, 0
    while pos < length:
        tag = data[pos]
        if tag == 13:  # padding has no length
            pos += 1
            continue
        (size,) = struct.unpack(">H", data[pos + 1:pos + 3])
        items[tag] = (pos, data[pos + 3:pos + 3 + size])
        pos += 3 if tag in CONTAINERS else 3 + size
    return items, length


def signed_bytes(data):
    at, signature = header(data)[0][12]
    return data[:at] + data[at + 3 + len(signature):], signature


def openssl_verifies(tmp_path, data, identity, digest):
    """OpenSSL's command line judges the signature."""
    body, signature = signed_bytes(data)
    (tmp_path / "body").write_bytes(body)
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "public.pem").write_bytes(identity.cert.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    done = run("openssl", "dgst", f"-{digest}", "-verify", tmp_path / "public.pem",
               "-signature", tmp_path / "signature", tmp_path / "body")
    return done.stdout == "Verified OK\n"


def records(data, start):
    """Records of a list as {tag: value}."""
    while start < len(data):
        (length,) = struct.unpack(">H", data[start + 3:start + 5])
        row, pos = {}, start + 5
        while pos < start + length:
            (size,) = struct.unpack(">H", data[pos + 1:pos + 3])
            row[data[pos]] = data[pos + 3:pos + 3 + size]
            pos += 3 + size
        yield row
        start += length


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    """Certificates and keys made by Python's cryptography, in PEM."""
    folder = tmp_path_factory.mktemp("people")
    all_ = {"folder": folder}
    for name in ("token1", "token2", "manager", "capf", "phone"):
        who = phonefiles.Identity(name)
        (folder / f"{name}.pem").write_bytes(who.pem)
        (folder / f"{name}.key").write_bytes(who.key_pem)
        all_[name] = who
    return all_


def build(people, out, second="token2"):
    f = people["folder"]
    return example("build", out, f / "token1.pem", f / "token1.key", f / f"{second}.pem", f / "manager.pem",
                   f / "capf.pem", "192.0.2.10")


def test_every_task_has_an_example():
    assert {"build", "decrypt", "diff", "encrypt", "explain", "iterate", "reduce", "show", "sign", "strip", "trust",
            "verify"} == set(TASKS)


def test_show(tmp_path):
    path = tmp_path / "CTLFile.tlv"
    path.write_bytes((LISTS / "CTLFile.tlv").read_bytes())
    os.utime(path, (1314811683, 1314811683))
    done = example("show", path, env={**os.environ, "TZ": "America/New_York"})
    assert done.stdout == (LISTS / "show-ctl.txt").read_text()
    assert done.returncode == 0
    assert example("show", PHONE / "ctl-a-bad-signature.tlv").returncode == 1
    assert example("show", PHONE / "config.xml").returncode == 2


def test_iterate():
    rows = [line.split("\t") for line in must("iterate", LISTS / "CTLFile.tlv").splitlines()]
    assert [(r[0], r[1], r[2]) for r in rows] == [
        ("1", "byte 304", "System Administrator Security Token"),
        ("2", "byte 1482", "System Administrator Security Token"),
        ("3", "byte 2662", "CCM+TFTP"), ("4", "byte 3721", "CAPF")]
    assert [r[-1] == "signer" for r in rows] == [True, False, False, False]
    assert rows[2][3] == "74ae9e6bdbc2a51d"


def test_names_do_not_move_the_cursor(tmp_path, people):
    who = phonefiles.Identity("x")
    who.name = "CN=x\x1b[2J;O=y\r"
    (tmp_path / "list").write_bytes(phonefiles.ctl(who, [phonefiles.record(who, 0)]))
    out = must("iterate", tmp_path / "list")
    assert "CN=x?[2J;O=y?\tsigner\n" in out
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", out + must("verify", tmp_path / "list"))


@pytest.mark.parametrize("args, status", [
    (("phone/ctl-a.tlv",), 0), (("lists/certutils/ITLFile.tlv",), 0), (("phone/ctl-a-bad-signature.tlv",), 1),
    (("phone/ctl-without-signer.tlv",), 1), (("phone/ctl-a-truncated.tlv",), 2),
    (("phone/config.sgn", "phone/ctl-a.tlv"), 0), (("phone/config-altered.sgn", "phone/ctl-a.tlv"), 1),
    (("phone/config-stranger.sgn", "phone/ctl-a.tlv"), 1), (("phone/ctl-a.tlv", "phone/config.xml"), 2)])
def test_verify(args, status):
    done = example("verify", *[DATA / a for a in args])
    assert done.returncode == status, done.stderr
    assert ("verified" in done.stdout) == (status == 0)


def test_errors_carry_the_place():
    done = example("verify", PHONE / "ctl-a-truncated.tlv")
    assert "record 5" in done.stderr and "(SHORT, byte 4850)" in done.stderr
    wrong = (PHONE / "ctl-a-bad-signature.tlv").read_bytes()
    done = example("verify", PHONE / "ctl-a-bad-signature.tlv")
    assert f"(VERIFY, byte {header(wrong)[0][12][0]})" in done.stderr


def test_strip(tmp_path):
    must("strip", PHONE / "config.sgn", tmp_path / "xml")
    assert (tmp_path / "xml").read_bytes() == (PHONE / "config.xml").read_bytes()


@pytest.mark.parametrize("held, offered, status", [
    ("ctl-a.tlv", "ctl-a2-signed-by-second.tlv", 0), ("ctl-a.tlv", "ctl-stranger.tlv", 1),
    ("ctl-a.tlv", "ctl-impostor.tlv", 1), ("ctl-a.tlv", "ctl-signed-by-manager.tlv", 1)])
def test_trust(held, offered, status):
    done = example("trust", PHONE / held, PHONE / offered)
    assert done.returncode == status
    assert (" accepts " if status == 0 else " rejects ") in done.stdout and ", because " in done.stdout


def test_a_list_is_built(tmp_path, people):
    done = build(people, tmp_path / "CTLFile.tlv")
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "CTLFile.tlv").read_bytes()
    items, length = header(data)
    assert items[14][1] == b"CTLFile.tlv\0"
    assert items[4][1] == people["token1"].name.encode() + b"\0"
    assert items[5][1] == people["token1"].serial_bytes
    assert openssl_verifies(tmp_path, data, people["token1"], "sha1")
    assert not openssl_verifies(tmp_path, data, people["token2"], "sha1")
    rows = list(records(data, length))
    assert [r[9] for r in rows] == [people[n].der for n in ("token1", "token2", "manager", "capf")]
    assert [r[4] for r in rows] == [b"\0\0", b"\0\0", b"\0\2", b"\0\4"]
    assert [r[10] for r in rows] == [bytes(4), bytes(4), bytes([192, 0, 2, 10]), bytes([192, 0, 2, 10])]
    assert [r[7] for r in rows] == [people[n].list_key for n in ("token1", "token2", "manager", "capf")]


def test_a_list_that_could_not_work_is_not_written(tmp_path, people):
    done = build(people, tmp_path / "CTLFile.tlv", second="token1")
    assert done.returncode == 1 and done.stderr
    assert not (tmp_path / "CTLFile.tlv").exists()


def test_a_file_is_signed(tmp_path, people):
    f = people["folder"]
    content = os.urandom(5000)
    (tmp_path / "ring.xml").write_bytes(content)
    must("sign", tmp_path / "ring.xml", tmp_path / "ring.xml.sgn", "ring.xml.sgn", f / "manager.pem", f / "manager.key")
    data = (tmp_path / "ring.xml.sgn").read_bytes()
    items, length = header(data)
    assert data[length:] == content
    assert items[14][1] == b"ring.xml.sgn\0"
    assert openssl_verifies(tmp_path, data, people["manager"], "sha512")
    body, signature = signed_bytes(data)
    people["manager"].cert.public_key().verify(signature, body, padding.PKCS1v15(), hashes.SHA512())
    done = example("sign", tmp_path / "ring.xml", tmp_path / "no.sgn", "no.sgn", f / "manager.pem", f / "capf.key")
    assert done.returncode == 1 and "VERIFY" in done.stderr
    assert not (tmp_path / "no.sgn").exists()


@pytest.mark.parametrize("size", [0, 15, 16, 3001])
def test_a_configuration_is_encrypted(tmp_path, people, size):
    f = people["folder"]
    plain = os.urandom(size)
    (tmp_path / "xml").write_bytes(plain)
    must("encrypt", tmp_path / "xml", tmp_path / "enc", "SEP0011215A1AE3.cnf.xml.enc.sgn", f / "phone.pem",
         f / "manager.pem", f / "manager.key")
    data = (tmp_path / "enc").read_bytes()
    items, length = header(data)
    assert data[3:5] == b"\2\0"
    assert openssl_verifies(tmp_path, data, people["manager"], "sha1")
    key = people["phone"].key.decrypt(items[25][1], padding.PKCS1v15())
    cipher = Cipher(algorithms.AES(key), modes.CBC(items[19][1])).decryptor()
    text = cipher.update(data[length:]) + cipher.finalize()
    (added,) = struct.unpack(">H", items[20][1])
    assert text == plain + b"\x0d" * added
    digest = hashes.Hash(hashes.SHA1())
    digest.update(plain)
    assert items[27][1] == digest.finalize()


def test_a_companion_is_made(tmp_path, people):
    f = people["folder"]
    (tmp_path / "xml").write_bytes(
        b"<?xml version='1.0'?>\n<device ctiid='7'><fullConfig>true</fullConfig><sshPassword>secret</sshPassword>"
        b"<loadInformation model='7961'>SCCP41</loadInformation><capfList/></device>\n")
    words = [tmp_path / "xml", tmp_path / "sgn", "SEP0011215A1AE3.cnf.xml.sgn", f / "phone.pem", f / "manager.pem",
             f / "manager.key"]
    must("reduce", *words)
    data = (tmp_path / "sgn").read_bytes()
    items, length = header(data)
    assert items[14][1] == b"SEP0011215A1AE3.cnf.xml.sgn\0"
    assert openssl_verifies(tmp_path, data, people["manager"], "sha1")
    device = xml.fromstring(data[length:])
    assert [(e.tag, e.text) for e in device] == [
        ("fullConfig", "false"), ("loadInformation", "SCCP41"), ("capfList", None),
        ("certHash", hashlib.md5(people["phone"].der).hexdigest()), ("encrConfig", "true")]
    (tmp_path / "xml").write_bytes(b"<device>\n<fullConfig>true</fullConfig>\n</phone>")
    (tmp_path / "sgn").unlink()
    done = example("reduce", *words)
    assert done.returncode == 2 and "line 3" in done.stderr and "(FORMAT, byte 39)" in done.stderr
    assert not (tmp_path / "sgn").exists()


def test_every_byte_is_explained():
    path = LISTS / "CTLFile.tlv"
    rows = [line.split("\t") for line in must("explain", path).splitlines()]
    at = 0
    for row in rows:
        assert int(row[0]) == at
        at += int(row[1])
    assert at == path.stat().st_size
    assert [r for r in rows if r[2].startswith("record 3 >") and "SERIALNUMBER" in r[2]]
    done = example("explain", PHONE / "ctl-a-truncated.tlv")
    assert done.returncode == 2 and "(SHORT, byte 4850)" in done.stderr
    assert "unreadable" in done.stdout.splitlines()[-1]


def test_differences(tmp_path, people):
    for name, second in (("old", "token2"), ("new", "capf")):
        assert build(people, tmp_path / name, second=second).returncode == 0
    assert example("diff", tmp_path / "old", tmp_path / "old").stdout == ""
    done = example("diff", tmp_path / "old", tmp_path / "new")
    assert done.returncode == 1
    rows = [line.split("\t") for line in done.stdout.splitlines() if not line.startswith("header")]
    assert [r[0] for r in rows] == ["removed", "added"]
    assert people["token2"].name in rows[0][1] and people["capf"].name in rows[1][1]


def test_a_configuration_is_decrypted(tmp_path, people):
    f = people["folder"]
    plain = os.urandom(4097)
    (tmp_path / "enc").write_bytes(phonefiles.enc_sgn(
        people["manager"], "SEP0011215A1AE3.cnf.xml.enc.sgn", plain, people["phone"].cert.public_key()))
    must("decrypt", tmp_path / "enc", f / "phone.key", tmp_path / "xml")
    assert (tmp_path / "xml").read_bytes() == plain
    done = example("decrypt", tmp_path / "enc", f / "capf.key", tmp_path / "other")
    assert done.returncode == 1
    assert not (tmp_path / "other").exists()
