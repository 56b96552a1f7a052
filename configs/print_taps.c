// Taps and pairs back to YAML and JSON.
#include "configs/schema.h"

#include "alerts/json.h"
#include "configs/print.h"

void print_taps(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_taps *taps = field;
	for (size_t i = 0; i < taps->n; i++) {
		const struct config_tap *t = &taps->tap[i];
		fputs(i ? ", {name: " : "[{name: ", out);
		print_name(out, k, t->name);
		if (t->side != TAP_MID)
			fprintf(out, ", side: %s", k->words[t->side]);
		for (size_t p = 0; p < t->n_ports; p++) {
			fputs(p ? ", " : ", ports: [", out);
			print_path(out, k, t->port[p]);
		}
		if (t->n_ports > 0)
			fputc(']', out);
		if (t->bpf[0] != '\0') {
			fputs(", bpf: ", out);
			print_path(out, k, t->bpf);
		}
		fputc('}', out);
	}
	fputc(']', out);
}

void print_pairs(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_pairs *pairs = field;
	fputc('[', out);
	for (size_t i = 0; i < pairs->n; i++) {
		fputs(i ? ", {name: " : "{name: ", out);
		print_name(out, k, pairs->pair[i].name);
		fputs(", outside: ", out);
		print_name(out, k, pairs->pair[i].outside);
		fputs(", inside: ", out);
		print_name(out, k, pairs->pair[i].inside);
		fputc('}', out);
	}
	fputc(']', out);
}

void put_taps(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_taps *taps = field;
	json_open_array(j);
	for (size_t i = 0; i < taps->n; i++) {
		const struct config_tap *t = &taps->tap[i];
		json_open_object(j);
		json_field(j, "name", cstr, t->name);
		json_field(j, "side", cstr, k->words[t->side]);
		json_key(j, "ports");
		json_open_array(j);
		for (size_t p = 0; p < t->n_ports; p++)
			json_put_cstr(j, t->port[p]);
		json_close_array(j);
		json_field(j, "bpf", cstr, t->bpf);
		json_close_object(j);
	}
	json_close_array(j);
}

void put_pairs(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_pairs *pairs = field;
	json_open_array(j);
	for (size_t i = 0; i < pairs->n; i++) {
		json_open_object(j);
		json_field(j, "name", cstr, pairs->pair[i].name);
		json_field(j, "outside", cstr, pairs->pair[i].outside);
		json_field(j, "inside", cstr, pairs->pair[i].inside);
		json_close_object(j);
	}
	json_close_array(j);
}
