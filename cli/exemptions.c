// What exemptions did to a run, and which of them are over.
#include "cli/exemptions.h"

#include "cli/stdout.h"
#include "configs/net.h"

#include <string.h>

// Ended before the last packet: whether or not anything would have been covered since.
static bool ended(const struct summary *s, size_t i)
{
	const struct inventory_exemption *e = &s->inventory->exempt.exempt[i];
	return s->judge->last_ns > 0 && e->until_day < inventory_day((int64_t)(s->judge->last_ns / 1000000000));
}

static void name_of(const struct summary *s, size_t i, char out[256])
{
	const struct inventory_exemptions *c = &s->inventory->exempt;
	char net[NET_TEXT_LEN];
	net_print(&c->exempt[i].net, net);
	snprintf(out, 256, "%s", c->exempt[i].is_net ? net : inventory_text(&c->text, c->exempt[i].domain));
}

void exemptions_print(FILE *out, const struct summary *s)
{
	const struct inventory_exemptions *c = &s->inventory->exempt;
	char name[256], day[INVENTORY_DAY_LEN];
	if (s->judge->exempted > 0)
		fprintf(out, "\n%10llu  session%s without an alert for what inventory.exempt accepts\n",
			(unsigned long long)s->judge->exempted, s->judge->exempted == 1 ? "" : "s");
	for (size_t i = 0; i < c->n; i++) {
		if (!ended(s, i))
			continue;
		const char *owner = inventory_text(&c->text, c->exempt[i].owner);
		name_of(s, i, name);
		inventory_day_print(day, c->exempt[i].until_day);
		fprintf(out, "\n  The exemption of %s (", name);
		stdout_escaped(out, owner, strlen(owner));
		fprintf(out, ") ended on %s; %llu session%s since would have been covered\n", day,
			(unsigned long long)s->judge->exemption_ended[i], s->judge->exemption_ended[i] == 1 ? "" : "s");
	}
}

void exemptions_put(struct json *j, const struct summary *s)
{
	const struct inventory_exemptions *c = &s->inventory->exempt;
	char name[256], day[INVENTORY_DAY_LEN];
	json_key(j, "exemptions");
	json_open_object(j);
	json_field(j, "sessions", u64, s->judge->exempted);
	json_key(j, "ended");
	json_open_array(j);
	for (size_t i = 0; i < c->n; i++) {
		if (!ended(s, i))
			continue;
		name_of(s, i, name);
		inventory_day_print(day, c->exempt[i].until_day);
		json_open_object(j);
		json_field(j, "of", cstr, name);
		json_field(j, "owner", cstr, inventory_text(&c->text, c->exempt[i].owner));
		json_field(j, "until", cstr, day);
		json_field(j, "sessions_since", u64, s->judge->exemption_ended[i]);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}
