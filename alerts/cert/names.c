// The leaf against a reference name, RFC 9525: only subjectAltName speaks, a wildcard is a whole leftmost label and
// stands for one label, and an address is never a name.
#include "alerts/cert/private.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/x509v3.h>

enum { NAME_LEN_MAX = 253 }; // of a host name, RFC 1035 2.3.4 without the root's octets

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

// Labels of letters, digits, hyphens and the underscores that people use, the last of them not a number: OpenSSL would
// take ".example.com" for every name below, and "10.0.0.1" for four labels.
static bool host_name(const char *name)
{
	for (const char *label = name;;) {
		size_t n = strspn(label, letters);
		if (!n)
			return false;
		if (!label[n])
			return strspn(label, "0123456789") < n;
		if (label[n] != '.')
			return false;
		label += n + 1;
	}
}

static bool address(const char *name)
{
	uint8_t octets[16];

	return inet_pton(AF_INET, name, octets) == 1 || inet_pton(AF_INET6, name, octets) == 1;
}

uint8_t cert_names_match(X509 *leaf, const char *reference)
{
	const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	char name[NAME_LEN_MAX + 2];
	size_t len = strlen(reference);

	// "mx.example.com." is the same name, said absolutely.
	if (len && reference[len - 1] == '.')
		len--;
	if (len > NAME_LEN_MAX)
		return NAMES_DIFFER;
	memcpy(name, reference, len);
	name[len] = '\0';
	bool match = address(name) ? X509_check_ip_asc(leaf, name, 0) == 1
				   : host_name(name) && X509_check_host(leaf, name, len, flags, NULL) == 1;
	return match ? NAMES_MATCH : NAMES_DIFFER;
}
