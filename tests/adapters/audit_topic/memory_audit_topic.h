#pragma once
// The public topic in memory: one log that several writers share, and for each writer an AuditTopic on it whose writes
// can break off.

#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "adapters/audit_topic/audit_topic.h"
#include "bus/errc.h"

namespace countersign::audit_topic::test {

struct Topic {
  std::mutex mutex;
  std::map<std::uint32_t, std::vector<AuditRecord>> partitions;
  std::map<std::uint32_t, std::size_t> deleted;  ///< how many of the oldest records are gone

  std::vector<AuditRecord> records(std::uint32_t partition = 0) {
    const std::lock_guard lock(mutex);
    return partitions[partition];
  }
};

class MemoryAuditTopic final : public AuditTopic {
 public:
  explicit MemoryAuditTopic(std::shared_ptr<Topic> topic) : topic_(std::move(topic)) {}

  /// So many records are taken from now on; the one after them breaks off its write(), and nothing more is taken.
  void break_after(std::size_t records) { left_ = records; }
  /// Everything is taken again.
  void mend() { left_ = std::numeric_limits<std::size_t>::max(); }
  /// Called before a write, once; in it others may write.
  std::function<void()> before_write;
  std::size_t looked_back = 0;  ///< records, in the last marks()

  boost::system::result<void> write(std::uint32_t partition, std::span<const AuditRecord> records) override {
    if (const auto call = std::exchange(before_write, {})) call();
    const std::lock_guard lock(topic_->mutex);
    for (const auto& record : records) {
      if (left_ == 0) return bus::errc::unreachable;
      --left_;
      topic_->partitions[partition].push_back(record);
    }
    return {};
  }
  boost::system::result<Older> marks(std::uint32_t partition, std::uint64_t records, const VisitMark& visit) override {
    const std::lock_guard lock(topic_->mutex);
    if (left_ == 0) return bus::errc::unreachable;
    looked_back = records;
    const auto& all = topic_->partitions[partition];
    const auto oldest = topic_->deleted[partition];
    const auto from = std::max<std::size_t>(oldest, all.size() - std::min<std::size_t>(all.size(), records));
    for (auto at = from; at < all.size(); ++at)
      if (!all[at].mark.empty()) visit(all[at].mark);
    return from == oldest ? Older::none : Older::there;
  }
  void cancel() override {}

 private:
  const std::shared_ptr<Topic> topic_;
  std::atomic<std::size_t> left_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace countersign::audit_topic::test
