/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tlv/tlv.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *tlv_header_tag_name(unsigned tag)
{
	/* ALGORTITHM is how the original spells it. */
	static const char *const names[] = {
		[1] = "VERSION",
		[2] = "HEADERLENGTH",
		[3] = "SIGNERID",
		[4] = "SIGNERNAME",
		[5] = "SERIALNUMBER",
		[6] = "CANAME",
		[7] = "SIGNATUREINFO",
		[8] = "DIGESTALGORTITHM",
		[9] = "SIGNATUREALGOINFO",
		[10] = "SIGNATUREALGORTITHM",
		[11] = "SIGNATUREMODULUS",
		[12] = "SIGNATURE",
		[13] = "PADDING",
		[14] = "FILENAME",
		[15] = "TIMESTAMP",
		[16] = "ENCRYPTIONINFO",
		[17] = "IVINFO",
		[18] = "CONTENTCIPHER",
		[19] = "IV",
		[20] = "CONTENTPADDING",
		[21] = "KEYINFO",
		[22] = "KEYWRAPPING",
		[23] = "KEYSIZE",
		[24] = "KEYALGORITHM",
		[25] = "KEY",
		[26] = "CONTENTDIGEST",
		[27] = "CONTENTHASH",
		[28] = "SIGNERVERSION",
	};

	return tag < COUNT(names) ? names[tag] : NULL;
}

const char *tlv_record_tag_name(unsigned tag)
{
	static const char *const names[] = {
		[1] = "RECORDLENGTH",
		[2] = "DNSNAME",
		[3] = "SUBJECTNAME",
		[4] = "FUNCTION",
		[5] = "ISSUERNAME",
		[6] = "SERIALNUMBER",
		[7] = "PUBLICKEY",
		[8] = "SIGNATURE",
		[9] = "CERTIFICATE",
		[10] = "IPADDRESS",
		[11] = "CERTHASH",
		[12] = "HASH ALGORITHM",
	};

	return tag < COUNT(names) ? names[tag] : NULL;
}

const char *tlv_role_name(unsigned role)
{
	switch (role) {
	case TLV_ROLE_SAST: return "System Administrator Security Token";
	case TLV_ROLE_CCM: return "CCM";
	case TLV_ROLE_CCM_TFTP: return "CCM+TFTP";
	case TLV_ROLE_TFTP: return "TFTP";
	case TLV_ROLE_CAPF: return "CAPF";
	case TLV_ROLE_APP_SERVER: return "APP-SERVER";
	case TLV_ROLE_TVS: return "TVS";
	default: return NULL;
	}
}

size_t tlv_modulus_bytes(uint8_t code)
{
	static const size_t bytes[] = {64, 128, 256, 512};

	return code < COUNT(bytes) ? bytes[code] : 0;
}

int tlv_modulus_code(unsigned bits)
{
	int code;

	for (code = 0; code < 4; code++)
		if (bits == 8 * tlv_modulus_bytes((uint8_t)code))
			return code;
	return -1;
}
