/* SPDX-License-Identifier: BSD-2-Clause
 * Makes and signs the reduced companion of a configuration that is served encrypted. */
#include "common.h"
#include "pemkey.h"

#include <time.h>

int main(int argc, char **argv)
{
	struct cad_cert *phone, *signer;
	struct cad_bytes plain, reduced = {0}, out;
	struct cad_signing how;
	struct cad_error e;
	int status = UNREADABLE;

	if (argc != 7)
		usage("reduce FILE OUT NAME.cnf.xml.sgn PHONE.pem SIGNER.pem SIGNER.key");
	plain = read_file(argv[1]);
	phone = load_cert(argv[4]);
	signer = load_cert(argv[5]);
	how.signer = signer;
	how.digest = CAD_SHA1;
	how.timestamp = (uint32_t)time(NULL);
	how.sign = sign_with_key;
	how.ctx = load_key(argv[6]);
	if (!plain.ptr || !phone || !signer || !how.ctx)
		goto end;
	if (cad_reduce_file(&reduced, plain.ptr, plain.len, phone, &e) != CAD_OK) {
		complain(argv[1], &e, UNREADABLE);
		goto end;
	}
	if (cad_sign_file(&out, reduced.ptr, reduced.len, argv[3], &how, &e) != CAD_OK) {
		status = complain(argv[1], &e, NOT);
		goto end;
	}
	status = write_file(argv[2], out.ptr, out.len);
	cad_bytes_free(&out);
end:
	cad_bytes_free(&reduced);
	cad_cert_free(phone);
	cad_cert_free(signer);
	EVP_PKEY_free(how.ctx);
	free(plain.ptr);
	return status;
}
