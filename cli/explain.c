// `postwacht explain ID FILE...`: reads twice. First to find the session the id names; then again for everything the
// judge concluded of it, with an ear on its dialogue, which nobody keeps the first time.
#include "cli/explain.h"

#include <string.h>

#include "cli/command.h"
#include "cli/findings.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/pipeline.h"
#include "cli/promises.h"
#include "cli/settings.h"
#include "hw/log.h"

// One pass over the input with one worker. `*p` is left open for its names.
static int pass(struct pipeline **p, const struct options *o, const struct config *config, struct promises *promises,
	struct wanted *w, const struct dialogue *dialogue)
{
	const char *bad;
	struct pipeline_config pipeline = {
		.config = config,
		.workers = 1,
		.paths = (const char *const *)o->operands + 1,
		.n_paths = o->n_operands - 1,
		.outside = o->outside,
		.inside = o->inside,
		.keylog = o->keylog,
		.progress = true,
		.dialogue = dialogue,
		.observe = wanted_observe,
		.ctx = w,
	};
	promises_join(promises, &pipeline);
	int rc = pipeline_open(p, &pipeline, &bad);
	if (rc < 0) {
		pipeline_tell(&pipeline, "explain", bad, rc);
		return EXIT_TROUBLE;
	}
	rc = pipeline_run(*p);
	if (rc < 0)
		log_error("explain", "stopped early: %s", strerror(-rc));
	else if (interrupt_seen())
		log_error("explain", "interrupted");
	else if (dialogue == NULL) // once, not for both readings
		pipeline_tell_keylog(*p, &pipeline);
	return rc < 0 || interrupt_seen() ? EXIT_TROUBLE : 0;
}

static int check_found(const struct wanted *w)
{
	if (!w->found)
		log_error("explain", "no alert and no session \"%s\" in this input; give the same files, --config, --set and --keylog "
			"as to read", w->id);
	else if (w->ambiguous)
		log_error("explain", "\"%s\" fits session %s and %s; give more of the id", w->id, w->session.id, w->other);
	else
		return 0;
	return EXIT_TROUBLE;
}

// A session may have many, of which each is worth naming.
static int check_finding(const struct wanted *w)
{
	char list[SESSION_FINDINGS_MAX * 40];
	size_t used = 0;
	if (w->asked == NULL || wanted_finding(w) != NULL)
		return 0;
	list[0] = '\0';
	for (size_t i = 0; i < w->session.n_findings && used < sizeof list; i++)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", w->session.findings[i].row->id);
	log_error("explain", "session %s has no %s; it has %s", w->session.id, w->asked->id, used > 0 ? list : "no finding at all");
	return EXIT_TROUBLE;
}

static int check_usage(const struct options *o)
{
	size_t len = strlen(o->operands[0]);
	int code = inputs_check("explain", o, 1);
	if (code != 0)
		return code;
	if (len < WANTED_PREFIX_MIN || len > RECORD_ID_LEN) {
		log_error("usage", "an id has %d characters, of which at least %d must be given, not \"%s\"", RECORD_ID_LEN,
			WANTED_PREFIX_MIN, o->operands[0]);
		return EXIT_USAGE;
	}
	if (!inputs_all_repeatable(o, 1)) {
		log_error("usage", "explain reads its input twice, which standard input and pipes do not allow; give a file");
		return EXIT_USAGE;
	}
	return 0;
}

static int tell(const struct options *o, const struct wanted *w, const struct transcript *t, const char *file)
{
	struct confirm confirm;
	const struct finding *f = wanted_finding(w);
	confirm_build(&confirm, &(struct confirm_about){.session = &w->session, .finding = f, .file = file, .keylog = o->keylog});
	if (f != NULL)
		confirm_earlier(&confirm, f->detail, file);
	struct explanation e = {.wanted = w, .transcript = t, .confirm = &confirm, .file = file};
	if (o->json)
		return explain_print_json(stdout, &e) ? EXIT_FINE : EXIT_TROUBLE;
	explain_print(stdout, &e);
	return EXIT_FINE;
}

static int hear(const struct options *o, const struct config *config, struct promises *promises, struct wanted *w)
{
	struct pipeline *p = NULL;
	struct transcript *t = transcript_open(w->facts.birth);
	if (t == NULL) {
		log_error("explain", "no memory for the dialogue");
		return EXIT_TROUBLE;
	}
	wanted_again(w);
	int code = pass(&p, o, config, promises, w, transcript_dialogue(t));
	if (code == 0)
		code = check_finding(w);
	if (code == 0)
		code = tell(o, w, t, source_file_name(pipeline_source(p), w->facts.conn.file));
	pipeline_close(&p);
	transcript_close(&t);
	return code;
}

int explain_run(const struct options *o)
{
	static struct wanted wanted; // too large for a stack
	struct config config;
	struct pipeline *p = NULL;
	struct promises *promises = NULL;
	const struct catalogue_row *asked = o->finding != NULL ? findings_find(o->finding) : NULL;
	int code = o->finding != NULL && asked == NULL ? EXIT_USAGE : check_usage(o);
	if (code == 0)
		code = settings_load(&config, o, NULL);
	if (code == 0)
		code = promises_open(&promises, o, &config);
	if (code != 0)
		return code;
	interrupt_watch();
	wanted_init(&wanted, o->operands[0], asked);
	code = pass(&p, o, &config, promises, &wanted, NULL);
	pipeline_close(&p);
	if (code == 0)
		code = check_found(&wanted);
	if (code == 0)
		code = hear(o, &config, promises, &wanted);
	promises_close(&promises);
	return code;
}
