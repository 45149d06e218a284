#pragma once
// Rows that were looked for in all the cluster's keys and weren't there, so that people who were erased cost one
// question to the brokers and not one each time.
//
// Concurrency: any thread. Limits: 65,536 rows; then any of them is forgotten, and asked for again.

#include <boost/unordered/unordered_flat_set.hpp>
#include <mutex>
#include <string>

namespace countersign::keys {

class MissingRows {
 public:
  bool contains(const std::string& row) const {
    const std::lock_guard lock(mutex_);
    return rows_.contains(row);
  }
  void add(const std::string& row) {
    const std::lock_guard lock(mutex_);
    if (rows_.size() >= most_rows) rows_.erase(rows_.begin());
    rows_.insert(row);
  }
  void remove(const std::string& row) {
    const std::lock_guard lock(mutex_);
    rows_.erase(row);
  }

 private:
  static constexpr std::size_t most_rows = 65'536;

  mutable std::mutex mutex_;
  boost::unordered_flat_set<std::string> rows_;
};

}  // namespace countersign::keys
