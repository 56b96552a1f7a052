// Findings: what is worth telling, and the catalogue that explains each of them.
//
// The catalogue is one table; `postwacht findings` prints it and docs/alerts.md is generated from it. Ids and
// signature numbers are frozen and never reused.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/facts.h"

enum confidence { CONFIDENCE_UNVERIFIABLE, CONFIDENCE_SUSPECT, CONFIDENCE_PROBABLE, CONFIDENCE_CERTAIN };
enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
enum subject { SUBJECT_SERVER, SUBJECT_CLIENT, SUBJECT_PATH, SUBJECT_DOMAIN, SUBJECT_SENSOR };
enum evidence {
	EVIDENCE_COMPLETE,
	EVIDENCE_GAP,
	EVIDENCE_ONE_DIRECTION,
	EVIDENCE_MIDSTREAM,
	EVIDENCE_TRUNCATED,
	EVIDENCE_AMBIGUOUS,
};

// Their names in records, and back (-1 when there is no such name).
const char *confidence_name(enum confidence c);
const char *severity_name(enum severity s);
const char *subject_name(enum subject s);
const char *evidence_name(enum evidence e);
int severity_parse(const char *name);

struct catalogue_row {
	const char *id;            // "starttls.not-offered"
	uint32_t signature_id;     // 3207001 ...
	enum severity severity;    // default
	enum subject subject;      // who has to act, by default
	const char *title;         // the alert's signature, below 80 octets
	const char *category;      // "SMTP TLS downgrade", ...
	const char *mitre;         // "T1557", several separated by a space, or "" (none)
	const char *rfc;           // "RFC 3207 4"
	const char *meaning;       // one or two sentences: what does it mean?
	const char *evidence;      // what is the evidence?
	const char *traps;         // what may fool it
	const char *todo;          // what do I do?
	const char *subsumed_by;   // ids, separated by a space: present in the same session, they tell it; "" none
};

extern const struct catalogue_row catalogue[];
extern const size_t catalogue_n;

// Row of a finding's id, or NULL.
const struct catalogue_row *catalogue_find(const char *id);

// How quality bits weigh on a claim: the evidence word, and the confidence left of `c` for a claim on an absence.
enum evidence evidence_of(uint8_t quality);
enum confidence confidence_absence(enum confidence c, uint8_t quality);

enum { FINDING_FRAMES_MAX = 4, FINDING_DETAIL_MAX = 96 };

// Whether the operator accepts it here. Perhaps: that hangs on recipients who may still come.
enum exempt { EXEMPT_NOT, EXEMPT_PERHAPS, EXEMPT_YES };

struct finding {
	const struct catalogue_row *row;
	uint8_t confidence, severity, subject, evidence; // the enums above
	uint8_t exempt;                      // enum exempt: then it is no alert, and hides none
	uint8_t n_frames;
	uint32_t frames[FINDING_FRAMES_MAX]; // packets that show it
	bool twin_tells;                     // told as an alert by the session's twin at another tap
	uint32_t twin_frame;                 // packet of the twin's capture that shows it; 0 none
	char detail[FINDING_DETAIL_MAX];     // why: "starttls_reply:454", printable ASCII, no spaces at the ends
};
