// The list of what may change. Everything else was opened, sized or divided at the start.
#include "cli/reload.h"

#include <stdio.h>
#include <string.h>

#include "configs/schema.h"

void reload_merge(struct config *out, const struct config *start, const struct config *fresh)
{
	*out = *start;
	memcpy(out->sensor_name, fresh->sensor_name, sizeof out->sensor_name);
	out->heartbeat_s = fresh->heartbeat_s;
	out->quiet_after_s = fresh->quiet_after_s;
	out->ports_tcp = fresh->ports_tcp;
	out->checksums = fresh->checksums;
	out->trust_store_age_days = fresh->trust_store_age_days;
	out->inventory = fresh->inventory;
	out->envelope = fresh->envelope;
	out->disable = fresh->disable;
	memcpy(out->severity, fresh->severity, sizeof out->severity);
	out->tls_records = fresh->tls_records;
	out->outputs = fresh->outputs;
}

size_t reload_differences(const struct config *a, const struct config *b, char *out, size_t len)
{
	size_t n = 0, used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < config_schema_n; i++) {
		if (!config_key_differs(&config_schema[i], a, b))
			continue;
		if (used < len)
			used += (size_t)snprintf(out + used, len - used, "%s%s", n > 0 ? ", " : "", config_schema[i].name);
		n++;
	}
	return n;
}
