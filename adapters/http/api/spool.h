#pragma once
// Beginning an operation from a request: its body is spooled sealed, its start is an event, the answer names it.

#include <atomic>
#include <filesystem>

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/operations/operations.h"

namespace countersign::http {

operations::Operation new_operation(Exchange& exchange, operations::Kind kind, domain::UnixMs now);
/// All but its rows.
boost::json::object render(const operations::Operation& operation);
/// 202 {operation_id, status}.
commands::Answer operation_answer(const operations::Operation& operation);
/// Before the command whose event commits to the operation; after an error there is none.
boost::asio::awaitable<boost::system::error_code> make_durable(Writes& writes, operations::Preparation& prepared);

/// One of the places for uploads: each holds a connection, a file and a chunk in memory for as long as its client
/// likes.
class UploadPlace {
 public:
  explicit UploadPlace(std::atomic<int>& taken) : taken_(taken), mine_(++taken <= most_uploads) {}
  ~UploadPlace() { --taken_; }
  UploadPlace(const UploadPlace&) = delete;
  UploadPlace& operator=(const UploadPlace&) = delete;
  explicit operator bool() const { return mine_; }

 private:
  static constexpr int most_uploads = 8;
  std::atomic<int>& taken_;
  const bool mine_;
};
Problem too_many_uploads();

/// Removes an operation's spool when the request breaks off before there is an operation.
class SpoolGuard {
 public:
  SpoolGuard(operations::Operations& operations, domain::OperationId id) : operations_(&operations), id_(id) {}
  ~SpoolGuard() {
    if (operations_) operations_->discard_spool(id_);
  }
  SpoolGuard(const SpoolGuard&) = delete;
  SpoolGuard& operator=(const SpoolGuard&) = delete;
  void keep() { operations_ = nullptr; }

 private:
  operations::Operations* operations_;
  const domain::OperationId id_;
};

/// Writes the request's body to the operation's spool, sealed under `key`, durable when it returns without a problem.
/// `digest` gets the SHA-256 of `in_front`, which is written before it, and the body. A body that would touch the
/// disk's reserve is 507.
boost::asio::awaitable<std::optional<Problem>> spool_body(Exchange& exchange, Writes& writes,
                                                          operations::Operations& operations, domain::OperationId id,
                                                          keys::Key key, std::string& digest,
                                                          const std::string& in_front);

/// Writes operation.started, makes the operation durable and answers 202. `body` stands for what was spooled.
boost::asio::awaitable<Response> begin_operation(Exchange& exchange, Writes& writes, operations::Operations& operations,
                                                 const operations::Operation& operation,
                                                 std::optional<std::string> body);

/// With its rows: streamed when they are many.
boost::asio::awaitable<Response> get_operation(Exchange& exchange, Reads& reads, operations::Operations& operations);

}  // namespace countersign::http
