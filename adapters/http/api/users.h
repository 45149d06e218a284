#pragma once
// Users: create, find, change, import, disable, enable, reset, erase.

#include <atomic>

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/keys/key_store.h"
#include "adapters/operations/operations.h"

namespace countersign::http {

class Users {
 public:
  Users(Reads& reads, Writes& writes, keys::KeyStore& keys, operations::Operations& operations)
      : reads_(reads), writes_(writes), keys_(keys), operations_(operations) {}

  boost::asio::awaitable<Response> create(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  Response get(Exchange& exchange);
  boost::asio::awaitable<Response> update(Exchange& exchange);
  boost::asio::awaitable<Response> import(Exchange& exchange);
  boost::asio::awaitable<Response> disable(Exchange& exchange) { return set_disabled(exchange, true); }
  boost::asio::awaitable<Response> enable(Exchange& exchange) { return set_disabled(exchange, false); }
  boost::asio::awaitable<Response> reset(Exchange& exchange);
  boost::asio::awaitable<Response> reset_many(Exchange& exchange);
  boost::asio::awaitable<Response> erase(Exchange& exchange);

 private:
  /// For a user who is gone: the erasure that has not ended goes on.
  Response erased_already(Exchange& exchange, domain::UserId id);
  boost::asio::awaitable<Response> set_disabled(Exchange& exchange, bool disabled);
  boost::asio::awaitable<Response> reset_all(Exchange& exchange, std::vector<domain::UserId> ids);
  commands::Answer answer(std::uint16_t status, domain::AccountId account, domain::UserId id,
                          const domain::State& state) const;

  Reads& reads_;
  Writes& writes_;
  keys::KeyStore& keys_;
  operations::Operations& operations_;
  std::atomic<int> uploads_ = 0;
};

}  // namespace countersign::http
