// Rates of two answers: over the sensor's own clock, from 0 after a restart, harmless whatever was answered.
#include "cli/top_view.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
	char copy[2048];
	size_t n = 0;
	for (; *text != '\0'; text++) // ' for "
		copy[n++] = *text == '\'' ? '"' : *text;
	json_t *root = json_loadb(copy, n, 0, NULL);
	assert_non_null(root);
	return root;
}

static const char *find(const struct top_view *v, const char *words)
{
	for (size_t i = 0; i < v->n; i++)
		if (strstr(v->line[i].text, words) != NULL)
			return v->line[i].text;
	return NULL;
}

static void expect(const struct top_view *v, const char *words)
{
	if (find(v, words) != NULL)
		return;
	for (size_t i = 0; i < v->n; i++)
		print_message("%s\n", v->line[i].text);
	fail_msg("there is no line with \"%s\"", words);
}

static const char first[] = "{'mono_ns':1000000000,'uptime':60,'ledger':{'rx':1000,'missed':5,'lanes_full':1},"
	"'ports':[{'name':'pcap:eth1','tap':'mx','up':true,'rx_packets':1000,'rx_octets':50000,'missed':5}],"
	"'workers':[{'cpu':null,'packets':1000,'turns':100,'busy_ns':100,'slept_ns':900}],"
	"'verdicts':{'clear':1,'verified':3},'sessions':4,'alerts':1,'records':9}";
static const char second[] = "{'mono_ns':3000000000,'uptime':62,'ledger':{'rx':5000,'missed':9,'lanes_full':3},"
	"'ports':[{'name':'pcap:eth1','tap':'mx','up':false,'rx_packets':5000,'rx_octets':4050000,'missed':9}],"
	"'workers':[{'cpu':2,'packets':5000,'turns':2100,'busy_ns':400,'slept_ns':1600}],"
	"'verdicts':{'clear':2,'verified':6},'sessions':8,'alerts':2,'records':19}";

static void test_rates(void **state)
{
	json_t *a = parse(first), *b = parse(second);
	static struct top_view v;
	top_view(&v, a, b);
	expect(&v, "up 1 min 2 s");
	expect(&v, "a second: 2.0 k packets, 2.0 MB, 2.0 sessions, 0.5 alerts, 5.0 records");
	expect(&v, "3 packets lost"); // 4 missed, 2 without room
	expect(&v, "pcap:eth1                        mx                  down     2.0 k    2.0 MB         2");
	expect(&v, "0                                2                 30.0 %     2.0 k     1.0 k         0");
	expect(&v, "verified                         6                 75.0 %       1.5");
	json_t *j = top_view_json(a, b);
	assert_true(fabs(json_real_value(json_object_get(j, "packets_per_s")) - 2000) < 0.001);
	assert_true(fabs(json_real_value(json_object_get(j, "lost_per_s")) - 3) < 0.001);
	assert_true(fabs(json_real_value(json_object_get(json_object_get(j, "verdicts_per_s"), "verified")) - 1.5) < 0.001);
	assert_true(fabs(json_real_value(json_object_get(json_array_get(json_object_get(j, "workers"), 0), "busy")) - 0.3) < 0.001);
	json_decref(j);
	json_decref(a);
	json_decref(b);
}

static void test_counters_from_zero(void **state)
{
	json_t *a = parse("{'mono_ns':1000000000,'ledger':{'rx':1000000}}"), *b = parse("{'mono_ns':2000000000,'ledger':{'rx':7}}");
	static struct top_view v;
	top_view(&v, a, b);
	expect(&v, "a second: 7 packets");
	json_decref(a);
	json_decref(b);
}

static void test_strange_answers(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "{'ports':1,'workers':'x','verdicts':[],'ledger':null,'mono_ns':-5}",
		"{'ports':[1,null,[],{'name':7}],'workers':[null,{}],'sessions':-1}",
		"{'ports':[{'name':'\\u001b[2J\\u0007\\u20ac','tap':'x\\ny'}]}",
	};
	static struct top_view v;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		json_t *a = parse(texts[i]), *b = parse(second);
		top_view(&v, b, a);
		for (size_t k = 0; k < v.n; k++)
			for (const char *p = v.line[k].text; *p != '\0'; p++)
				assert_true(*p >= ' ' && *p <= '~');
		top_view(&v, a, b);
		json_t *j = top_view_json(a, b);
		assert_non_null(j);
		json_decref(j);
		json_decref(a);
		json_decref(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_counters_from_zero),
		cmocka_unit_test(test_strange_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
