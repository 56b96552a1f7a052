// What stands before a message of syslog: RFC 5424, or what syslog(3) writes to /dev/log. Private to alerts/sink/.
#pragma once

#include "alerts/sink/sink.h"

enum { SYSLOG_HEAD_MAX = 1024, SYSLOG_HOST = 255, SYSLOG_MSGID = 32 };

struct syslog_form {
	int facility;
	bool cookie, structured, local;
	char host[SYSLOG_HOST + 1]; // PRINTUSASCII, or "-"
	int pid;
};

void syslog_form_init(struct syslog_form *f, const struct sink_config *c, const char *host);
// Writes the head of `m` to `out` (SYSLOG_HEAD_MAX octets): up to where the octets of the message follow. Its length.
size_t syslog_head(char *out, const struct syslog_form *f, const struct sink_message *m);
// RFC 5424 6.2.1, table 2.
int syslog_severity(const struct outbox_about *about);
