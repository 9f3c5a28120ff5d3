/* SPDX-License-Identifier: BSD-2-Clause
 * A process that does nothing, linked to libcrypto: what starting any program of this kind costs.
 */
#include <openssl/crypto.h>

int main(void)
{
	return OpenSSL_version_num() == 0;
}
