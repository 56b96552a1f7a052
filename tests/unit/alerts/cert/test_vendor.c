// Default certificates: each as its software makes it, and what only looks like one.
#include "tests/unit/alerts/cert/cert_fixture.h"

static const struct row {
	const char *subject, *want;
} rows[] = {
	{"OU=No SNI provided; please fix your client./CN=invalid2.invalid", "Google, no SNI sent"},
	{"C=AU/ST=Some-State/O=Internet Widgits Pty Ltd", "OpenSSL, default subject"},
	{"C=AU/ST=Some-State/O=Internet Widgits Pty Ltd/CN=mx.example", "OpenSSL, default subject"},
	{"C=--/ST=SomeState/L=SomeCity/O=SomeOrganization/OU=SomeOrganizationalUnit/CN=localhost.localdomain/"
	 "emailAddress=root@localhost.localdomain", "Red Hat package, default"},
	{"OU=IMAP server/CN=imap.example.com/emailAddress=postmaster@example.com", "Dovecot, default"},
	{"C=US/ST=Virginia/L=Herndon/O=Parallels/OU=Parallels Panel/CN=Parallels Panel/emailAddress=info@parallels.com",
	 "Parallels Panel, default"},
	{"C=US/ST=Washington/L=Seattle/O=Odin/OU=Plesk/CN=Plesk/emailAddress=info@plesk.com", "Plesk, default"},
	{"C=CH/L=Schaffhausen/O=Plesk/CN=Plesk/emailAddress=info@plesk.com", "Plesk, default"},
	{"OU=Zimbra Collaboration Server/CN=mail.example", "Zimbra, default"},
	{"C=US/ST=CA/L=San Mateo/O=Zimbra/OU=Zimbra Collaboration Suite/CN=mail.example", "Zimbra, default"},
	{"C=DE/ST=NRW/L=Willich/O=mailcow/OU=mailcow/CN=mail.example", "mailcow, example"},
	{"CN=rcgen self signed cert", "rcgen, default subject"},
	{"O=Acme Co/CN=Kubernetes Ingress Controller Fake Certificate", "Kubernetes ingress, fake"},
	{"CN=TRAEFIK DEFAULT CERT", "Traefik, default"},
	{"C=US/ST=California/L=Sunnyvale/O=Fortinet/OU=FortiGate/CN=FG100/emailAddress=support@fortinet.com", "Fortinet, factory"},
	{"C=US/ST=California/L=Palo Alto/O=VMware, Inc/OU=VMware ESX Server Default Certificate/"
	 "emailAddress=ssl-certificates@vmware.com/CN=localhost.localdomain", "VMware ESX, default"},
	// Ordinary ones, and those that say a part of it.
	{"", ""},
	{"CN=mx.example.com", ""},
	{"CN=invalid2.invalid", ""},
	{"CN=localhost.localdomain", ""},
	{"O=Plesk/CN=mx.plesk.example", ""},
	{"O=Fortinet/CN=www.fortinet.example", ""},
	{"CN=traefik default cert", ""},
	{"CN=TRAEFIK DEFAULT CERT ", ""},
	{"CN=TRAEFIK DEFAULT CER", ""},
	{"CN=TRAEFIK DEFAULT CERT/CN=mx.example", ""},
	{"O=CN=TRAEFIK DEFAULT CERT", ""},
	{"O=x,CN=TRAEFIK DEFAULT CERT", ""},
	{"O=TRAEFIK DEFAULT CERT", ""},
};

static void table(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p = taken(make(&(struct make){.subject = rows[i].subject, .key = key}), NULL);
		if (strcmp(p.vendor, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].subject, p.vendor);
	}
	make_end();
}

// Only the leaf's subject speaks: an authority of that name may issue anything.
static void issuer_is_not_asked(void **state)
{
	static struct list l;
	EVP_PKEY *key = make_key("P-256", 0);
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {.vendor = "left over"};

	list_x509(&l, make(&(struct make){.subject = "CN=mx.example", .issuer = "CN=TRAEFIK DEFAULT CERT", .key = key}));
	list_x509(&l, make(&(struct make){.subject = "CN=TRAEFIK DEFAULT CERT", .key = key}));
	take(c, &p, &l, NULL);
	assert_string_equal(p.vendor, "");
	cert_close(&c);
	make_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(issuer_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
