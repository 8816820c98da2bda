/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <string.h>

#include "key.h"
#include "mem.h"

#define ALL_HASHES (HASH_BIT_SHA256 | HASH_BIT_SHA384 | HASH_BIT_SHA512)
#define RSA_ALGS (SIGN_RSA_PKCS1 | SIGN_RSA_PSS)
#define GENERAL 0x01
#define TLS13 0x03
#define EC_SIGN SIGN_ECDSA, ALL_HASHES
#define EC_SHA256 SIGN_ECDSA, HASH_BIT_SHA256

#define S FUNCTION_SIGN
#define SG (FUNCTION_SIGN | FUNCTION_KEYGEN)
#define GA (FUNCTION_KEYGEN | FUNCTION_AGREE)
#define SA (FUNCTION_SIGN | FUNCTION_AGREE)
#define SGA (FUNCTION_SIGN | FUNCTION_KEYGEN | FUNCTION_AGREE)
#define R ACCESS_READ
#define U ACCESS_UPDATE
#define RU (ACCESS_READ | ACCESS_UPDATE)

/* A key pair that is there: functions, algorithms and hashes are those of both halves. */
#define PAIR(priv, pub, label, type, usage, functions, ...)                                        \
	{OBJECT_PRIVATE, priv,	    label, CONTENT_PAIR, priv, type,                               \
	 usage,		 functions, U,	   __VA_ARGS__,	 1,    0},                                 \
	{                                                                                          \
		OBJECT_PUBLIC, pub, label, CONTENT_PAIR, priv, type, usage, functions, RU,         \
			__VA_ARGS__, 1, 0                                                          \
	}
/* A pair that waits for GENERATE KEY PAIR. */
#define EMPTY_PAIR(priv, pub, label, type, usage, functions, ...)                                  \
	{OBJECT_PRIVATE, priv,	    label, CONTENT_NONE, NULL, type,                               \
	 usage,		 functions, U,	   __VA_ARGS__,	 1,    0},                                 \
	{                                                                                          \
		OBJECT_PUBLIC, pub, label, CONTENT_NONE, NULL, type, usage, functions, RU,         \
			__VA_ARGS__, 1, 0                                                          \
	}
/* A public key slot for a peer's key. */
#define PEER(id, label, type)                                                                      \
	{                                                                                          \
		OBJECT_PUBLIC, id, label, CONTENT_NONE, NULL, type, GENERAL, SA, RU, EC_SIGN, 1, 0 \
	}
#define CERTIFICATE(id, label, content, of)                                                        \
	{                                                                                          \
		OBJECT_FILE, id, label, content, of, 0, FILE_USAGE_CERTIFICATE, 0, R, 0, 0, 0, 0   \
	}
#define DATA_FILE(id, label, content, of)                                                          \
	{                                                                                          \
		OBJECT_FILE, id, label, content, of, 0, FILE_USAGE_GENERAL, 0, R, 0, 0, 0, 0       \
	}
/* A key for AES-CMAC: a Thales extension. */
#define CMAC_KEY(id, label)                                                                        \
	{                                                                                          \
		OBJECT_SECRET, id, label, CONTENT_RANDOM, NULL, KEY_AES_CMAC, 0, FUNCTION_SIGN,    \
			RU, SIGN_CMAC, 0, 0, 0                                                     \
	}
#define SECRET_KEY(id, label, content, functions, derive)                                          \
	{                                                                                          \
		OBJECT_SECRET, id, label, content, NULL, KEY_HMAC, 0, functions, RU, 0, 0, 0,      \
			derive                                                                     \
	}

static const struct profile_container demo[] = {
	PAIR("01", "01", "device", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("02", "device-cert", CONTENT_DEVICE, "01"),
	CERTIFICATE("03", "ca-cert", CONTENT_CA, NULL),
	EMPTY_PAIR("04", "04", "ephemeral", KEY_P256_VOLATILE, GENERAL, GA, 0, 0),
	PEER("05", "peer", KEY_P256_VOLATILE),
};

/* Which of them ask for a PIN: uicc_pin_make.c. */
static const struct profile_container pin[] = {
	PAIR("01", "01", "device", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("02", "device-cert", CONTENT_DEVICE, "01"),
	CERTIFICATE("03", "ca-cert", CONTENT_CA, NULL),
	EMPTY_PAIR("04", "04", "ephemeral", KEY_P256_VOLATILE, GENERAL, GA, 0, 0),
	PEER("05", "peer", KEY_P256_VOLATILE),
	PAIR("11", "11", "signature", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("12", "signature-cert", CONTENT_DEVICE, "11"),
	PAIR("21", "21", "open", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("22", "open-cert", CONTENT_DEVICE, "21"),
};

static const struct profile_container type2[] = {
	SECRET_KEY("0A", "psk", CONTENT_RANDOM, FUNCTION_DERIVE, 0x03),
	SECRET_KEY("0B", "psk-next", CONTENT_NONE, FUNCTION_DERIVE, 0x03),
	DATA_FILE("0C", "psk-identity", CONTENT_TEXT, "meter-0001"),
};

static const struct profile_container thales[] = {
	PAIR("01", "01", "device", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("02", "device-cert", CONTENT_DEVICE, "01"),
	CERTIFICATE("03", "ca-cert", CONTENT_CA, NULL),
	EMPTY_PAIR("04", "04", "ephemeral", KEY_P256_VOLATILE, GENERAL, GA, 0, 0),
	PEER("05", "peer", KEY_P256_VOLATILE),
	EMPTY_PAIR("06", "06", "brainpool", KEY_BRAINPOOL, GENERAL, SG, EC_SIGN),
	CMAC_KEY("07", "mac"),
};

static const struct profile_container zariot[] = {
	EMPTY_PAIR("303031", "303032", "ephemeral", KEY_P256, GENERAL, SGA, EC_SHA256),
	PAIR("303036", "303037", "device", KEY_P256, GENERAL, SG, EC_SHA256),
	CERTIFICATE("303038", "device-cert", CONTENT_DEVICE, "303036"),
};

static const struct profile_container ntt[] = {
	PAIR("01", "02", "1", KEY_P256, GENERAL, S, EC_SHA256),
	CERTIFICATE("03", "iotsafe_client_keypair_cert", CONTENT_PEM, "01"),
	DATA_FILE("80000000", "CertificateSigningRequest", CONTENT_CSR, "01"),
};

/* Order, names and attributes as in the logged list of §15.1. */
static const struct profile_container quantag[] = {
	{OBJECT_PRIVATE, "0002", "11", CONTENT_PAIR, "0002", KEY_P256, TLS13, SGA, U, EC_SIGN, 1,
	 0},
	{OBJECT_PUBLIC, "0002", "11", CONTENT_PAIR, "0002", KEY_P256, TLS13, SGA, U, EC_SIGN, 1, 0},
	{OBJECT_PUBLIC, "0003", "22", CONTENT_NONE, NULL, KEY_P256, TLS13, SGA, U, EC_SIGN, 1, 0},
	DATA_FILE("0001", "01", CONTENT_TEXT,
		  "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"),
	SECRET_KEY("0004", "33", CONTENT_NONE, FUNCTION_AGREE | FUNCTION_DERIVE, 0x02),
};

static const struct profile_container wolfssl[] = {
	PAIR("02", "02", "device", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("03", "device-cert", CONTENT_DEVICE, "02"),
	CERTIFICATE("04", "ca-cert", CONTENT_CA, NULL),
	EMPTY_PAIR("03", "03", "ephemeral", KEY_P256_VOLATILE, GENERAL, GA, 0, 0),
	PEER("04", "peer", KEY_P256_VOLATILE),
	PEER("05", "peer-cert", KEY_P256_VOLATILE),
};

static const struct profile_container rsa[] = {
	PAIR("01", "01", "device", KEY_RSA_2048, GENERAL, S, RSA_ALGS, ALL_HASHES),
	CERTIFICATE("02", "device-cert", CONTENT_DEVICE, "01"),
	CERTIFICATE("03", "ca-cert", CONTENT_CA, NULL),
};

#define LONG_ID "000102030405060708090A0B0C0D0E0F10111213"
#define LONG_LABEL "a label of sixty characters, which is the most that fits in."

static const struct profile_container full[] = {
	PAIR("01", "01", "device", KEY_P256, GENERAL, SG, EC_SIGN),
	CERTIFICATE("02", "device-cert", CONTENT_DEVICE, "01"),
	CERTIFICATE("03", "ca-cert", CONTENT_CA, NULL),
	EMPTY_PAIR("04", "04", "ephemeral", KEY_P256_VOLATILE, GENERAL, GA, 0, 0),
	PEER("05", "peer", KEY_P256_VOLATILE),
	PEER("06", "peer-p384", KEY_P384_VOLATILE),
	PEER("07", "peer-brainpool", KEY_BRAINPOOL_VOLATILE),
	PAIR("1001", "1002", "p384", KEY_P384, GENERAL, SA, EC_SIGN),
	CERTIFICATE("1003", "p384-cert", CONTENT_DEVICE, "1001"),
	PAIR("1101", "1102", "brainpool", KEY_BRAINPOOL, GENERAL, SA, EC_SIGN),
	CERTIFICATE("1103", "brainpool-cert", CONTENT_DEVICE, "1101"),
	PAIR("1201", "1202", "rsa", KEY_RSA_2048, GENERAL, S, RSA_ALGS, ALL_HASHES),
	CERTIFICATE("1203", "rsa-cert", CONTENT_DEVICE, "1201"),
	PAIR("303036", "303037", "no-certificate", KEY_P256, GENERAL, S, EC_SHA256),
	{OBJECT_PRIVATE, "13010203", "private-only", CONTENT_PAIR, "13010203", KEY_P256, GENERAL, S,
	 0, EC_SHA256, 0, 0},
	CERTIFICATE("13010204", "private-only-cert", CONTENT_DEVICE, "13010203"),
	PAIR("1401020304", "1401020305", "pem", KEY_P256, GENERAL, S, EC_SHA256),
	CERTIFICATE("1401020306", "pem-cert", CONTENT_PEM, "1401020304"),
	PAIR("150102030405", "150102030406", "padded", KEY_P256, TLS13, S, EC_SIGN),
	CERTIFICATE("150102030407", "padded-cert-00", CONTENT_PADDED_00, "150102030405"),
	CERTIFICATE("150102030408", "padded-cert-ff", CONTENT_PADDED_FF, "150102030405"),
	CERTIFICATE("16010203040506", "damaged-cert", CONTENT_DAMAGED, "01"),
	PAIR(LONG_ID, LONG_ID, "long-id", KEY_P256, GENERAL, S, EC_SIGN),
	CERTIFICATE(LONG_ID, "long-id-cert", CONTENT_DEVICE, LONG_ID),
	PAIR("17", "18", LONG_LABEL, KEY_P256, GENERAL, SGA, EC_SIGN),
	EMPTY_PAIR("19", "1A", "keygen-p384", KEY_P384_VOLATILE, GENERAL, SGA, EC_SIGN),
	EMPTY_PAIR("1B", "1C", "keygen-brainpool", KEY_BRAINPOOL_VOLATILE, GENERAL, SGA, EC_SIGN),
	EMPTY_PAIR("1D", "1E", "keygen-rsa", KEY_RSA_2048, GENERAL, SG, RSA_ALGS, ALL_HASHES),
	DATA_FILE("20", "config.json", CONTENT_TEXT,
		  "{\"url\":\"mqtts://broker.example\",\"port\":8883}\n"),
	DATA_FILE("21", "empty-file", CONTENT_TEXT, ""),
	{OBJECT_FILE, "22", "unfilled-file", CONTENT_NONE, NULL, 0, FILE_USAGE_GENERAL, 0, R, 0, 0,
	 0, 0},
	{OBJECT_FILE, "23", "locked-file", CONTENT_TEXT, "nobody may read this", 0,
	 FILE_USAGE_GENERAL, 0, 0, 0, 0, 0, 0},
	SECRET_KEY("0A", "psk", CONTENT_RANDOM, FUNCTION_DERIVE, 0x03),
	CMAC_KEY("0B", "mac"),
};

#define LIST(a) a, ARRAY_LEN(a)

const struct profile profiles[] = {
	{"demo", "the standard applet with a P-256 identity and its certificate",
	 "aid A0000005590010,A00000003053F12401770101495341", LIST(demo)},
	{"type2", "an applet for pre-shared keys: secret keys only", "personality type2",
	 LIST(type2)},
	{"thales", "15-byte AID, class 0X, grouped list, 33 40, empty salt refused",
	 "aid A00000003053F12401770101495341;class inter;layout l2;signature-header 1;"
	 "chunk 255;lenient-init yes;refuse-empty-salt yes",
	 LIST(thales)},
	{"zariot", "class 8X, T=0, ASCII ids, separate ids for the halves of a pair",
	 "t0 yes;class proprietary;app-hashes 0001;hkdf no", LIST(zariot)},
	{"ntt", "16-byte AID, class 0X, T=0, names by label, PEM certificate, CSR file",
	 "aid A0000001157000000000000049534102;t0 yes;class inter;signature-header 1;"
	 "app-hashes 0001;dh no;prf no;hkdf no",
	 LIST(ntt)},
	{"quantag", "flat list with a malformed tag 92, bare information, one session",
	 "aid A00000003053F12401770101495341;class proprietary;layout l3;wrapped no;"
	 "malformed-92 yes;tags-61-6f yes;app-hashes 0001;prf no;"
	 "signature-header 1;sessions 1;keygen-needs-read no;proprietary-id "
	 "1122334455667788112233445566778811223344556677881122334455667788",
	 LIST(quantag)},
	{"wolfssl", "class 8X, T=0, no list, keygen answers no key",
	 "t0 yes;class proprietary;list no;keygen-answer none;chunk 240;prf no", LIST(wolfssl)},
	{"pin", "demo with keys that ask for the application PIN: always, before each use, never",
	 "aid A0000005590010,A00000003053F12401770101495341", LIST(pin)},
	{"rsa", "an RSA-2048 identity", "", LIST(rsa)},
	{"empty", "an applet without containers", "app-functions 01;dh no;prf no;hkdf no", NULL, 0},
	{"full", "every kind of container, many of them odd", "", LIST(full)},
};
const size_t profile_count = ARRAY_LEN(profiles);

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < profile_count; i++) {
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	}
	return NULL;
}
