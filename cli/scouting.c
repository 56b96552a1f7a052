// The child that asks DNS and policy hosts. It alone has sockets to the outside, and it sees no packet.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "alerts/expect/scout.h"
#include "cli/run.h"
#include "cli/wire.h"
#include "hw/log.h"
#include "hw/rights.h"

int scouting_run(struct run *r)
{
	static struct wire_scout wire;
	static char dir[CONFIG_PATH_MAX + 8];
	struct rights_config rights = {.profile = RIGHTS_SCOUT, .user = r->user};
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	wire_scout(&wire, &r->start, r->options);
	wire.config.state_dir = NULL;
	if (strcmp(r->start.state_dir, "none") != 0) {
		snprintf(dir, sizeof dir, "%s/scout", r->start.state_dir);
		if (mkdir(dir, 0750) < 0 && errno != EEXIST)
			log_warn("scout", "cannot make %s: %s; what it learns is not kept", dir, strerror(errno));
		else
			wire.config.state_dir = dir;
	}
	scout_rights(&rights, &wire.config);
	if (rights_drop(&rights, words, why) < 0) {
		log_error("scout", "cannot give up rights: %s", why);
		return RUN_CANNOT;
	}
	run_tell_rights(r, CHILD_SCOUT, words);
	return scout_serve(r->scout_serve, &wire.config) == 0 ? RUN_ENDED : RUN_TROUBLE;
}
