#pragma once
// The port to the public topic: events for everybody else, one a record. Adapters: Kafka (kafka_audit_topic.h), memory
// (tests/adapters/audit_topic/memory_audit_topic.h).
//
// The topic has as many partitions as the log, with the same numbers. Old records go by themselves. Some records carry
// a mark, with which their writer says how far it has come; nothing else is ever read back.

#include <boost/system/result.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::audit_topic {

struct AuditRecord {
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string mark;  ///< empty: none
};

class AuditTopic {
 public:
  virtual ~AuditTopic() = default;

  /// Durable in this order when it returns. On an error each record is in doubt: it may be there now, later or never,
  /// but none without all that stand before it.
  virtual boost::system::result<void> write(std::uint32_t partition, std::span<const AuditRecord> records) = 0;

  /// The marks among the partition's last `records` records, in order, and whether there are older ones.
  enum class Older { there, none };
  using VisitMark = std::function<void(std::string_view mark)>;
  virtual boost::system::result<Older> marks(std::uint32_t partition, std::uint64_t records,
                                             const VisitMark& visit) = 0;

  /// What waits ends soon with errc::stopping, and so does everything afterwards. Any thread.
  virtual void cancel() = 0;
};

}  // namespace countersign::audit_topic
