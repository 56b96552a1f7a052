#!/bin/sh
# Topics of postwacht. Once: topics.sh BROKER:PORT [options of kafka-topics.sh, e.g. --command-config admin.properties]
#
# The key is the community id, so what is told of one connection is in one partition and in order. Nothing is compacted: records are
# no states, and one that went by compaction would be a hole in the numbers. Retention is for a warehouse that is down for a while;
# min.insync.replicas 2 of 3 makes an acknowledgement (acks=all) mean that one broker may burn. A record is below 8 KiB.
set -eu
tool=${KAFKA_TOPICS:-kafka-topics.sh}
replicas=${REPLICAS:-3} insync=${MIN_INSYNC:-2}
bootstrap=$1
shift

topic() { # name, partitions, days; then options
	name=$1 partitions=$2 days=$3
	shift 3
	"$tool" --bootstrap-server "$bootstrap" "$@" --create --if-not-exists --topic "$name" --partitions "$partitions" \
		--replication-factor "$replicas" --config "min.insync.replicas=$insync" --config cleanup.policy=delete \
		--config "retention.ms=$((days * 86400000))" --config max.message.bytes=131072 --config compression.type=producer \
		--config message.timestamp.type=LogAppendTime
}

topic postwacht.alerts 6 30 "$@"
topic postwacht.sessions 12 7 "$@"
