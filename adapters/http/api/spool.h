#pragma once
// Beginning an operation from a request: its body is spooled sealed, its start is an event, the answer names it.

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
/// `digest` gets the body's SHA-256. A body that would touch the disk's reserve is 507.
boost::asio::awaitable<std::optional<Problem>> spool_body(Exchange& exchange, Writes& writes,
                                                          operations::Operations& operations, domain::OperationId id,
                                                          keys::Key key, std::string& digest);

/// Writes operation.started, makes the operation durable and answers 202. `body` stands for what was spooled.
boost::asio::awaitable<Response> begin_operation(Exchange& exchange, Writes& writes, operations::Operations& operations,
                                                 const operations::Operation& operation,
                                                 std::optional<std::string> body);

/// With its rows: streamed when they are many.
boost::asio::awaitable<Response> get_operation(Exchange& exchange, Reads& reads, operations::Operations& operations);

}  // namespace countersign::http
