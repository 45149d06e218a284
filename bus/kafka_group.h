#pragma once
// Which partitions of the log this node should write, as a Kafka consumer group shares them out. A hint and no more:
// who does write is what the claims in the log say (bus/acceptance.h).
//
// Operation: the node is a member of the group and reads nothing. A node that dies is noticed by the brokers after
// `session`, one that ends leaves at once; both share out anew (range assignor, eager). Until that is done, and while
// the brokers don't answer, the last share stays: whoever has got more meanwhile claims it. A node that isn't fit to
// write stays out of the group, and has no share.
// Concurrency: the hooks run on a thread of the group's own; within the destructor, on its thread, and not later.
// The user of the brokers needs the right to read both groups of nodes, and to describe them.

#include <functional>
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

struct GroupHooks {
  std::function<void(const std::set<std::uint32_t>& partitions)> shared_out;
  /// The node is a member no more: what it had may have been given to others.
  std::function<void()> lost;
  std::function<bool()> fit;
};

class KafkaGroup {
 public:
  /// `options.topic`: the log's. `node`: this one's name; `address`: where others reach it. The group is joined once
  /// the node is fit. Throws KafkaRefused.
  KafkaGroup(KafkaOptions options, const std::string& group, const std::string& node, const std::string& address,
             GroupHooks hooks, std::chrono::milliseconds session = std::chrono::milliseconds(6'000));
  /// Leaves the group.
  ~KafkaGroup();
  KafkaGroup(const KafkaGroup&) = delete;
  KafkaGroup& operator=(const KafkaGroup&) = delete;

 private:
  void be_member(bool wanted);
  void run(const std::stop_token& stop);
  void pass_on(const rd_kafka_topic_partition_list_t* given) const;

  const KafkaOptions options_;
  const std::string group_;
  const GroupHooks hooks_;
  bool member_ = false;  ///< of the thread
  KafkaProblems problems_;
  KafkaClient client_;
  std::jthread thread_;
};

}  // namespace countersign::bus
