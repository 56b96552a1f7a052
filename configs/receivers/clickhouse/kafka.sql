-- From Kafka into postwacht.incoming: after postwacht.sql. Each message is one line, whatever is in it (RawBLOB); the name of the
-- output that sent it is a header. For TLS or SASL towards the brokers: <kafka> in the server's configuration.

CREATE TABLE IF NOT EXISTS postwacht.kafka
(
    line String
)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'kafka-1.example:9092,kafka-2.example:9092,kafka-3.example:9092',
    kafka_topic_list = 'postwacht.alerts,postwacht.sessions',
    kafka_group_name = 'postwacht',
    kafka_format = 'RawBLOB',
    kafka_num_consumers = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS postwacht.from_kafka TO postwacht.incoming AS
SELECT
    line,
    _headers.value[indexOf(_headers.name, 'sink')] AS sink
FROM postwacht.kafka;
