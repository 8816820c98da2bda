/* SPDX-License-Identifier: Apache-2.0 */
/* mbedTLS 2.28 with a key on a SIM: mutual TLS 1.2 or DTLS 1.2, as an LwM2M client would.
 *
 *   cc iotsafe-mbedtls.c $(pkg-config --cflags --libs iotsafe) -lmbedtls -lmbedx509 -lmbedcrypto
 *   iotsafe-mbedtls dtls server.example 5684 ca.pem [SIM [TEXT]]
 *
 * SIM is what iotsafe_open takes ("at:/dev/ttyUSB2", a slot's name); without it the first one
 * found. The client certificate is the SIM's, the private key stays there, and the SIM's generator
 * is one more source of entropy. Sends TEXT and prints what comes back.
 *
 * How mbedTLS is given a key that it does not have: of RSA by mbedtls_pk_setup_rsa_alt. For EC it
 * has no such function; a key of a type of one's own is described by a mbedtls_pk_info_t, of which
 * only the functions that a client needs are there. 2.28 installs that structure's definition
 * (mbedtls/pk_internal.h); later versions do not, and want a PSA driver instead. */
#include <iotsafe.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk_internal.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if MBEDTLS_VERSION_MAJOR != 2
#error "written for mbedTLS 2.28"
#endif

enum { READ_MS = 10000, RETRY_MIN_MS = 500, RETRY_MAX_MS = 8000 };

/* --- the key on the SIM, for mbedTLS --- */

struct sim_key {
	struct iotsafe *sim;
	struct iotsafe_object object;
};

static int sim_sign(const struct sim_key *k, enum iotsafe_scheme scheme, const unsigned char *hash,
		    size_t hash_len, unsigned char *sig, size_t *sig_len)
{
	enum iotsafe_error e = iotsafe_sign(k->sim, &k->object, scheme, hash, hash_len, sig,
					    IOTSAFE_SIGNATURE_MAX, sig_len);

	if (e == IOTSAFE_OK)
		return 0;
	fprintf(stderr, "the SIM does not sign: %s (%s): %s\n", iotsafe_text(e), iotsafe_why(),
		iotsafe_remedy(e));
	return MBEDTLS_ERR_PLATFORM_HW_ACCEL_FAILED;
}

static size_t ec_bits(const void *ctx)
{
	const struct sim_key *k = ctx;

	return k->object.key_type == IOTSAFE_KEY_P384 ? 384 : 256;
}

static int ec_can_do(mbedtls_pk_type_t type)
{
	return type == MBEDTLS_PK_ECKEY || type == MBEDTLS_PK_ECDSA;
}

static int ec_sign(void *ctx, mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
		   unsigned char *sig, size_t *sig_len, int (*rng)(void *, unsigned char *, size_t),
		   void *rng_ctx)
{
	(void)md;
	(void)rng;
	(void)rng_ctx;
	return sim_sign(ctx, IOTSAFE_ECDSA_DER, hash, hash_len, sig, sig_len);
}

static void *ec_alloc(void)
{
	return calloc(1, sizeof(struct sim_key));
}

static const mbedtls_pk_info_t ec_on_sim = {
	.type = MBEDTLS_PK_ECKEY,
	.name = "EC on a SIM",
	.get_bitlen = ec_bits,
	.can_do = ec_can_do,
	.sign_func = ec_sign,
	.ctx_alloc_func = ec_alloc,
	.ctx_free_func = free,
};

static int rsa_sign(void *ctx, int (*rng)(void *, unsigned char *, size_t), void *rng_ctx, int mode,
		    mbedtls_md_type_t md, unsigned int hash_len, const unsigned char *hash,
		    unsigned char *sig)
{
	size_t sig_len = 0;

	(void)rng;
	(void)rng_ctx;
	(void)mode;
	(void)md; /* the SIM tells SHA-256, -384 and -512 by their sizes */
	return sim_sign(ctx, IOTSAFE_RSA_PKCS1, hash, hash_len, sig, &sig_len);
}

static size_t rsa_size(void *ctx)
{
	(void)ctx;
	return 256;
}

/* *key must live as long as *ret_pk. */
static int sim_pk(struct sim_key *key, mbedtls_pk_context *ret_pk)
{
	int code;

	if (key->object.key_type == IOTSAFE_KEY_RSA2048)
		return mbedtls_pk_setup_rsa_alt(ret_pk, key, NULL, rsa_sign, rsa_size);
	code = mbedtls_pk_setup(ret_pk, &ec_on_sim);
	if (code == 0)
		*(struct sim_key *)ret_pk->pk_ctx = *key;
	return code;
}

static int sim_entropy(void *sim, unsigned char *out, size_t n, size_t *ret_n)
{
	size_t some = n < 32 ? n : 32;

	if (iotsafe_random(sim, out, some) != IOTSAFE_OK)
		return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
	*ret_n = some;
	return 0;
}

/* --- the client --- */

struct client {
	struct sim_key key;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_x509_crt ca, cert;
	mbedtls_pk_context pk;
	mbedtls_ssl_config conf;
	mbedtls_ssl_context ssl;
	mbedtls_net_context net;
	mbedtls_timing_delay_context timer;
};

static int told_sim(const char *what, enum iotsafe_error e)
{
	if (e != IOTSAFE_OK)
		fprintf(stderr, "%s: %s (%s): %s\n", what, iotsafe_text(e), iotsafe_why(),
			iotsafe_remedy(e));
	return e == IOTSAFE_OK ? 0 : 1;
}

static int told(const char *what, int code)
{
	char text[160];

	if (code >= 0)
		return 0;
	mbedtls_strerror(code, text, sizeof(text));
	fprintf(stderr, "%s: -0x%04X %s\n", what, (unsigned)-code, text);
	return 1;
}

static void init(struct client *c)
{
	memset(c, 0, sizeof(*c));
	mbedtls_entropy_init(&c->entropy);
	mbedtls_ctr_drbg_init(&c->rng);
	mbedtls_x509_crt_init(&c->ca);
	mbedtls_x509_crt_init(&c->cert);
	mbedtls_pk_init(&c->pk);
	mbedtls_ssl_config_init(&c->conf);
	mbedtls_ssl_init(&c->ssl);
	mbedtls_net_init(&c->net);
}

static void finish(struct client *c)
{
	mbedtls_net_free(&c->net);
	mbedtls_ssl_free(&c->ssl);
	mbedtls_ssl_config_free(&c->conf);
	mbedtls_pk_free(&c->pk);
	mbedtls_x509_crt_free(&c->cert);
	mbedtls_x509_crt_free(&c->ca);
	mbedtls_ctr_drbg_free(&c->rng);
	mbedtls_entropy_free(&c->entropy);
	iotsafe_close(c->key.sim);
}

/* The SIM, its first key that signs, and the certificate for it. */
static int take_identity(struct client *c, const char *where)
{
	unsigned char *der = malloc(IOTSAFE_FILE_MAX);
	size_t n = 0;
	int bad = der == NULL || told_sim("open", iotsafe_open(where, 0, &c->key.sim));

	bad = bad ||
	      told_sim("key", iotsafe_find(c->key.sim, IOTSAFE_PRIVATE_KEY, NULL, &c->key.object));
	bad = bad || told_sim("certificate", iotsafe_certificate(c->key.sim, &c->key.object, der,
								 IOTSAFE_FILE_MAX, &n));
	bad = bad || told("certificate", mbedtls_x509_crt_parse_der(&c->cert, der, n));
	bad = bad || told("key", sim_pk(&c->key, &c->pk));
	free(der);
	return bad;
}

static int seed(struct client *c)
{
	int code = mbedtls_entropy_add_source(&c->entropy, sim_entropy, c->key.sim, 32,
					      MBEDTLS_ENTROPY_SOURCE_STRONG);

	if (code == 0)
		code = mbedtls_ctr_drbg_seed(&c->rng, mbedtls_entropy_func, &c->entropy, NULL, 0);
	return told("seed", code);
}

static int configure(struct client *c, int datagrams, const char *ca_file)
{
	int transport = datagrams ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM;

	if (told(ca_file, mbedtls_x509_crt_parse_file(&c->ca, ca_file)) ||
	    told("defaults", mbedtls_ssl_config_defaults(&c->conf, MBEDTLS_SSL_IS_CLIENT, transport,
							 MBEDTLS_SSL_PRESET_DEFAULT)))
		return 1;
	mbedtls_ssl_conf_min_version(&c->conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3); /* (D)TLS 1.2 */
	mbedtls_ssl_conf_authmode(&c->conf, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(&c->conf, &c->ca, NULL);
	mbedtls_ssl_conf_rng(&c->conf, mbedtls_ctr_drbg_random, &c->rng);
	mbedtls_ssl_conf_read_timeout(&c->conf, READ_MS);
	mbedtls_ssl_conf_handshake_timeout(&c->conf, RETRY_MIN_MS, RETRY_MAX_MS);
	return told("own certificate", mbedtls_ssl_conf_own_cert(&c->conf, &c->cert, &c->pk));
}

static int handshake(struct client *c, int datagrams, const char *host, const char *port)
{
	int code = mbedtls_net_connect(&c->net, host, port,
				       datagrams ? MBEDTLS_NET_PROTO_UDP : MBEDTLS_NET_PROTO_TCP);

	if (told(host, code) || told("set up", mbedtls_ssl_setup(&c->ssl, &c->conf)) ||
	    told("host name", mbedtls_ssl_set_hostname(&c->ssl, host)))
		return 1;
	mbedtls_ssl_set_bio(&c->ssl, &c->net, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
	mbedtls_ssl_set_timer_cb(&c->ssl, &c->timer, mbedtls_timing_set_delay,
				 mbedtls_timing_get_delay);
	do
		code = mbedtls_ssl_handshake(&c->ssl);
	while (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE);
	return told("handshake", code);
}

static int talk(struct client *c, const char *text)
{
	unsigned char answer[1024];
	int n = mbedtls_ssl_write(&c->ssl, (const unsigned char *)text, strlen(text));

	if (told("write", n))
		return 1;
	do
		n = mbedtls_ssl_read(&c->ssl, answer, sizeof(answer));
	while (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE);
	if (told("read", n))
		return 1;
	printf("answer: %.*s", n, (const char *)answer);
	return told("close", mbedtls_ssl_close_notify(&c->ssl));
}

int main(int argc, char **argv)
{
	int datagrams = argc > 1 && strcmp(argv[1], "dtls") == 0;
	struct client c;
	int bad;

	if (argc < 5 || argc > 7 || (!datagrams && strcmp(argv[1], "tls") != 0)) {
		fprintf(stderr, "usage: iotsafe-mbedtls tls|dtls HOST PORT CA-FILE [SIM [TEXT]]\n");
		return 2;
	}
	init(&c);
	bad = take_identity(&c, argc > 5 ? argv[5] : NULL) || seed(&c) ||
	      configure(&c, datagrams, argv[4]) || handshake(&c, datagrams, argv[2], argv[3]);
	if (!bad)
		printf("%s, %s, the server is verified\n", mbedtls_ssl_get_version(&c.ssl),
		       mbedtls_ssl_get_ciphersuite(&c.ssl));
	bad = bad || talk(&c, argc > 6 ? argv[6] : "hello\n");
	finish(&c);
	return bad;
}
