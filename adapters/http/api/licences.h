#pragma once
// Licences: how many devices without a network may be activated (domain/licence.h).

#include "adapters/http/api/fields.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "domain/licence.h"

namespace countersign::http {

/// An account's licence is found by this. Serial numbers are compared as they are typed.
domain::Digest serial_digest(const keys::Lookup& lookup, domain::AccountId account, std::string_view serial_number);
/// What a serial number may be made of: 1 to 64 visible ASCII characters.
std::string serial_number_in(Fields& fields, std::string_view name);
bool may_be_serial_number(std::string_view text);

class Licences {
 public:
  Licences(Reads& reads, Writes& writes) : reads_(reads), writes_(writes) {}

  boost::asio::awaitable<Response> create(Exchange& exchange);
  boost::asio::awaitable<Response> import(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  Response get(Exchange& exchange);
  boost::asio::awaitable<Response> update(Exchange& exchange);
  boost::asio::awaitable<Response> remove(Exchange& exchange);

 private:
  std::shared_ptr<const domain::Licence> find(const Exchange& exchange) const;
  Reads& reads_;
  Writes& writes_;
};

}  // namespace countersign::http
