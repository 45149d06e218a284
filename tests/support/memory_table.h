#pragma once
// A shared table in memory: one log, and for each node a SharedTable on it, whose answers can get lost and whose
// reading can be held up.

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "bus/errc.h"
#include "bus/shared_table.h"

namespace countersign::testing {

/// What all nodes share. Offsets are places in `rows`; compaction leaves gaps.
struct MemoryTableLog {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::optional<bus::TableRow>> rows;

  std::size_t end() {
    const std::lock_guard lock(mutex);
    return rows.size();
  }
  /// Keeps the newest row of each key, and of those that delete none.
  void compact() {
    const std::lock_guard lock(mutex);
    for (std::size_t at = 0; at < rows.size(); ++at) {
      const bool superseded = rows[at] && std::any_of(rows.begin() + at + 1, rows.end(), [&](const auto& later) {
                                return later && later->key == rows[at]->key;
                              });
      if (superseded) rows[at].reset();
    }
    for (auto& row : rows)
      if (row && !row->value) row.reset();
  }
  /// The newest row of each key that isn't deleted, by key.
  std::vector<bus::TableRow> table() {
    const std::lock_guard lock(mutex);
    std::vector<bus::TableRow> newest;
    for (const auto& row : rows) {
      if (!row) continue;
      std::erase_if(newest, [&](const auto& older) { return older.key == row->key; });
      if (row->value) newest.push_back(*row);
    }
    std::ranges::sort(newest, {}, &bus::TableRow::key);
    return newest;
  }
};

class MemoryTable final : public bus::SharedTable {
 public:
  enum class Puts { answered, written_but_unanswered, lost };

  explicit MemoryTable(std::shared_ptr<MemoryTableLog> log) : log_(std::move(log)) {}
  ~MemoryTable() override { stop(); }

  boost::system::result<bus::Offset> put(std::span<const bus::TableRow> rows) override {
    const std::lock_guard lock(log_->mutex);
    if (puts_ == Puts::lost) return bus::errc::unreachable;
    log_->rows.insert(log_->rows.end(), rows.begin(), rows.end());
    log_->changed.notify_all();
    if (puts_ == Puts::written_but_unanswered) return bus::errc::io_error;
    return bus::Offset{static_cast<std::int64_t>(log_->rows.size())};
  }

  boost::system::result<bus::Offset> read(bus::Offset from, const Apply& apply) override {
    const std::size_t end = log_->end();
    auto at = static_cast<std::size_t>(value(from));
    if (at > end) return bus::errc::truncated;
    while (at < end) {
      const auto rows = take(at, std::min(end, at + most_at_once));
      if (const auto error = apply(rows, bus::Offset{static_cast<std::int64_t>(at)})) return error;
    }
    return bus::Offset{static_cast<std::int64_t>(end)};
  }

  void follow(bus::Offset from, Apply apply) override {
    stop();
    stopping_ = false;
    applied_ = static_cast<std::size_t>(value(from));
    thread_ = std::thread([this, apply = std::move(apply)] { follow_on(apply); });
  }

  void stop() override {
    {
      const std::lock_guard lock(log_->mutex);
      stopping_ = true;
      log_->changed.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  bool caught_up(std::chrono::milliseconds within) override {
    std::unique_lock lock(log_->mutex);
    ++questions_;
    const std::size_t end = log_->rows.size();
    log_->changed.wait_for(lock, within, [&] { return applied_ >= end || stopping_; });
    return applied_ >= end && !stopping_;
  }

  bus::Offset position() const override {
    const std::lock_guard lock(log_->mutex);
    return bus::Offset{static_cast<std::int64_t>(applied_)};
  }

  void answer_puts(Puts puts) {
    const std::lock_guard lock(log_->mutex);
    puts_ = puts;
  }
  /// While true nothing is applied.
  void hold(bool held) {
    const std::lock_guard lock(log_->mutex);
    held_ = held;
    log_->changed.notify_all();
  }
  std::size_t questions() const {
    const std::lock_guard lock(log_->mutex);
    return questions_;
  }
  boost::system::error_code newest_error() const {
    const std::lock_guard lock(log_->mutex);
    return newest_error_;
  }

 private:
  static constexpr std::size_t most_at_once = 500;

  std::vector<bus::TableRow> take(std::size_t& at, std::size_t to) {
    const std::lock_guard lock(log_->mutex);
    std::vector<bus::TableRow> rows;
    for (; at < to; ++at)
      if (log_->rows[at]) rows.push_back(*log_->rows[at]);
    return rows;
  }

  void follow_on(const Apply& apply) {
    std::unique_lock lock(log_->mutex);
    while (true) {
      log_->changed.wait(lock, [&] { return stopping_ || (!held_ && applied_ < log_->rows.size()); });
      if (stopping_) return;
      std::size_t at = applied_;
      const std::size_t to = std::min(log_->rows.size(), at + most_at_once);
      lock.unlock();
      const auto rows = take(at, to);
      const auto error = apply(rows, bus::Offset{static_cast<std::int64_t>(at)});
      lock.lock();
      newest_error_ = error;
      if (error) {
        log_->changed.notify_all();
        log_->changed.wait_for(lock, std::chrono::milliseconds(10), [&] { return stopping_; });
        continue;
      }
      applied_ = at;
      log_->changed.notify_all();
    }
  }

  const std::shared_ptr<MemoryTableLog> log_;
  Puts puts_ = Puts::answered;
  bool held_ = false, stopping_ = true;
  std::size_t applied_ = 0, questions_ = 0;
  boost::system::error_code newest_error_;
  std::thread thread_;
};

}  // namespace countersign::testing
