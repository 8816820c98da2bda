/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdbool.h>
#include <string.h>

#include "mem.h"

#define CERTIFICATE_FILE "iotsafe read '@CERT@' --out /etc/iotsafe/device.pem\n"

/* clang-format off */
static const struct client clients[] = {
	{"curl", "curl", "--version", "curl", "OpenSSL", CLIENT_ENGINE | CLIENT_CERTIFICATE,
	 "curl --engine pkcs11 --key-type ENG --key '@KEY@' \\\n"
	 "    --cert-type ENG --cert '@CERT@' https://cloud.example/\n",
	 "PKCS11_PROVIDER_MODULE=@MODULE@ curl --key-type PROV --key '@KEY@' \\\n"
	 "    --cert-type PROV --cert '@CERT@' https://cloud.example/\n"},
	{"openssl", "openssl", "version", "openssl", NULL, CLIENT_ENGINE,
	 CERTIFICATE_FILE
	 "openssl s_client -connect cloud.example:443 -cert /etc/iotsafe/device.pem \\\n"
	 "    -engine pkcs11 -keyform engine -key '@KEY@'\n"
	 "openssl dgst -sha256 -engine pkcs11 -keyform engine -sign '@KEY@' -out file.sig file\n",
	 "openssl s_client -connect cloud.example:443 -key '@KEY@' -cert '@CERT@'\n"
	 "# with OPENSSL_CONF=openssl-provider.cnf, of /usr/share/doc/iotsafe/examples\n"},
	{"nginx", "nginx", "-v", "nginx", NULL, CLIENT_ENGINE,
	 CERTIFICATE_FILE
	 "# nginx.conf, the main part:\n"
	 "ssl_engine pkcs11;\n"
	 "# as a server, in server { }, with the answer to the key's request (iotsafe csr):\n"
	 "ssl_certificate /etc/iotsafe/gateway.pem;\n"
	 "ssl_certificate_key \"engine:pkcs11:@KEY@\";\n"
	 "# as a client, in location { }:\n"
	 "proxy_ssl_certificate /etc/iotsafe/device.pem;\n"
	 "proxy_ssl_certificate_key \"engine:pkcs11:@KEY@\";\n"
	 "# its workers run as another user: iotsafe doctor --client nginx --user www-data\n",
	 CERTIFICATE_FILE
	 "# openssl.cnf, and device.key: /usr/share/doc/iotsafe/recipes/openssl-provider.md\n"
	 "# as a server, in server { }:\n"
	 "ssl_certificate /etc/iotsafe/device.pem;\n"
	 "ssl_certificate_key /etc/iotsafe/device.key;\n"
	 "# as a client, in location { }:\n"
	 "proxy_ssl_session_reuse off;\n"
	 "proxy_ssl_certificate /etc/iotsafe/device.pem;\n"
	 "proxy_ssl_certificate_key /etc/iotsafe/device.key;\n"
	 "# since nginx 1.29 instead of the file: \"store:@KEY@\"\n"
	 "# its workers run as another user: iotsafe doctor --client nginx --user www-data\n"},
	{"apache", "apache2 httpd", "-v", "apache2", NULL, CLIENT_ENGINE,
	 "# the server's part:\n"
	 "SSLCryptoDevice pkcs11\n"
	 "# the virtual host's, with the answer to the key's request (iotsafe csr):\n"
	 "SSLCertificateFile /etc/iotsafe/gateway.pem\n"
	 "SSLCertificateKeyFile \"@KEY@\"\n"
	 "# its workers run as another user: iotsafe doctor --client apache --user www-data\n", NULL},
	{"gnutls", "gnutls-cli p11tool", "--version", "gnutls-bin", NULL, CLIENT_P11KIT | CLIENT_CERTIFICATE,
	 "gnutls-cli --x509keyfile '@KEY@' --x509certfile '@CERT@' cloud.example\n"
	 "p11tool --list-all '@TOKEN@'\n", NULL},
	{"git", "git", "--version", "git", NULL, CLIENT_P11KIT | CLIENT_CERTIFICATE,
	 "# .gitconfig or /etc/gitconfig, where git's libcurl is libcurl-gnutls, as Debian's:\n"
	 "[http \"https://cloud.example/\"]\n"
	 "sslKey = \"@KEY@\"\n"
	 "sslCert = \"@CERT@\"\n", NULL},
	{"p11-kit", "p11-kit", NULL, "p11-kit", NULL, CLIENT_P11KIT,
	 "p11-kit list-modules\n", NULL},
	{"pkcs11-tool", "pkcs11-tool", NULL, "opensc", NULL, 0,
	 "pkcs11-tool --module @MODULE@ --token-label '@LABEL@' -O\n", NULL},
	{"ssh", "ssh", "-V", "openssh-client", NULL, CLIENT_TRUSTED,
	 "ssh-keygen -D @MODULE@      # for authorized_keys of the host\n"
	 "ssh -o PKCS11Provider=@MODULE@ host.example\n"
	 "ssh-add -s @MODULE@         # for ssh-agent\n", NULL},
	{"nss", "modutil", NULL, "libnss3-tools", NULL, CLIENT_CERTIFICATE,
	 "mkdir -p $HOME/.pki/nssdb\n"
	 "certutil -N -d sql:$HOME/.pki/nssdb --empty-password    # where there is none yet\n"
	 "modutil -dbdir sql:$HOME/.pki/nssdb -add iotsafe -libfile @MODULE@ -force\n"
	 "certutil -L -d sql:$HOME/.pki/nssdb -h '@LABEL@'\n", NULL},
	{"chromium", "chromium chromium-browser google-chrome", "--version", "chromium", NULL, CLIENT_CERTIFICATE,
	 "# package libnss3-tools; chromium must not be running; -N where there is no database yet\n"
	 "mkdir -p ~/.pki/nssdb\n"
	 "certutil -N -d sql:$HOME/.pki/nssdb --empty-password\n"
	 "modutil -force -dbdir sql:$HOME/.pki/nssdb -add iotsafe \\\n"
	 "    -libfile @MODULE@\n", NULL},
	{"firefox", "firefox-esr firefox", "--version", "firefox-esr", NULL, CLIENT_CERTIFICATE,
	 "# package libnss3-tools; PROFILE as about:profiles shows it; firefox must not be running\n"
	 "modutil -dbdir sql:$HOME/.mozilla/firefox/PROFILE -add iotsafe -libfile @MODULE@ -force\n", NULL},
	{"mosquitto", "mosquitto mosquitto_pub mosquitto_sub", "-h", "mosquitto mosquitto-clients", NULL, CLIENT_ENGINE,
	 "# the broker, with the answer to the key's request (iotsafe csr):\n"
	 "tls_engine pkcs11\n"
	 "tls_keyform engine\n"
	 "keyfile @KEY@\n"
	 "certfile /etc/iotsafe/broker.pem\n"
	 "# the clients; 2.0.11 wants an empty file that is named like the URI in the present folder:\n"
	 CERTIFICATE_FILE
	 "KEY='@KEY@'\n"
	 "touch \"$KEY\"\n"
	 "mosquitto_pub -h broker.example -p 8883 --cafile /etc/ssl/certs/ca-certificates.crt \\\n"
	 "    --cert /etc/iotsafe/device.pem --tls-engine pkcs11 --keyform engine --key \"$KEY\" \\\n"
	 "    -t meters/0001 -m 42\n", NULL},
	{"stunnel", "stunnel stunnel4", "-version", "stunnel4", NULL, CLIENT_ENGINE,
	 "# before the first section:\n"
	 "engine = pkcs11\n"
	 "# a section:\n"
	 "cert = @CERT@\n"
	 "engineId = pkcs11\n"
	 "key = @KEY@\n", NULL},
	{"java", "java", "-version", "default-jre-headless", NULL, CLIENT_CERTIFICATE,
	 "# /etc/iotsafe/java.cfg; slotListIndex counts the slots of \"iotsafe list\" from 0:\n"
	 "name = iotsafe\n"
	 "library = @MODULE@\n"
	 "slotListIndex = 0\n"
	 "# then:\n"
	 "keytool -list -keystore NONE -storetype PKCS11 -storepass '' -providerClass sun.security.pkcs11.SunPKCS11 \\\n"
	 "    -providerArg /etc/iotsafe/java.cfg </dev/null\n", NULL},
	{"wpa_supplicant", "wpa_supplicant", "-v", "wpasupplicant", NULL, CLIENT_ENGINE | CLIENT_TRUSTED | CLIENT_CERTIFICATE,
	 "# wpa_supplicant.conf:\n"
	 "pkcs11_engine_path=@ENGINE@\n"
	 "pkcs11_module_path=@MODULE@\n"
	 "# its network={ }, beside ssid, key_mgmt, identity and ca_cert:\n"
	 "eap=TLS\n"
	 "client_cert=\"@CERT@\"\n"
	 "private_key=\"@KEY@\"\n", NULL},
	{"openvpn", "openvpn", "--version", "openvpn", NULL, CLIENT_CERTIFICATE,
	 "# in /etc/openvpn/client/gateway.conf:\n"
	 "pkcs11-providers @MODULE@\n"
	 "# this adds a line for the first certificate that the SIMs have:\n"
	 "openvpn --show-pkcs11-ids @MODULE@ |\n"
	 "    sed -n \"s/^ *Serialized id: *\\(.*\\)/pkcs11-id '\\1'/p\" | head -n 1 >>/etc/openvpn/client/gateway.conf\n", NULL},
	{"strongswan", "swanctl charon-systemd", "--version", "charon-systemd strongswan-swanctl", NULL, 0,
	 "# /etc/strongswan.d/iotsafe.conf, in charon { plugins { pkcs11 { modules { iotsafe { } } } } }:\n"
	 "path = @MODULE@\n"
	 "os_locking = yes\n"
	 "iotsafe read '@CERT@' --out /etc/swanctl/x509/device.pem\n"
	 "# /etc/swanctl/conf.d, in secrets { token-sim { } }, with \"handle = \" and the key's id of \"iotsafe list --json\":\n"
	 "module = iotsafe\n", NULL},
	{"node", "node nodejs", "--version", "nodejs", NULL, CLIENT_ENGINE,
	 CERTIFICATE_FILE
	 "# options of https.get, https.request and tls.connect; signatures: /usr/share/doc/iotsafe/recipes/node.md\n"
	 "cert: fs.readFileSync('/etc/iotsafe/device.pem'),\n"
	 "privateKeyEngine: 'pkcs11',\n"
	 "privateKeyIdentifier: '@KEY@',\n", NULL},
	{"python", "python3", "--version", "python3-pykcs11", NULL, 0,
	 "PYKCS11LIB=@MODULE@ /usr/bin/python3 -c 'from PyKCS11 import *; l = PyKCS11Lib(); l.load(); print(l.getTokenInfo(l.getSlotList(tokenPresent=True)[0]))'\n", NULL},
};
/* clang-format on */

static bool has_program(const struct client *c, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = c->programs; *at;) {
		size_t word = strcspn(at, " ");

		if (word == n && strncmp(at, name, n) == 0)
			return true;
		at += word + strspn(at + word, " ");
	}
	return false;
}

const struct client *client_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		if (strcmp(clients[i].name, name) == 0)
			return &clients[i];
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		if (has_program(&clients[i], name))
			return &clients[i];
	return NULL;
}

const struct client *client_at(size_t i)
{
	return i < ARRAY_LEN(clients) ? &clients[i] : NULL;
}
