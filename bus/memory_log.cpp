#include "bus/memory_log.h"

#include <algorithm>

#include "bus/errc.h"

namespace countersign::bus {

Offset MemoryPartition::write(std::string bytes) {
  const std::lock_guard lock(mutex_);
  records_.push_back(std::move(bytes));
  return Offset{static_cast<std::int64_t>(records_.size()) - 1};
}

void MemoryPartition::sync() {
  const std::lock_guard lock(mutex_);
  synced_ = records_.size();
}

void MemoryPartition::lose_unsynced(std::size_t keep, bool torn) {
  const std::lock_guard lock(mutex_);
  const std::size_t left = std::min(synced_ + keep, records_.size());
  if (torn && left < records_.size()) {
    std::string part = records_[left].substr(0, records_[left].size() / 2);
    records_.resize(left);
    records_.push_back(std::move(part));
  } else {
    records_.resize(left);
  }
  synced_ = records_.size();
}

std::size_t MemoryPartition::unsynced() const {
  const std::lock_guard lock(mutex_);
  return records_.size() - synced_;
}

std::vector<LogRecord> MemoryPartition::read(Offset from, std::size_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  std::vector<LogRecord> read;
  std::size_t bytes = 0;
  for (auto i = static_cast<std::size_t>(value(from)); i < synced_ && (read.empty() || bytes < max_bytes); ++i) {
    read.push_back({Offset{static_cast<std::int64_t>(i)}, records_[i]});
    bytes += records_[i].size();
  }
  return read;
}

Offset MemoryPartition::end() const {
  const std::lock_guard lock(mutex_);
  return Offset{static_cast<std::int64_t>(synced_)};
}

/// Writes one record after the other. Outlives the MemoryLog in the executor's tasks.
struct MemoryLog::Writer : std::enable_shared_from_this<Writer> {
  struct Pending {
    std::string record;
    AppendHandler handler;
    AppendFault fault;
  };

  Writer(std::shared_ptr<MemoryPartition> on, std::shared_ptr<Executor> with)
      : partition(std::move(on)), executor(std::move(with)) {}

  void push(Pending pending) {
    queue.push_back(std::move(pending));
    if (queue.size() == 1) begin();
  }

  void begin() {
    executor->post_after(queue.front().fault.write_delay, [self = shared_from_this()] {
      if (!self->cut) self->write();
    });
  }

  void write() {
    Pending& pending = queue.front();
    Offset offset{};
    switch (pending.fault.fate) {
      case AppendFault::Fate::doubled: offset = partition->write(pending.record); [[fallthrough]];
      case AppendFault::Fate::written: offset = partition->write(pending.record); break;
      case AppendFault::Fate::torn: partition->write(pending.record.substr(0, pending.record.size() * 2 / 3)); break;
      case AppendFault::Fate::lost: break;
      case AppendFault::Fate::late:
        executor->post_after(pending.fault.late_by, [on = partition, record = pending.record] {
          on->write(record);
          on->sync();
        });
        break;
    }
    executor->post_after(pending.fault.sync_delay, [self = shared_from_this(), offset] {
      if (!self->cut) self->sync(offset);
    });
  }

  void sync(Offset offset) {
    partition->sync();
    Pending pending = std::move(queue.front());
    queue.pop_front();
    const Appended appended{pending.fault.outcome, offset,
                            pending.fault.reason == errc{} ? boost::system::error_code{} : pending.fault.reason};
    executor->post_after(pending.fault.report_delay,
                         [self = shared_from_this(), handler = std::move(pending.handler), appended] {
                           if (!self->cut) handler(appended);
                         });
    if (!queue.empty()) begin();
  }

  std::shared_ptr<MemoryPartition> partition;
  std::shared_ptr<Executor> executor;
  std::deque<Pending> queue;
  bool cut = false;
};

MemoryLog::MemoryLog(std::shared_ptr<MemoryPartition> partition) : partition_(std::move(partition)) {}

MemoryLog::MemoryLog(std::shared_ptr<MemoryPartition> partition, std::shared_ptr<Executor> executor, Faults faults)
    : partition_(std::move(partition)),
      writer_(std::make_shared<Writer>(partition_, std::move(executor))),
      faults_(std::move(faults)) {}

void MemoryLog::append(std::string record, AppendHandler handler) {
  if (record.size() > max_record_bytes) return handler({AppendOutcome::not_written, {}, errc::too_large});
  if (writer_) {
    const AppendFault fault = faults_ ? faults_(record) : AppendFault{};
    return writer_->push({std::move(record), std::move(handler), fault});
  }
  const Offset offset = partition_->write(std::move(record));
  partition_->sync();
  handler({AppendOutcome::durable, offset, {}, clock_ ? std::optional(clock_()) : std::nullopt});
}

boost::system::result<std::vector<LogRecord>> MemoryLog::read(Offset from, std::size_t max_bytes) {
  if (unreadable_) return errc::io_error;
  return partition_->read(from, max_bytes);
}

void MemoryLog::cut() {
  if (!writer_) return;
  writer_->cut = true;
}

}  // namespace countersign::bus
