/* SPDX-License-Identifier: BSD-2-Clause
 * Encrypts a configuration for one phone's certificate, and signs it. */
#include "common.h"
#include "pemkey.h"

#include <time.h>

int main(int argc, char **argv)
{
	struct cad_cert *phone, *signer;
	struct cad_bytes plain, out;
	struct cad_signing how;
	struct cad_error e;
	int status = UNREADABLE;

	if (argc != 7)
		usage("encrypt FILE OUT NAME.enc.sgn PHONE.pem SIGNER.pem SIGNER.key");
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
	if (cad_encrypt_file(&out, plain.ptr, plain.len, argv[3], phone, &how, &e) != CAD_OK) {
		status = complain(argv[1], &e, NOT);
		goto end;
	}
	status = write_file(argv[2], out.ptr, out.len);
	cad_bytes_free(&out);
end:
	cad_cert_free(phone);
	cad_cert_free(signer);
	EVP_PKEY_free(how.ctx);
	free(plain.ptr);
	return status;
}
