"""All scenarios, in the order of their numbers. A new file of them is one more line here."""
import scenario
import scenarios_dane

SCENARIOS = scenario.check_table(scenarios_dane.SCENARIOS)
