// `postwacht read`: capture files to records and a summary.
#include <errno.h>
#include <string.h>

#include "cli/blind.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/pipeline.h"
#include "cli/promises.h"
#include "cli/settings.h"
#include "cli/summary.h"
#include "cli/words.h"
#include "cli/writer.h"
#include "hw/log.h"

static int write_record(void *ctx, const char *line, size_t len)
{
	struct writer *const *w = ctx;
	return writer_put(*w, line, len);
}

static uint16_t workers(const struct options *o, const struct config *c)
{
	uint16_t n = (uint16_t)(o->workers > 0 ? o->workers : c->workers);
	if (n > 1 && !inputs_all_repeatable(o, 0)) {
		log_warn("read", "standard input and pipes are read by one worker, not %u; save the capture to use more", n);
		return 1;
	}
	return n;
}

// Damage and errors in words. What stopped the records is told by whoever closes the writer.
static void tell_trouble(const struct source *source, int error)
{
	struct source_damage d;
	for (size_t i = 0; source_damage(source, i, &d) == 0; i++)
		log_error("read", "%s is damaged at octet %llu (%s); %s",
			words_input(source_file_name(source, d.file)), (unsigned long long)d.offset, d.reason, words_salvaged(d.offset));
	if (source_n_files(source) == 0)
		log_warn("read", "there is no file in what was given; nothing was read");
	if (interrupt_seen())
		log_warn("read", "interrupted; what was found until then is told");
	if (error < 0)
		log_error("read", "stopped early: %s; what was found until then is told", strerror(-error));
}

// Alerts, because disabled findings and exempt peers must not fail anybody. What is only information never becomes an
// alert, so there any finding counts.
static bool above(const struct judge_summary *s, long severity)
{
	bool info = false;
	for (size_t i = 0; severity == SEVERITY_INFO && i < catalogue_n; i++)
		info |= s->finding[i].n > 0;
	return severity >= 0 && (info || s->worst_alert_severity >= severity);
}

static int exit_code(const struct options *o, const struct summary *s)
{
	struct source_damage d;
	if (s->early || s->judge->history.error)
		return EXIT_TROUBLE;
	if (above(s->judge, o->fail_on))
		return EXIT_FINDINGS;
	if (source_damage(s->source, 0, &d) == 0 || blind_ours(s->judge))
		return EXIT_INCOMPLETE;
	return EXIT_FINE;
}

// Runs, closes the records, tells the summary.
static int run(const struct options *o, const struct inventory_config *inventory, struct pipeline *p, struct writer **w)
{
	int error = pipeline_run(p), lost = writer_close(w);
	struct summary s = {
		.judge = pipeline_summary(p),
		.source = pipeline_source(p),
		.inventory = inventory,
		.options = o,
		.early = error < 0 || lost < 0 || interrupt_seen(),
	};
	if (lost < 0)
		log_error("read", "cannot write to %s: %s; records are missing", o->out, strerror(-lost));
	tell_trouble(s.source, lost < 0 ? 0 : error);
	FILE *out = o->out != NULL && strcmp(o->out, "-") == 0 ? stderr : stdout;
	if (!o->json)
		summary_print(out, &s);
	else if (!summary_print_json(out, &s))
		return EXIT_TROUBLE;
	return exit_code(o, &s);
}

int read_run(const struct options *o)
{
	struct config config;
	struct writer *writer = NULL;
	struct pipeline *p = NULL;
	struct promises *promises = NULL;
	const char *bad;
	int code = inputs_check("read", o, 0);
	if (code == 0)
		code = settings_load(&config, o, NULL);
	if (code == 0)
		code = promises_open(&promises, o, &config);
	if (code != 0)
		return code;
	struct pipeline_config pipeline = {
		.config = &config,
		.workers = workers(o, &config),
		.paths = (const char *const *)o->operands,
		.n_paths = o->n_operands,
		.outside = o->outside,
		.inside = o->inside,
		.keylog = o->keylog,
		.state = o->state,
		.progress = true,
		.write = o->out != NULL ? write_record : NULL,
		.ctx = &writer,
	};
	promises_join(promises, &pipeline);
	interrupt_watch();
	int rc = pipeline_open(&p, &pipeline, &bad);
	if (rc < 0) {
		pipeline_tell(&pipeline, "read", bad, rc);
		promises_close(&promises);
		return EXIT_TROUBLE;
	}
	rc = o->out != NULL ? writer_open(&writer, o->out, pipeline_source(p)) : 0;
	if (rc == -EEXIST)
		log_error("read", "%s is one of the inputs; give --out another path", o->out);
	else if (rc < 0)
		log_error("read", "cannot write to %s: %s; check --out", o->out, strerror(-rc));
	code = rc == 0 ? run(o, &config.inventory, p, &writer) : EXIT_TROUBLE;
	if (rc == 0)
		pipeline_tell_keylog(p, &pipeline);
	pipeline_close(&p);
	promises_close(&promises);
	return code;
}
