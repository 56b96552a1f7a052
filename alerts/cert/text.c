// Names of a certificate as text: bounded, octets as they stood, and nothing that ends a string early. A NUL is written
// \00, in a name because RFC 2253 says so, in a dNSName because "bank.example\0.evil.example" must not read as the first.
#include "alerts/cert/private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

struct text {
	char *at, *end; // a NUL always fits at `end`
	bool cut;
};

static struct text text_of(char *out, size_t size)
{
	return (struct text){.at = out, .end = out + size - 1};
}

// All of it or nothing: half an escape is worse than none. What is cut stays cut.
static void put(struct text *t, const char *s, size_t len)
{
	t->cut |= len > (size_t)(t->end - t->at);
	if (t->cut)
		return;
	memcpy(t->at, s, len);
	t->at += len;
	*t->at = '\0';
}

static void put_hex(struct text *t, const uint8_t *p, size_t len)
{
	char hex[3];

	put(t, "#", 1);
	for (size_t i = 0; i < len && !t->cut; i++) {
		snprintf(hex, sizeof(hex), "%02X", p[i]);
		put(t, hex, 2);
	}
}

static void put_octet(struct text *t, uint8_t octet, bool special)
{
	char two[2] = {'\\', (char)octet};

	if (!octet)
		put(t, "\\00", 3);
	else
		put(t, special ? two : two + 1, special ? 2 : 1);
}

// RFC 2253 2.4.
static void put_escaped(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len && !t->cut; i++) {
		bool edge = (i == 0 && (p[i] == '#' || p[i] == ' ')) || (i + 1 == len && p[i] == ' ');
		put_octet(t, p[i], edge || (p[i] && strchr(",+\"\\<>;", p[i])));
	}
}

static bool one_octet_string(int type)
{
	return type == V_ASN1_UTF8STRING || type == V_ASN1_PRINTABLESTRING || type == V_ASN1_IA5STRING ||
	       type == V_ASN1_T61STRING || type == V_ASN1_NUMERICSTRING || type == V_ASN1_VISIBLESTRING;
}

static void put_value(struct text *t, const ASN1_STRING *s)
{
	const uint8_t *p = ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);
	int type = ASN1_STRING_type(s);
	unsigned char *utf8 = NULL;

	if (one_octet_string(type)) {
		put_escaped(t, p, len);
		return;
	}
	int n = type == V_ASN1_BMPSTRING || type == V_ASN1_UNIVERSALSTRING ? ASN1_STRING_to_UTF8(&utf8, s) : -1;
	if (n >= 0)
		put_escaped(t, utf8, (size_t)n);
	else
		put_hex(t, p, len);
	OPENSSL_free(utf8);
}

static void put_type(struct text *t, const ASN1_OBJECT *o)
{
	char dotted[80] = "";
	int nid = OBJ_obj2nid(o);
	const char *name = nid == NID_undef ? NULL : OBJ_nid2sn(nid);

	if (!name) {
		OBJ_obj2txt(dotted, sizeof(dotted), o, 1);
		name = dotted;
	}
	put(t, name, strlen(name));
	put(t, "=", 1);
}

void cert_text_name(char *out, size_t size, const X509_NAME *name)
{
	struct text t = text_of(out, size);
	int set = -1;

	*out = '\0';
	for (int i = X509_NAME_entry_count(name) - 1; i >= 0 && !t.cut; i--) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		if (set != -1)
			put(&t, set == X509_NAME_ENTRY_set(e) ? "+" : ",", 1);
		set = X509_NAME_ENTRY_set(e);
		put_type(&t, X509_NAME_ENTRY_get_object(e));
		put_value(&t, X509_NAME_ENTRY_get_data(e));
	}
}

// The octets of the DER, so with the 00 that keeps a number positive, as other tools for EVE write it.
void cert_text_serial(char *out, size_t size, const ASN1_INTEGER *serial)
{
	struct text t = text_of(out, size);
	unsigned char *der = NULL;
	int n = i2d_ASN1_INTEGER(serial, &der), at = 2;
	char hex[4];

	*out = '\0';
	if (n >= 2 && der[1] & 0x80)
		at += der[1] & 0x7f;
	for (; at < n && !t.cut; at++) {
		snprintf(hex, sizeof(hex), ":%02X", der[at]);
		put(&t, t.at == out ? hex + 1 : hex, t.at == out ? 2 : 3);
	}
	OPENSSL_free(der);
}

static void put_address(struct text *t, const uint8_t *p, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (len == 4 || len == 16)
		put(t, text, strlen(inet_ntop(len == 4 ? AF_INET : AF_INET6, p, text, sizeof(text))));
	else
		put_hex(t, p, len);
}

// True: there is room for it among those kept, and it is there.
static bool keep_san(struct certificate *out, size_t *used, const GENERAL_NAME *g)
{
	char *start = out->san_text + *used;
	struct text t = text_of(start, PEER_SAN_TEXT - *used);
	const ASN1_STRING *s = g->type == GEN_DNS ? g->d.dNSName : g->d.iPAddress;
	const uint8_t *p = ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);

	if (g->type == GEN_IPADD)
		put_address(&t, p, len);
	for (size_t i = 0; g->type == GEN_DNS && i < len && !t.cut; i++)
		put_octet(&t, p[i], false);
	if (t.cut) {
		memset(start, 0, PEER_SAN_TEXT - *used);
		return false;
	}
	out->san_off[out->n_sans_kept] = (uint16_t)*used;
	out->san_len[out->n_sans_kept++] = (uint16_t)(t.at - start);
	*used += (size_t)(t.at - start);
	return true;
}

void cert_text_sans(struct certificate *out, const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	size_t used = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		if (g->type != GEN_DNS && g->type != GEN_IPADD)
			continue;
		if (out->n_sans < UINT16_MAX)
			out->n_sans++;
		if (out->n_sans_kept < PEER_SANS_MAX && used < PEER_SAN_TEXT)
			(void)keep_san(out, &used, g);
	}
	GENERAL_NAMES_free(names);
}
