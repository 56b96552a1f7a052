// Lists of texts that are more than texts: name servers, domains.
#include "configs/reader.h"

#include <string.h>

#include "alerts/expect/name.h"
#include "alerts/expect/resolver.h"

void value_forwarders(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct config_forwarders *f = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	f->n = 0;
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *entry = reader_node(r, node->data.sequence.items.start[i]);
		const char *text = reader_scalar(r, entry, k->name);
		if (text == NULL)
			continue;
		if (strlen(text) < sizeof f->text[0] && resolver_address_ok(text))
			memcpy(f->text[f->n++], text, strlen(text) + 1);
		else
			reader_error(r, &entry->start_mark, "%s: \"%.60s\" is no name server; write 192.0.2.53, 2001:db8::53 or 192.0.2.53@5353",
				k->name, text);
	}
}

void value_domains(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct config_domains *d = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	d->n = 0;
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *entry = reader_node(r, node->data.sequence.items.start[i]);
		const char *text = reader_scalar(r, entry, k->name);
		if (text == NULL)
			continue;
		if (name_from_wire(d->name[d->n], (const uint8_t *)text, strlen(text)))
			d->n++;
		else
			reader_error(r, &entry->start_mark, "%s: \"%.60s\" is no domain name", k->name, text);
	}
}
