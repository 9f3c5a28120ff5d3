/* SPDX-License-Identifier: BSD-2-Clause
 * Signs a file for phones. */
#include "common.h"
#include "pemkey.h"

#include <time.h>

int main(int argc, char **argv)
{
	struct cad_bytes content, out;
	struct cad_signing how;
	struct cad_cert *signer;
	struct cad_error e;
	int status = UNREADABLE;

	if (argc != 6)
		usage("sign FILE OUT NAME.sgn SIGNER.pem SIGNER.key");
	content = read_file(argv[1]);
	signer = load_cert(argv[4]);
	how.signer = signer;
	how.digest = CAD_SHA512;
	how.timestamp = (uint32_t)time(NULL);
	how.sign = sign_with_key;
	how.ctx = load_key(argv[5]);
	if (!content.ptr || !signer || !how.ctx)
		goto end;
	if (cad_sign_file(&out, content.ptr, content.len, argv[3], &how, &e) != CAD_OK) {
		status = complain(argv[1], &e, NOT);
		goto end;
	}
	status = write_file(argv[2], out.ptr, out.len);
	cad_bytes_free(&out);
end:
	cad_cert_free(signer);
	EVP_PKEY_free(how.ctx);
	free(content.ptr);
	return status;
}
