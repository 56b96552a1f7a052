// `postwacht doctor`: the table of checks, and what they said.
#include "cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/json.h"
#include "cli/run.h"
#include "cli/settings.h"
#include "cli/stdout.h"

static const char standard[] = "/etc/postwacht/postwacht.yaml";

const struct doctor_check doctor_checks[] = {
	{"configuration", false, doctor_configuration},
	{"user", true, doctor_user_check},
	{"state directory", true, doctor_state_dir},
	{"outputs", true, doctor_outputs},
	{"outbox", true, doctor_outbox},
	{"metrics", true, doctor_metrics},
	{"control socket", true, doctor_control},
	{"rights", true, doctor_rights},
	{"cores", true, doctor_cores},
	{"memory", true, doctor_memory},
	{"limits", true, doctor_limits},
	{"huge pages", true, doctor_hugepages},
	{"iommu", true, doctor_iommu},
	{"cards", true, doctor_cards},
	{"interfaces", true, doctor_interfaces},
	{"silence", true, doctor_silence},
	{"offloads", true, doctor_offloads},
	{"open ports", true, doctor_open},
	{"clock", false, doctor_clock},
	{"dnssec", true, doctor_dnssec},
	{"landlock", false, doctor_landlock},
	{"seccomp", false, doctor_seccomp},
	{"unit", false, doctor_unit},
};

const size_t doctor_checks_n = sizeof doctor_checks / sizeof doctor_checks[0];

void doctor_examine(struct doctor *d)
{
	for (size_t i = 0; i < doctor_checks_n; i++) {
		if (doctor_checks[i].needs_config && d->errors->n > 0)
			continue;
		d->check = doctor_checks[i].name;
		doctor_checks[i].run(d);
	}
}

// ---- told --------------------------------------------------------------------------------------------------------

static const char *const verdict_names[DOCTOR_VERDICTS] = {"pass", "warn", "fail", "skip"};

static void count(const struct doctor *d, unsigned n[static DOCTOR_VERDICTS])
{
	for (size_t i = 0; i < d->n_results; i++)
		n[d->result[i].verdict]++;
}

static void print_result(const struct doctor_result *r, const char *before, bool colour)
{
	static const enum style styles[DOCTOR_VERDICTS] = {STYLE_GREEN, STYLE_YELLOW, STYLE_RED, STYLE_DIM};
	stdout_styled(stdout, colour, styles[r->verdict], verdict_names[r->verdict]);
	printf("  %-16s ", strcmp(before, r->check) == 0 ? "" : r->check);
	stdout_escaped(stdout, r->what, strlen(r->what));
	putchar('\n');
	if (r->repair[0] == '\0')
		return;
	printf("%25s", "-> ");
	stdout_escaped(stdout, r->repair, strlen(r->repair));
	putchar('\n');
}

static void print_results(const struct doctor *d)
{
	bool colour = stdout_colour(stdout);
	unsigned n[DOCTOR_VERDICTS] = {0};
	for (size_t i = 0; i < d->n_results; i++)
		print_result(&d->result[i], i > 0 ? d->result[i - 1].check : "", colour);
	count(d, n);
	printf("%u passed, %u warnings, %u failed, %u skipped\n", n[DOCTOR_PASS], n[DOCTOR_WARN], n[DOCTOR_FAIL], n[DOCTOR_SKIP]);
}

static void build(struct json *j, const void *ctx)
{
	const struct doctor *d = ctx;
	unsigned n[DOCTOR_VERDICTS] = {0};
	count(d, n);
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "passed", u64, n[DOCTOR_PASS]);
	json_field(j, "warnings", u64, n[DOCTOR_WARN]);
	json_field(j, "failed", u64, n[DOCTOR_FAIL]);
	json_field(j, "skipped", u64, n[DOCTOR_SKIP]);
	json_key(j, "results");
	json_open_array(j);
	for (size_t i = 0; i < d->n_results; i++) {
		const struct doctor_result *r = &d->result[i];
		json_open_object(j);
		json_field(j, "check", cstr, r->check);
		json_field(j, "verdict", word, verdict_names[r->verdict]);
		json_field(j, "what", cstr, r->what);
		json_key(j, "repair");
		if (r->repair[0] != '\0')
			json_put_cstr(j, r->repair);
		else
			json_put_null(j);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

int doctor_run(const struct options *o)
{
	static struct config config;
	static struct config_errors errors;
	static struct doctor d;
	const char *fallback = access(standard, R_OK) == 0 ? standard : NULL;
	d = (struct doctor){.root = "", .options = o, .config = &config, .errors = &errors};
	d.config_file = o->config != NULL ? o->config : fallback;
	int rc = settings_read(&config, o, fallback, &errors);
	if (rc == EXIT_TROUBLE || (rc != 0 && errors.n == 0))
		return rc; // told: the file cannot be read
	if (rc == 0)
		rc = run_override(&config, o);
	if (rc == EXIT_USAGE)
		return rc;
	doctor_find_user(&d);
	doctor_examine(&d);
	unsigned n[DOCTOR_VERDICTS] = {0};
	count(&d, n);
	if (!o->json)
		print_results(&d);
	else if (!stdout_json(stdout, build, &d))
		return EXIT_TROUBLE;
	return n[DOCTOR_FAIL] > 0 ? EXIT_TROUBLE : EXIT_FINE;
}
