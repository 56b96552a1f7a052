// What the rules on certificates ask alike. Private to alerts/rules/.
#pragma once

#include "alerts/rules/rule.h"

// The server's certificate, opened, or NULL.
const struct certificate *cert_of_server(const struct rule_input *in);
// The claim rests on the certificate message, or on what a key log opened behind the ServerHello.
void claim_cert(const struct rule_input *in, struct claim *c, uint8_t severity);
// A chain that policy asks to be valid: MTA-STS enforce. DANE has its own rules about names, dates and roots
// (RFC 7672 3.1), opportunistic TLS has none.
uint8_t cert_severity_by_policy(const struct rule_input *in);
