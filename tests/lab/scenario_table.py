"""All scenarios, in the order of their numbers. A new file of them is one more line here."""
import scenario
import scenarios_dane
import scenarios_servers
import scenarios_sts
import scenarios_ugly

SCENARIOS = scenario.check_table(scenarios_dane.SCENARIOS + scenarios_sts.SCENARIOS + scenarios_servers.SCENARIOS + scenarios_ugly.SCENARIOS)
