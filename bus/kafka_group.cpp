#include "bus/kafka_group.h"

namespace countersign::bus {
namespace {

constexpr int look_every_ms = 100;

}  // namespace

KafkaGroup::KafkaGroup(KafkaOptions options, const std::string& group, SharedOut shared_out, Fit fit,
                       std::chrono::milliseconds session)
    : options_(std::move(options)),
      group_(group),
      shared_out_(std::move(shared_out)),
      fit_(std::move(fit)),
      problems_(options_),
      client_(RD_KAFKA_CONSUMER, options_,
              {{"group.id", group},
               {"partition.assignment.strategy", "range"},
               {"session.timeout.ms", std::to_string(session.count())},
               {"heartbeat.interval.ms", std::to_string(session.count() / 4)},
               {"enable.auto.commit", "false"},
               {"auto.offset.reset", "latest"},
               {"queued.max.messages.kbytes", "1024"}},
              problems_) {
  rd_kafka_poll_set_consumer(client_.get());
  join();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void KafkaGroup::join() {
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(client_.get(), topics.get()))
    throw KafkaRefused(errc_of(error), "the group '" + group_ + "' can't be joined: " + rd_kafka_err2str(error));
}

KafkaGroup::~KafkaGroup() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  rd_kafka_consumer_close(client_.get());
}

void KafkaGroup::run(const std::stop_token& stop) {
  std::set<std::uint32_t> known;
  bool member = true;
  while (!stop.stop_requested()) {
    if (const bool fit = fit_(); fit != member) {
      if (fit)
        join();
      else
        rd_kafka_unsubscribe(client_.get());
      member = fit;
    }
    // Nothing is to be read, but a member that doesn't poll is taken for dead.
    const KafkaMessage ignored(rd_kafka_consumer_poll(client_.get(), look_every_ms));
    auto now = share();
    if (now == known) continue;
    known = std::move(now);
    shared_out_(known);
  }
}

std::set<std::uint32_t> KafkaGroup::share() const {
  std::set<std::uint32_t> partitions;
  rd_kafka_topic_partition_list_t* list = nullptr;
  if (rd_kafka_assignment(client_.get(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return partitions;
  const KafkaPartitions owned(list);
  for (int i = 0; i < owned->cnt; ++i) partitions.insert(static_cast<std::uint32_t>(owned->elems[i].partition));
  if (owned->cnt > 0) rd_kafka_pause_partitions(client_.get(), owned.get());
  return partitions;
}

}  // namespace countersign::bus
