/* SPDX-License-Identifier: BSD-2-Clause
 * Decrypts a configuration with the phone's private key. */
#include "common.h"
#include "pemkey.h"

int main(int argc, char **argv)
{
	struct cad_bytes bytes, plain;
	struct cad_encrypted *file = NULL;
	int status = UNREADABLE;
	struct cad_error e;
	EVP_PKEY *key;

	if (argc != 4)
		usage("decrypt FILE.enc.sgn PHONE.key OUT");
	bytes = read_file(argv[1]);
	key = load_key(argv[2]);
	if (!bytes.ptr || !key)
		goto end;
	if (cad_encrypted_parse(&file, bytes.ptr, bytes.len, &e) != CAD_OK) {
		complain(argv[1], &e, UNREADABLE);
		goto end;
	}
	if (cad_encrypted_decrypt(file, unwrap_with_key, key, &plain, &e) != CAD_OK) {
		status = complain(argv[1], &e, NOT);
		goto end;
	}
	status = write_file(argv[3], plain.ptr, plain.len);
	cad_bytes_free(&plain);
end:
	cad_encrypted_free(file);
	EVP_PKEY_free(key);
	free(bytes.ptr);
	return status;
}
