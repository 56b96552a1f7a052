// A certificate_list taken apart: 24 bits of length and as many octets, again and again.
#include "alerts/cert/private.h"

#include "dissect/bytes.h"

X509 *cert_chain_parse(const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509 *x = d2i_X509(NULL, &at, (long)len);

	if (x && at != der + len) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static void open_link(struct cert_chain *c, struct bytes der)
{
	struct cert_link *l = &c->link[c->n++];

	*l = (struct cert_link){.der = der.at, .len = bytes_left(&der)};
	l->large = l->len > CERT_DER_MAX;
	if (l->large)
		c->left_out = true;
	else
		l->x509 = cert_chain_parse(l->der, l->len);
}

void cert_chain_open(struct cert_chain *c, const uint8_t *list, size_t len, unsigned max)
{
	struct bytes in = bytes_of(list, len);

	*c = (struct cert_chain){0};
	while (bytes_left(&in)) {
		struct bytes der = bytes_sub(&in, bytes_be24(&in));
		if (!bytes_ok(&in))
			break;
		c->n_sent++;
		if (c->n < max)
			open_link(c, der);
		else
			c->left_out = true;
	}
}

void cert_chain_close(struct cert_chain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		X509_free(c->link[i].x509);
	c->n = 0;
}
