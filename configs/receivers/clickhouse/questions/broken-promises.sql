-- Which sessions of the last 90 days broke what the receiver promised by DANE or MTA-STS? `id` is what `postwacht explain` takes.
SELECT time, host, id, direction, partner, expect_level, expect_domain, verdict, dane, identity, state, findings
FROM postwacht.sessions FINAL
WHERE time > now() - INTERVAL 90 DAY AND expect_level IN ('dane', 'sts') AND verdict IN ('clear_against_policy', 'mismatch')
ORDER BY time, host, id
