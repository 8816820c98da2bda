/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.3 with an external PSK by NSS, both ends in this process, joined over the
 * loopback. One end
 * holds its PSK in the SIM, by handle, through our module; the other has the same bytes in NSS's
 * own store. Arguments: MODULE LABEL HEX client|server DB: which end uses the SIM; the folder of
 * NSS's database, with the certificate "server" that its server wants to have but, with a PSK, does
 * not show. Says "ok …" and exits 0 when both ends agree on the PSK and on what they sent each
 * other. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cert.h>
#include <nspr.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <secerr.h>
#include <secmod.h>
#include <ssl.h>
#include <sslexp.h>
#include <sslproto.h>

static const PRUint8 identity[] = "meter-0001";
static const char question[] = "how much?", reply[] = "42 kWh";

static void die(const char *what)
{
	fprintf(stderr, "%s: %s (%d)\n", what, PR_ErrorToName(PR_GetError()), PR_GetError());
	exit(1);
}

static size_t unhex(const char *hex, unsigned char *out, size_t cap)
{
	size_t n = strlen(hex) / 2;
	unsigned v;

	for (size_t i = 0; i < n && i < cap; i++) {
		if (sscanf(hex + 2 * i, "%2x", &v) != 1)
			die("hex");
		out[i] = (unsigned char)v;
	}
	return n;
}

/* The secret key of that label on a token of our module. */
static PK11SymKey *key_on_card(SECMODModule *m, char *label)
{
	for (int i = 0; i < m->slotCount; i++) {
		PK11SymKey *key = NULL;
		if (PK11_IsPresent(m->slots[i]))
			key = PK11_ListFixedKeysInSlot(m->slots[i], label, NULL);
		if (key != NULL)
			return key;
	}
	die("no such key on the card");
	return NULL;
}

static PK11SymKey *key_in_memory(const char *hex)
{
	unsigned char value[64];
	SECItem item = {siBuffer, value, (unsigned)unhex(hex, value, sizeof(value))};
	PK11SlotInfo *slot = PK11_GetInternalSlot();
	PK11SymKey *key = PK11_ImportSymKey(slot, CKM_HKDF_DERIVE, PK11_OriginUnwrap, CKA_DERIVE,
					    &item, NULL);

	PK11_FreeSlot(slot);
	if (key == NULL)
		die("import");
	return key;
}

/* A connection of this process with itself; both ends have addresses, which NSS wants. */
static void connect_pair(PRFileDesc *pair[2])
{
	PRFileDesc *listener = PR_NewTCPSocket();
	PRNetAddr at;

	PR_InitializeNetAddr(PR_IpAddrLoopback, 0, &at);
	pair[0] = PR_NewTCPSocket();
	if (listener == NULL || pair[0] == NULL || PR_Bind(listener, &at) != PR_SUCCESS ||
	    PR_Listen(listener, 1) != PR_SUCCESS || PR_GetSockName(listener, &at) != PR_SUCCESS ||
	    PR_Connect(pair[0], &at, PR_SecondsToInterval(5)) != PR_SUCCESS)
		die("connect");
	pair[1] = PR_Accept(listener, NULL, PR_SecondsToInterval(5));
	if (pair[1] == NULL)
		die("accept");
	PR_Close(listener);
}

struct end {
	PRFileDesc *fd;
	PK11SymKey *psk;
	PRBool server;
	const char *says, *hears;
};

/* With a PSK nobody shows a certificate: who is asked about one refuses it. */
static SECStatus no_certificate(void *arg, PRFileDesc *fd, PRBool check, PRBool server)
{
	(void)arg, (void)fd, (void)check, (void)server;
	PR_SetError(SEC_ERROR_UNTRUSTED_CERT, 0);
	return SECFailure;
}

static void give_certificate(PRFileDesc *fd)
{
	CERTCertificate *cert = PK11_FindCertFromNickname("server", NULL);
	SECKEYPrivateKey *key = cert != NULL ? PK11_FindKeyByAnyCert(cert, NULL) : NULL;

	if (key == NULL || SSL_ConfigServerCert(fd, cert, key, NULL, 0) != SECSuccess)
		die("the server's certificate");
	CERT_DestroyCertificate(cert);
	SECKEY_DestroyPrivateKey(key);
}

static void configure(struct end *e)
{
	SSLVersionRange v13 = {SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3};

	e->fd = SSL_ImportFD(NULL, e->fd);
	if (e->fd == NULL)
		die("SSL_ImportFD");
	if (SSL_OptionSet(e->fd, SSL_SECURITY, PR_TRUE) != SECSuccess ||
	    SSL_OptionSet(e->fd, e->server ? SSL_HANDSHAKE_AS_SERVER : SSL_HANDSHAKE_AS_CLIENT,
			  PR_TRUE) != SECSuccess ||
	    SSL_VersionRangeSet(e->fd, &v13) != SECSuccess)
		die("options");
	if (SSL_AddExternalPsk(e->fd, e->psk, identity, sizeof(identity) - 1, ssl_hash_sha256) !=
	    SECSuccess)
		die("SSL_AddExternalPsk");
	if (e->server)
		give_certificate(e->fd);
	else if (SSL_AuthCertificateHook(e->fd, no_certificate, NULL) != SECSuccess)
		die("SSL_AuthCertificateHook");
	if (SSL_ResetHandshake(e->fd, e->server) != SECSuccess)
		die("SSL_ResetHandshake");
	if (!e->server && SSL_SetURL(e->fd, "localhost") != SECSuccess)
		die("SSL_SetURL");
}

static void *talk(void *arg)
{
	struct end *e = arg;
	char got[64] = "";
	PRInt32 n;

	if (SSL_ForceHandshake(e->fd) != SECSuccess)
		die(e->server ? "server's handshake" : "client's handshake");
	if (PR_Write(e->fd, e->says, (PRInt32)strlen(e->says)) < 0)
		die("write");
	n = PR_Read(e->fd, got, sizeof(got) - 1);
	if (n < 0)
		die("read");
	if (strcmp(got, e->hears) != 0)
		die("the other end said something else");
	return NULL;
}

static void check_psk_used(PRFileDesc *fd)
{
	SSLPreliminaryChannelInfo pre;
	SSLChannelInfo info;

	if (SSL_GetChannelInfo(fd, &info, sizeof(info)) != SECSuccess ||
	    SSL_GetPreliminaryChannelInfo(fd, &pre, sizeof(pre)) != SECSuccess)
		die("channel information");
	if (info.protocolVersion != SSL_LIBRARY_VERSION_TLS_1_3 ||
	    info.pskType != ssl_psk_external || info.authType != ssl_auth_psk)
		die("the handshake was not by external PSK");
}

int main(int argc, char **argv)
{
	char load[512];
	PRFileDesc *pair[2];
	pthread_t thread;

	if (argc != 6 || NSS_Init(argv[5]) != SECSuccess)
		die("usage: nss_psk MODULE LABEL HEX client|server DB");
	snprintf(load, sizeof(load), "library=\"%s\" name=\"iotsafe\"", argv[1]);
	SECMODModule *m = SECMOD_LoadUserModule(load, NULL, PR_FALSE);
	if (m == NULL || !m->loaded)
		die("the module does not load");
	if (NSS_SetDomesticPolicy() != SECSuccess)
		die("NSS_SetDomesticPolicy");
	SSL_ConfigServerSessionIDCache(0, 0, 0, NULL);
	connect_pair(pair);
	PK11SymKey *card = key_on_card(m, argv[2]), *memory = key_in_memory(argv[3]);
	PRBool card_serves = strcmp(argv[4], "server") == 0;
	struct end client = {pair[0], card_serves ? memory : card, PR_FALSE, question, reply};
	struct end server = {pair[1], card_serves ? card : memory, PR_TRUE, reply, question};
	configure(&client);
	configure(&server);
	if (pthread_create(&thread, NULL, talk, &server) != 0)
		die("thread");
	talk(&client);
	pthread_join(thread, NULL);
	check_psk_used(client.fd);
	check_psk_used(server.fd);
	PR_Close(client.fd);
	PR_Close(server.fd);
	PK11_FreeSymKey(card);
	PK11_FreeSymKey(memory);
	SECMOD_UnloadUserModule(m);
	SECMOD_DestroyModule(m);
	SSL_ShutdownServerSessionIDCache();
	SSL_ClearSessionCache();
	if (NSS_Shutdown() != SECSuccess)
		die("NSS_Shutdown: something of the module is still held");
	puts(card_serves ? "ok: the server's PSK stayed on the card"
			 : "ok: the client's PSK stayed on the card");
	return 0;
}
