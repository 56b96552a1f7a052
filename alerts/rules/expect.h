// What the rules on promises share: DANE, MTA-STS and what a client does for them.
#pragma once

#include "alerts/rules/rule.h"

enum { EXPECT_SMTP_PORT = 25 };

// The claim also rests on the promise: no surer than that. A claim that rests on nothing else is as sure.
void claim_promise(const struct rule_input *in, struct claim *c);

// What was shown fits no TLSA record of the server.
bool rule_dane_contradicted(const struct rule_input *in);

// The last EHLO reply has no usable offer, and TLS did not come about all the same.
bool rule_expect_not_offered(const struct rule_input *in);
