"""All scenarios, in the order of their numbers. A new file of them is one more line here."""
import scenario
import scenarios_attacks
import scenarios_dane
import scenarios_servers
import scenarios_sts
import scenarios_ugly

TABLES = (scenarios_dane, scenarios_sts, scenarios_servers, scenarios_ugly, scenarios_attacks)
SCENARIOS = scenario.check_table([s for table in TABLES for s in table.SCENARIOS])
