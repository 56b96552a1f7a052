-- Share of sessions that were encrypted, by partner and month. Probes and refused connections carried no mail: they do not count.
SELECT
    toYYYYMM(time) AS month,
    partner,
    count() AS sessions,
    countIf(encrypted) AS encrypted_sessions,
    round(100 * encrypted_sessions / sessions, 1) AS percent
FROM postwacht.sessions FINAL
WHERE verdict != 'no_mail'
GROUP BY month, partner
ORDER BY month, percent, partner
