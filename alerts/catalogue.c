// The catalogue of findings, sorted by signature number: one file of rows a family, so that each stays readable.
//
// How `subsumed_by` is filled in: an ordinary bad session should give an analyst one alert, named after the cause.
// A row lists the findings that, when they are told in the same session, already tell it:
//   - the effect lists its causes (mail in clear lists every way STARTTLS got lost);
//   - the weaker sign lists the stronger one of the same thing (an odd end of data lists the attempt, the attempt
//     lists the success; an offer of passwords in clear lists the password in clear);
//   - the symptom lists the mark of the box that makes it (not offered lists masked).
// Different attacks never list each other, however often they meet: smuggling and command injection stay two alerts.
// The lists have no cycles. The judge applies them only when the other finding becomes an alert itself and is not less
// severe (alerts/judge_tell.c), so nothing loud is hidden behind something quiet, disabled or merely informative.
//
// Categories are a closed set, see tests/unit/alerts/test_catalogue.c. Technique ids are those of MITRE ATT&CK
// Enterprise v17.
#include "alerts/finding.h"

const struct catalogue_row catalogue[] = {
#include "alerts/catalogue_offer.inc"
#include "alerts/catalogue_upgrade.inc"
#include "alerts/catalogue_path.inc"
#include "alerts/catalogue_exposure.inc"
#include "alerts/catalogue_dialogue.inc"
#include "alerts/catalogue_sensor.inc"
};
const size_t catalogue_n = sizeof(catalogue) / sizeof(catalogue[0]);
