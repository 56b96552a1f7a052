-- When did sensors not see everything, by their own account? What they say of such a time is said with that in mind.
SELECT host, tap, finding, window_from, window_to, lost
FROM postwacht.alerts FINAL
WHERE finding IN ('sensor.loss', 'sensor.arm-lost', 'sensor.too-little-traffic', 'sensor.child-restarted', 'sensor.state-evicted',
    'sensor.outbox-trouble', 'sensor.alert-suppressed')
ORDER BY host, window_from, time
