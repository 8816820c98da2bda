/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a certificate request, from what a person types. Failures are said (say.h): ST_ARG. */
#ifndef IOTSAFE_CLI_SUBJECT_H
#define IOTSAFE_CLI_SUBJECT_H

#include <openssl/x509v3.h>

#include "status.h"

/* "/C=DE/O=Acme/CN=meter" (in that order) or "CN=meter,O=Acme,C=DE" (RFC 4514: the other way
 * round; both give the same). A backslash takes the next character, or two hex digits as a byte;
 * '+' joins parts of one RDN. Types are short names or dotted OIDs. UTF-8. To be freed. */
status subject_parse(const char *text, X509_NAME **ret) MUST_USE;

/* "dns:a.example,ip:192.0.2.1,uri:…,email:…", appended to *names (made when NULL, to be freed). A
 * comma that no kind follows belongs to the value. */
status subject_add_sans(const char *text, GENERAL_NAMES **names) MUST_USE;

#endif
