/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/srtp.h"
#include "base/mem.h"
#include "crypto/ossl.h"

#include <limits.h>
#include <srtp2/srtp.h>

/* Packets that may arrive late or out of order and still be new. */
#define REPLAY_WINDOW 128

struct srtp_stream {
	srtp_t session;
	bool sending;
};

static srtp_err_status_t init_status = srtp_err_status_init_fail;

static void init_library(void)
{
	init_status = srtp_init();
}

/* The library must be started exactly once, whichever thread comes first. */
static bool library_ready(void)
{
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

	return CRYPTO_THREAD_run_once(&once, init_library) == 1 &&
	       init_status == srtp_err_status_ok;
}

enum err srtp_stream_new(struct srtp_stream **out, enum srtp_algorithm alg,
	const uint8_t key[SRTP_KEY], const uint8_t salt[SRTP_SALT], bool sending, struct fail *why)
{
	uint8_t key_and_salt[SRTP_KEY + SRTP_SALT];
	struct srtp_stream *s;
	srtp_policy_t policy;
	enum err err = ERR_OK;

	if (alg != SRTP_AES128_SHA1_32 && alg != SRTP_AES128_SHA1_80)
		return fail_set(why, ERR_UNSUPPORTED, "SRTP: algorithm %d", (int)alg);
	if (!library_ready())
		return fail_set(why, ERR_CRYPTO, "SRTP: the library does not start");
	s = mem_new(sizeof(*s));
	if (!s)
		return fail_set(why, ERR_NOMEM, "SRTP: %s", err_text(ERR_NOMEM));
	memset(&policy, 0, sizeof(policy));
	if (alg == SRTP_AES128_SHA1_32)
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
	else
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	/* RFC 4568 6.2: control packets keep the long tag. */
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	memcpy(key_and_salt, key, SRTP_KEY);
	memcpy(key_and_salt + SRTP_KEY, salt, SRTP_SALT);
	policy.key = key_and_salt;
	policy.ssrc.type = sending ? ssrc_any_outbound : ssrc_any_inbound;
	policy.window_size = REPLAY_WINDOW;
	s->sending = sending;
	if (srtp_create(&s->session, &policy) != srtp_err_status_ok) {
		mem_free(s);
		err = fail_set(why, ERR_CRYPTO, "SRTP: the stream cannot be made");
	} else {
		*out = s;
	}
	mem_wipe(key_and_salt, sizeof(key_and_salt));
	return err;
}

void srtp_stream_free(struct srtp_stream *s)
{
	if (!s)
		return;
	srtp_dealloc(s->session);
	mem_free(s);
}

enum err srtp_protect_packet(struct srtp_stream *s, uint8_t *packet, size_t *len)
{
	int length;

	if (!s->sending || *len > INT_MAX - SRTP_OVERHEAD)
		return ERR_ARG;
	length = (int)*len;
	switch (srtp_protect(s->session, packet, &length)) {
	case srtp_err_status_ok: *len = (size_t)length; return ERR_OK;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err: return ERR_FORMAT;
	case srtp_err_status_key_expired: return ERR_LIMIT;
	default: return ERR_CRYPTO;
	}
}

enum err srtp_unprotect_packet(struct srtp_stream *s, uint8_t *packet, size_t *len)
{
	int length;

	if (s->sending || *len > INT_MAX)
		return ERR_ARG;
	length = (int)*len;
	switch (srtp_unprotect(s->session, packet, &length)) {
	case srtp_err_status_ok: *len = (size_t)length; return ERR_OK;
	case srtp_err_status_auth_fail:
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old: return ERR_VERIFY;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err: return ERR_FORMAT;
	default: return ERR_CRYPTO;
	}
}
