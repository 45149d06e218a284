#pragma once
// Which partitions of the log this node should write, as a Kafka consumer group shares them out. A hint and no more:
// who does write is what the claims in the log say (bus/acceptance.h).
//
// Operation: the node is a member of the group and reads nothing. A node that dies is noticed by the brokers after
// `session`, one that ends leaves at once; both share out anew (range assignor, eager). Until that is done, and while
// the brokers don't answer, the last share stays: whoever has got more meanwhile claims it. A node that isn't fit to
// write stays out of the group, and has no share. Concurrency: `shared_out` and `fit` run on a thread of the group's
// own, and not after the destructor has returned.

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bus/kafka_client.h"

namespace countersign::bus {

/// A node that is in a group, as it says itself.
struct GroupMember {
  std::string node;
  std::string address;  ///< where other nodes reach it; without blanks
  std::string release;
  std::uint16_t newest_format = 0;  ///< of log records that it knows (bus/format.h)
};

/// Asks the brokers who is in these groups; members that aren't nodes are left out. Waits. Throws KafkaRefused.
std::vector<GroupMember> group_members(const KafkaOptions& options, const std::vector<std::string>& groups);

class KafkaGroup {
 public:
  using SharedOut = std::function<void(const std::set<std::uint32_t>& partitions)>;
  using Fit = std::function<bool()>;

  /// `options.topic`: the log's. `node`: this one's name; `address`: where others reach it. Reaches no broker yet.
  /// Throws KafkaRefused.
  KafkaGroup(KafkaOptions options, const std::string& group, const std::string& node, const std::string& address,
             SharedOut shared_out, Fit fit, std::chrono::milliseconds session = std::chrono::milliseconds(6'000));
  /// Leaves the group.
  ~KafkaGroup();
  KafkaGroup(const KafkaGroup&) = delete;
  KafkaGroup& operator=(const KafkaGroup&) = delete;

 private:
  void join();
  void run(const std::stop_token& stop);
  void pass_on(const rd_kafka_topic_partition_list_t& given) const;

  const KafkaOptions options_;
  const std::string group_;
  const SharedOut shared_out_;
  const Fit fit_;
  KafkaProblems problems_;
  KafkaClient client_;
  std::jthread thread_;
};

}  // namespace countersign::bus
