/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NET_SSL_CALLS_H
#define NET_SSL_CALLS_H

/* libssl is loaded with the first TLS settings: commands that read files never need it. The folder
 * calls SSL_… as ever. */
#include "base/err.h"

#include <openssl/ssl.h>

/* In front, what stands before each name in the library. */
#define SSL_CALLS(X)                                                                               \
	X(SSL_, CIPHER_get_name)                                                                   \
	X(SSL_, CTX_check_private_key)                                                             \
	X(SSL_, CTX_ctrl)                                                                          \
	X(SSL_, CTX_free)                                                                          \
	X(SSL_, CTX_new)                                                                           \
	X(SSL_, CTX_set_cert_verify_callback)                                                      \
	X(SSL_, CTX_set_cipher_list)                                                               \
	X(SSL_, CTX_set_num_tickets)                                                               \
	X(SSL_, CTX_set_options)                                                                   \
	X(SSL_, CTX_set_verify)                                                                    \
	X(SSL_, CTX_use_PrivateKey)                                                                \
	X(SSL_, CTX_use_certificate)                                                               \
	X(SSL_, alert_desc_string_long)                                                            \
	X(SSL_, do_handshake)                                                                      \
	X(SSL_, free)                                                                              \
	X(SSL_, get1_supported_ciphers)                                                            \
	X(SSL_, get_current_cipher)                                                                \
	X(SSL_, get_error)                                                                         \
	X(SSL_, get_ex_data)                                                                       \
	X(SSL_, get_ex_data_X509_STORE_CTX_idx)                                                    \
	X(SSL_, get_rbio)                                                                          \
	X(SSL_, get_version)                                                                       \
	X(SSL_, has_pending)                                                                       \
	X(SSL_, new)                                                                               \
	X(SSL_, read_ex)                                                                           \
	X(SSL_, set_accept_state)                                                                  \
	X(SSL_, set_bio)                                                                           \
	X(SSL_, set_connect_state)                                                                 \
	X(SSL_, set_ex_data)                                                                       \
	X(SSL_, set_fd)                                                                            \
	X(SSL_, shutdown)                                                                          \
	X(SSL_, write_ex)                                                                          \
	X(TLS_, client_method)                                                                     \
	X(TLS_, method)                                                                            \
	X(TLS_, server_method)

struct ssl_calls {
#define X(front, name) __typeof__(front##name) *name;
	SSL_CALLS(X)
#undef X
};

/* To be called before the first of them, from any thread. ERR_UNSUPPORTED when it is not there. */
enum err ssl_calls_load(struct fail *why) MUST_USE;

/* Filled by ssl_calls_load. */
extern struct ssl_calls ssl_calls;

#define SSL_CIPHER_get_name                ssl_calls.CIPHER_get_name
#define SSL_CTX_check_private_key          ssl_calls.CTX_check_private_key
#define SSL_CTX_ctrl                       ssl_calls.CTX_ctrl
#define SSL_CTX_free                       ssl_calls.CTX_free
#define SSL_CTX_new                        ssl_calls.CTX_new
#define SSL_CTX_set_cert_verify_callback   ssl_calls.CTX_set_cert_verify_callback
#define SSL_CTX_set_cipher_list            ssl_calls.CTX_set_cipher_list
#define SSL_CTX_set_num_tickets            ssl_calls.CTX_set_num_tickets
#define SSL_CTX_set_options                ssl_calls.CTX_set_options
#define SSL_CTX_set_verify                 ssl_calls.CTX_set_verify
#define SSL_CTX_use_PrivateKey             ssl_calls.CTX_use_PrivateKey
#define SSL_CTX_use_certificate            ssl_calls.CTX_use_certificate
#define SSL_alert_desc_string_long         ssl_calls.alert_desc_string_long
#define SSL_do_handshake                   ssl_calls.do_handshake
#define SSL_free                           ssl_calls.free
#define SSL_get1_supported_ciphers         ssl_calls.get1_supported_ciphers
#define SSL_get_current_cipher             ssl_calls.get_current_cipher
#define SSL_get_error                      ssl_calls.get_error
#define SSL_get_ex_data                    ssl_calls.get_ex_data
#define SSL_get_ex_data_X509_STORE_CTX_idx ssl_calls.get_ex_data_X509_STORE_CTX_idx
#define SSL_get_rbio                       ssl_calls.get_rbio
#define SSL_get_version                    ssl_calls.get_version
#define SSL_has_pending                    ssl_calls.has_pending
#define SSL_new                            ssl_calls.new
#define SSL_read_ex                        ssl_calls.read_ex
#define SSL_set_accept_state               ssl_calls.set_accept_state
#define SSL_set_bio                        ssl_calls.set_bio
#define SSL_set_connect_state              ssl_calls.set_connect_state
#define SSL_set_ex_data                    ssl_calls.set_ex_data
#define SSL_set_fd                         ssl_calls.set_fd
#define SSL_shutdown                       ssl_calls.shutdown
#define SSL_write_ex                       ssl_calls.write_ex
#define TLS_client_method                  ssl_calls.client_method
#define TLS_method                         ssl_calls.method
#define TLS_server_method                  ssl_calls.server_method

#endif
