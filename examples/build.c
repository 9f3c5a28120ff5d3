/* SPDX-License-Identifier: BSD-2-Clause
 * Builds a CTL for one server and two security tokens, signed with the first token's key. */
#include "common.h"
#include "pemkey.h"

#include <arpa/inet.h>
#include <time.h>

int main(int argc, char **argv)
{
	static const char text[] =
		"build OUT TOKEN1.pem TOKEN1.key TOKEN2.pem CALLMANAGER.pem CAPF.pem ADDRESS";
	struct cad_cert *token1, *token2, *manager, *capf;
	int status = UNREADABLE;
	struct cad_span none = {NULL, 0}, address;
	struct cad_builder *b = NULL;
	struct cad_signing how = {0};
	struct cad_bytes list;
	struct in_addr ip;
	struct cad_error e;

	if (argc != 8 || inet_pton(AF_INET, argv[7], &ip) != 1)
		usage(text);
	address.ptr = (const uint8_t *)&ip;
	address.len = sizeof(ip);
	token1 = load_cert(argv[2]);
	token2 = load_cert(argv[4]);
	manager = load_cert(argv[5]);
	capf = load_cert(argv[6]);
	how.ctx = load_key(argv[3]);
	if (!token1 || !token2 || !manager || !capf || !how.ctx)
		goto end;
	if (cad_builder_new(&b, CAD_CTL, &e) != CAD_OK ||
		cad_builder_add(b, CAD_ROLE_SAST, token1, NULL, none, &e) != CAD_OK ||
		cad_builder_add(b, CAD_ROLE_SAST, token2, NULL, none, &e) != CAD_OK ||
		cad_builder_add(b, CAD_ROLE_CCM_TFTP, manager, argv[7], address, &e) != CAD_OK ||
		cad_builder_add(b, CAD_ROLE_CAPF, capf, argv[7], address, &e) != CAD_OK) {
		complain(argv[1], &e, UNREADABLE);
		goto end;
	}
	how.signer = token1;
	how.digest = CAD_SHA1;
	how.timestamp = (uint32_t)time(NULL);
	how.sign = sign_with_key;
	if (cad_builder_finish(b, &how, time(NULL), &list, &e) != CAD_OK) {
		status = complain(argv[1], &e, NOT);
		goto end;
	}
	status = write_file(argv[1], list.ptr, list.len);
	cad_bytes_free(&list);
end:
	cad_builder_free(b);
	cad_cert_free(token1);
	cad_cert_free(token2);
	cad_cert_free(manager);
	cad_cert_free(capf);
	EVP_PKEY_free(how.ctx);
	return status;
}
