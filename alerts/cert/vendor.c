// Certificates that software makes for itself until somebody gives it a better one, and placeholders that say so.
//
// A row holds when each of its attributes stands in the leaf's subject exactly once and exactly so: attributes are
// compared as they were parsed, never the printed name, where a value could play another's part. Only what was seen in
// the field or in the vendor's own scripts is here. Not here, because nothing in them tells: Debian's snakeoil and
// Exchange's own (a host name and no more), cPanel's.
#include "alerts/cert/private.h"

#include <string.h>

#include <openssl/objects.h>

enum { ATTRIBUTES_MAX = 4 };

struct attribute {
	int nid;
	const char *value;
};

#define C(v) {NID_countryName, v}
#define ST(v) {NID_stateOrProvinceName, v}
#define L(v) {NID_localityName, v}
#define O(v) {NID_organizationName, v}
#define OU(v) {NID_organizationalUnitName, v}
#define CN(v) {NID_commonName, v}
#define MAIL(v) {NID_pkcs9_emailAddress, v}

static const struct row {
	const char *name;
	struct attribute attribute[ATTRIBUTES_MAX];
} rows[] = {
	{"Google, no SNI sent", {OU("No SNI provided; please fix your client."), CN("invalid2.invalid")}},
	{"OpenSSL, default subject", {C("AU"), ST("Some-State"), O("Internet Widgits Pty Ltd")}},
	{"Red Hat package, default", {C("--"), ST("SomeState"), L("SomeCity"), O("SomeOrganization")}},
	{"Dovecot, default", {OU("IMAP server"), CN("imap.example.com"), MAIL("postmaster@example.com")}},
	{"Parallels Panel, default", {O("Parallels"), OU("Parallels Panel"), CN("Parallels Panel")}},
	{"Plesk, default", {O("Odin"), OU("Plesk"), CN("Plesk")}},
	{"Plesk, default", {O("Plesk"), CN("Plesk"), MAIL("info@plesk.com")}},
	{"Zimbra, default", {OU("Zimbra Collaboration Server")}},
	{"Zimbra, default", {O("Zimbra"), OU("Zimbra Collaboration Suite")}},
	{"mailcow, example", {C("DE"), L("Willich"), O("mailcow"), OU("mailcow")}},
	{"rcgen, default subject", {CN("rcgen self signed cert")}},
	{"Kubernetes ingress, fake", {O("Acme Co"), CN("Kubernetes Ingress Controller Fake Certificate")}},
	{"Traefik, default", {CN("TRAEFIK DEFAULT CERT")}},
	{"Exim, made at start", {C("UK"), O("Exim Developers")}},
	{"Fortinet, factory", {O("Fortinet"), MAIL("support@fortinet.com")}},
	{"VMware ESX, default", {OU("VMware ESX Server Default Certificate"), MAIL("ssl-certificates@vmware.com")}},
};

static bool holds(const X509_NAME *name, const struct attribute *a)
{
	int at = X509_NAME_get_index_by_NID(name, a->nid, -1);

	if (at < 0 || X509_NAME_get_index_by_NID(name, a->nid, at) >= 0)
		return false;
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	size_t len = strlen(a->value);
	return (size_t)ASN1_STRING_length(s) == len && memcmp(ASN1_STRING_get0_data(s), a->value, len) == 0;
}

static bool row_holds(const X509_NAME *name, const struct row *r)
{
	for (size_t i = 0; i < ATTRIBUTES_MAX && r->attribute[i].value; i++)
		if (!holds(name, &r->attribute[i]))
			return false;
	return true;
}

const char *cert_vendor_of(X509 *leaf)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (row_holds(subject, &rows[i]))
			return rows[i].name;
	return NULL;
}
