// The table of commands: what there is, with its options, in the order of the help.
#include "cli/command.h"

#include "cli/options.h"

#define AT(field) offsetof(struct options, field)
#define ROWS(table) table, sizeof table / sizeof table[0]

#define OPTION_CONFIG_ROWS \
	{"config", OPTION_TEXT, AT(config), "FILE", "read settings from this file"}, \
	{"set", OPTION_SET, AT(set), "KEY=VALUE", "change one setting; may be repeated, wins over the file"}
#define OPTION_KEYLOG_ROW \
	{"keylog", OPTION_TEXT, AT(keylog), "PATH", "TLS secrets of your own servers (SSLKEYLOGFILE format): a file, or a directory"}
#define OPTION_POLICY_ROW \
	{"policy", OPTION_TEXT, AT(policy), "FILE", "what DNS and MTA-STS promised: a policy snapshot"}
#define OPTION_RESOLVER_ROWS \
	{"resolver", OPTION_TEXT, AT(resolver), "ADDR[@PORT]", "ask this resolver, which need not be trusted (policy.forward_to)"}, \
	{"trust-anchor", OPTION_TEXT, AT(trust_anchor), "FILE", "DNSSEC keys of the root (policy.trust_anchor)"}
#define OPTION_RESOLVE_ROWS \
	{"resolve", OPTION_FLAG, AT(resolve), NULL, "ask DNS, and validate, what was promised (a network is needed)"}, \
	OPTION_RESOLVER_ROWS
#define OPTION_TAPS_ROWS \
	{"outside", OPTION_TEXT, AT(outside), "FILE", "capture of the outer of two taps; with --inside, in place of operands"}, \
	{"inside", OPTION_TEXT, AT(inside), "FILE", "capture of the inner one: sessions seen at both are compared"}
#define OPTION_JSON_ROW {"json", OPTION_FLAG, AT(json), NULL, "write JSON"}

static const struct option read_options[] = {
	{"out", OPTION_TEXT, AT(out), "PATH", "write the records there as JSON lines; - is standard output"},
	{"json", OPTION_FLAG, AT(json), NULL, "write the summary as JSON"},
	OPTION_CONFIG_ROWS,
	OPTION_KEYLOG_ROW,
	OPTION_POLICY_ROW,
	OPTION_RESOLVE_ROWS,
	OPTION_TAPS_ROWS,
	{"state", OPTION_TEXT, AT(state), "DIR", "remember there what servers and clients show, and judge by what is remembered"},
	{"fail-on", OPTION_WORD, AT(fail_on), "SEVERITY", "exit with 4 when a finding is at or above this severity",
		.words = options_severities},
	{"workers", OPTION_NUMBER, AT(workers), "N", "threads that dissect (capture.workers)", 1, 16},
};

static const struct option run_options[] = {
	{"out", OPTION_TEXT, AT(out), "PATH", "write the records there, and nowhere else; - is standard output"},
	OPTION_CONFIG_ROWS,
	OPTION_KEYLOG_ROW,
	OPTION_POLICY_ROW,
	{"workers", OPTION_NUMBER, AT(workers), "N", "threads that dissect (capture.workers)", 1, 16},
};
static const struct option explain_options[] = {
	OPTION_JSON_ROW,
	OPTION_CONFIG_ROWS,
	OPTION_KEYLOG_ROW,
	OPTION_POLICY_ROW,
	OPTION_RESOLVE_ROWS,
	OPTION_TAPS_ROWS,
	{"finding", OPTION_TEXT, AT(finding), "FINDING", "explain this finding of the session, not the one of the alert or the worst"},
};
static const struct option pcap_options[] = {
	{"out", OPTION_TEXT, AT(out), "FILE", "write them there (also -o); - is standard output; without it: where they are"},
	{"state", OPTION_TEXT, AT(state), "DIR", "the sensor's state directory (sensor.state_dir)"},
	OPTION_CONFIG_ROWS,
};
#define OPTION_SOCKET_ROW {"socket", OPTION_TEXT, AT(socket), "PATH", "ask there, not at sensor.control of the configuration"}
static const struct option ask_options[] = {OPTION_JSON_ROW, OPTION_CONFIG_ROWS, OPTION_SOCKET_ROW};
static const struct option top_options[] = {
	{"once", OPTION_FLAG, AT(once), NULL, "show one second and end"},
	{"json", OPTION_FLAG, AT(json), NULL, "the same as JSON; implies --once"},
	OPTION_CONFIG_ROWS,
	OPTION_SOCKET_ROW,
};
static const struct option doctor_options[] = {
	OPTION_JSON_ROW,
	OPTION_CONFIG_ROWS,
	{"open", OPTION_FLAG, AT(open), NULL, "open the ports for a moment: what their drivers say; not while the sensor runs"},
};
static const struct option check_options[] = {OPTION_JSON_ROW, OPTION_CONFIG_ROWS};
static const struct option show_options[] = {
	OPTION_JSON_ROW,
	OPTION_CONFIG_ROWS,
	{"defaults", OPTION_FLAG, AT(defaults), NULL, "every key at its default, with its sentence"},
	{"changed", OPTION_FLAG, AT(changed), NULL, "only what differs from the defaults"},
	{"schema", OPTION_FLAG, AT(schema), NULL, "what each key means and may be"},
};
static const struct option findings_options[] = {OPTION_JSON_ROW};
#define OPTION_STATE_ROW {"state", OPTION_TEXT, AT(state), "DIR", "directory that keeps the policy cache"}
static const struct option lookup_options[] = {
	OPTION_JSON_ROW,
	OPTION_CONFIG_ROWS,
	OPTION_RESOLVER_ROWS,
	OPTION_STATE_ROW,
};
static const struct option policy_list_options[] = {OPTION_STATE_ROW, OPTION_JSON_ROW};
static const struct option policy_export_options[] = {
	OPTION_STATE_ROW,
	{"out", OPTION_TEXT, AT(out), "PATH", "write the snapshot there; - is standard output"},
};
static const struct option policy_options[] = {OPTION_STATE_ROW};
static const struct option probe_options[] = {
	OPTION_JSON_ROW,
	OPTION_CONFIG_ROWS,
	{"state", OPTION_TEXT, AT(state), "DIR", "directory of the policy cache, and of when whom was asked (sensor.state_dir)"},
	{"seconds", OPTION_NUMBER, AT(seconds), "N", "give up after so many seconds in all", 1, 30},
};
static const struct option verify_options[] = {
	OPTION_JSON_ROW,
	{"state", OPTION_TEXT, AT(state), "DIR", "compare with how far the sensor says it has come (its state directory)"},
	{"output", OPTION_TEXT, AT(output), "NAME", "the output that the files are of; with --state"},
	{"whole", OPTION_FLAG, AT(whole), NULL, "the files have to begin at the very first record"},
	{"others", OPTION_FLAG, AT(others), NULL, "other programs write there, too: a receiver's file"},
};
static const struct option version_options[] = {OPTION_JSON_ROW};

static const char *const shells[] = {"bash", "zsh", NULL};
static const char *const no_words[] = {NULL};

static int help_run(const struct options *o);

enum { ANY = 65535 };

const struct command commands[] = {
	{"read", "FILE|DIR|-...", "read capture files, judge every mail session in them",
		"Reads pcap and pcapng files (also gzip), directories of them, or standard input. Needs no rights\n"
		"and no network. Prints a summary; --out writes the records. With --outside and --inside it reads\n"
		"two taps on both sides of a device together, and compares what they saw of each session.",
		ROWS(read_options), 0, ANY, read_run, NULL},
	{"run", "[PORT [PORT]]", "watch taps: the sensor, in the foreground",
		"PORT replaces the ports of the first tap: pcap:eth1 (libpcap), 0000:81:00.0 (a card bound to DPDK),\n"
		"vdev:net_pcap0,rx_iface=eth1 (a virtual device of DPDK); two are the two directions of one link.\n"
		"Without --config it uses /etc/postwacht/postwacht.yaml where that exists. SIGHUP loads the\n"
		"configuration and opens the outputs again, SIGTERM ends it within five seconds.",
		ROWS(run_options), 0, 2, run_run, no_words},
	{"explain", "ID FILE|DIR...", "show why an alert or a session was judged as it was",
		"ID is an alert's or a session's id from a record or the summary, or at least its first 8 characters.\n"
		"Give the same files, --config, --set, --keylog and --policy as to `read`. An info finding has no alert:\n"
		"name its session and --finding. Credentials and content are never shown.",
		ROWS(explain_options), 1, ANY, explain_run, NULL},
	{"pcap", "ID", "write the packets that a live sensor kept for an alert",
		"ID is an alert's id from a record, or at least its first 8 characters. The pcapng has the session's packets up\n"
		"to the alert, comments that say what they show, and no content and no credentials.",
		ROWS(pcap_options), 1, 1, packets_run, no_words},
	{"check", "", "test a configuration: errors with file, line and column",
		"Without --config it tests /etc/postwacht/postwacht.yaml.", ROWS(check_options), 0, 0, check_run, no_words},
	{"doctor", "[PORT [PORT]]", "examine this machine as a sensor: pass, warn or fail, and the repair",
		"Huge pages, IOMMU, drivers, links, offloads, clock, disk, rights, DNSSEC, receivers. Changes nothing. PORT as\n"
		"for `run`. Without --config it uses /etc/postwacht/postwacht.yaml where that exists. With policy.resolve it\n"
		"asks for the root's DNS keys; it connects to the receivers of outputs, and sends them no record. Run it as\n"
		"root, as `run` is, to see everything.",
		ROWS(doctor_options), 0, 2, doctor_run, no_words},
	{"status", "", "show how the sensor goes: ports, workers, processes, losses, health",
		"Asks the sensor that runs on this machine, over its control socket (sensor.control).",
		ROWS(ask_options), 0, 0, status_run, no_words},
	{"stats", "", "show what the sensor has counted since its start, with what each counter means", "",
		ROWS(ask_options), 0, 0, stats_run, no_words},
	{"top", "", "show what the sensor does this second", "Ends with q. Where output is no terminal it shows one second.",
		ROWS(top_options), 0, 0, top_run, no_words},
	{"reload", "", "let the sensor read its configuration again",
		"Tells what changed, and what needs a new start. A configuration with errors changes nothing (exit code 3).",
		ROWS(ask_options), 0, 0, reload_command_run, no_words},
	{"config show", "", "print the configuration that would be used",
		"Without --config and --set these are the defaults.", ROWS(show_options), 0, 0, config_show_run, no_words},
	{"findings list", "", "list everything postwacht can find", "", ROWS(findings_options), 0, 0, findings_list_run,
		no_words},
	{"findings show", "ID", "explain one finding: meaning, evidence, traps, what to do",
		"ID is a finding (starttls.not-offered) or its signature number; the beginning of an id (tls) lists those\n"
		"that begin so.", ROWS(findings_options), 1, 1, findings_show_run,
		no_words},
	{"policy lookup", "DOMAIN", "ask what a mail domain promises now, and show what a sender must do",
		"Asks DNS with validation and, with policy.mta_sts on, fetches the MTA-STS policy. Shows each step with its\n"
		"DNSSEC state, which TLSA records count, the decision, and commands to confirm it by hand.",
		ROWS(lookup_options), 1, 1, policy_lookup_run, no_words},
	{"policy list", "", "list what domains promise, as the policy cache has it",
		"LEVEL is what a sender must keep (dane, sts, encrypt, may, none), TLSA how many of a domain's hosts have\n"
		"records that count.", ROWS(policy_list_options), 0, 0, policy_list_run, no_words},
	{"policy export", "", "write the policy cache as a snapshot, for read --policy", "", ROWS(policy_export_options), 0, 0,
		policy_export_run, no_words},
	{"policy import", "FILE|-", "merge a snapshot into the policy cache",
		"Of a domain or host that both have, the newer (as_of) is kept.", ROWS(policy_options), 1, 1, policy_import_run, NULL},
	{"policy flush", "[NAME]", "forget what a domain or a host promised, or everything", "", ROWS(policy_options), 0, 1,
		policy_flush_run, no_words},
	{"probe", "HOST[:PORT]", "ask a mail host what it offers and shows now (off by default)",
		"Connects from this machine: EHLO, STARTTLS, TLS, EHLO, QUIT, and never MAIL; at most 30 seconds, one host\n"
		"at a time, each at most every ten minutes. Needs policy.probe: on, and the host within policy.probe_scope.\n"
		"The result is about the host at that time, not about any session.",
		ROWS(probe_options), 1, 1, probe_command_run, no_words},
	{"verify", "PATH...", "prove that files of records, or an outbox, are as they were written",
		"PATH is a file of an output with format: eve (the rotated ones of a log in any order, also gzip; - is standard\n"
		"input), or a state directory, its outbox, or a part of it. Names the first record that was changed, removed,\n"
		"inserted or moved. Exit codes: 0 intact, 1 tampered or damaged, 5 not all of it could be looked at.",
		ROWS(verify_options), 1, ANY, verify_run, NULL},
	{"completion", "bash|zsh", "print a completion script for a shell",
		"For bash: source <(postwacht completion bash)", NULL, 0, 1, 1, completion_run, shells},
	{"version", "", "print the version", "", ROWS(version_options), 0, 0, version_run, no_words},
	{"help", "[COMMAND]", "print help", "", NULL, 0, 0, 2, help_run, no_words},
};

const size_t commands_n = sizeof commands / sizeof commands[0];

static int help_run(const struct options *o)
{
	if (o->n_operands == 0) {
		options_help(stdout);
		return EXIT_FINE;
	}
	char *words[3] = {"postwacht", o->operands[0], o->n_operands > 1 ? o->operands[1] : ""};
	int used;
	const struct command *c = options_command(3, words, &used);
	if (c == NULL && o->n_operands == 1 && options_help_half(stdout, o->operands[0]))
		return EXIT_FINE;
	if (c == NULL) {
		options_unknown_command(o->operands[0]);
		return EXIT_USAGE;
	}
	options_help_command(stdout, c);
	return EXIT_FINE;
}
