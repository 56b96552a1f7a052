// Alerts pass the valve for storms (alerts/storm.h), and what did not is told as counts.
#include "alerts/judge_private.h"

static void tell(struct judge *j, const struct catalogue_row *row, const struct storm_report *r)
{
	const uint64_t *severity = r->counts.by_severity;
	const struct message_sensor what = {.head = {.time_ns = r->to_ns, .type = MESSAGE_SENSOR}, .kind = SENSOR_SUPPRESSED,
		.tap = SENSOR_NO_TAP, .from_ns = r->from_ns, .to_ns = r->to_ns, .n = {r->counts.alerts, severity[SEVERITY_CRITICAL],
		severity[SEVERITY_HIGH], severity[SEVERITY_MEDIUM], severity[SEVERITY_LOW]}};
	int operators = j->config.severity[row - catalogue];
	struct finding root = {.row = row, .severity = (uint8_t)(operators >= 0 ? operators : (int)row->severity),
		.confidence = CONFIDENCE_CERTAIN, .subject = SUBJECT_SENSOR, .evidence = EVIDENCE_COMPLETE};
	struct record_sensor a = {.what = &what, .root = &root, .suppressed = &r->counts,
		.repeat = {.count = 1, .window_s = STORM_PERIOD_S}};

	if (root.severity == SEVERITY_INFO)
		return;
	sensor_detail(root.detail, sizeof(root.detail), &what);
	record_sensor_id(a.id, &what, NULL, row->signature_id, 0);
	judge_count_trouble(j, &a);
	judge_write_alert(j, &root, r->to_ns, record_sensor(j->line, &j->config.record, &a));
}

void judge_storm_due(struct judge *j, uint64_t time_ns, bool last)
{
	struct storm_report report;

	if (!storm_due(&j->storm, time_ns, last, &report))
		return;
	const struct catalogue_row *row = catalogue_find(sensor_finding(SENSOR_SUPPRESSED));
	if (j->disabled[row - catalogue])
		return;
	j->found[(row - catalogue) / 8] |= (uint8_t)(1 << (row - catalogue) % 8);
	tell(j, row, &report);
}

bool judge_valve(struct judge *j, uint64_t time_ns, const struct finding *f, uint64_t n)
{
	const struct storm_offer o = {.time_ns = time_ns, .finding = (uint8_t)(f->row - catalogue), .severity = f->severity, .n = n};

	judge_storm_due(j, time_ns, false); // what was counted until then, before more is
	if (storm_pass(&j->storm, &o))
		return true;
	j->summary.alerts_suppressed += n;
	return false;
}
