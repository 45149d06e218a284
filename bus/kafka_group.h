#pragma once
// Which partitions of the log this node should write, as a Kafka consumer group shares them out. A hint and no more:
// who does write is what the claims in the log say (bus/acceptance.h).
//
// Operation: the node is a member of the group and reads nothing. A node that dies is noticed by the brokers after
// `session`, one that ends leaves at once; both share out anew (range assignor, eager). While the brokers don't answer
// the last share stays. A node that isn't fit to write stays out of the group, and has no share.
// Concurrency: `shared_out` and `fit` run on a thread of the group's own, and not after the destructor has returned.

#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "bus/kafka_client.h"

namespace countersign::bus {

class KafkaGroup {
 public:
  using SharedOut = std::function<void(const std::set<std::uint32_t>& partitions)>;
  using Fit = std::function<bool()>;

  /// `options.topic`: the log's. Reaches no broker yet. Throws KafkaRefused.
  KafkaGroup(KafkaOptions options, const std::string& group, SharedOut shared_out, Fit fit,
             std::chrono::milliseconds session = std::chrono::milliseconds(6'000));
  /// Leaves the group.
  ~KafkaGroup();
  KafkaGroup(const KafkaGroup&) = delete;
  KafkaGroup& operator=(const KafkaGroup&) = delete;

 private:
  void join();
  void run(const std::stop_token& stop);
  std::set<std::uint32_t> share() const;

  const KafkaOptions options_;
  const std::string group_;
  const SharedOut shared_out_;
  const Fit fit_;
  KafkaProblems problems_;
  KafkaClient client_;
  std::jthread thread_;
};

}  // namespace countersign::bus
