#pragma once
// SIEM destinations: where an account's events are pushed to. Secrets come in and never go out again, but a webhook's
// signing secret once, when the destination is created; they stand in the key store before the log names them.

#include "adapters/exports/beginning.h"
#include "adapters/exports/exporter.h"
#include "adapters/exports/receiver.h"
#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"

namespace countersign::http {

class SiemDestinations {
 public:
  SiemDestinations(Reads& reads, Writes& writes, keys::KeyStore& keys, exports::Exporter& exporter,
                   const push::EgressRules& egress)
      : reads_(reads), writes_(writes), keys_(keys), exporter_(exporter), egress_(egress) {}

  boost::asio::awaitable<Response> create(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  Response get(Exchange& exchange);
  boost::asio::awaitable<Response> update(Exchange& exchange);
  boost::asio::awaitable<Response> remove(Exchange& exchange);
  boost::asio::awaitable<Response> test(Exchange& exchange);
  boost::asio::awaitable<Response> pause(Exchange& exchange) { return set_paused(exchange, true); }
  boost::asio::awaitable<Response> resume(Exchange& exchange) { return set_paused(exchange, false); }
  boost::asio::awaitable<Response> replay(Exchange& exchange);

 private:
  using Row = std::shared_ptr<const domain::SiemDestination>;
  Row find(const Exchange& exchange) const;
  boost::asio::awaitable<Response> set_paused(Exchange& exchange, bool paused);
  exports::DestinationStatus status_of(domain::AccountId account, const domain::SiemDestination& row) const;
  boost::json::object render(domain::AccountId account, const domain::SiemDestination& row) const;
  commands::Answer answer(std::uint16_t status, domain::AccountId account, domain::SiemDestinationId id,
                          const domain::State& state) const;
  exports::ReceiverSecrets secrets_of(domain::AccountId account, const domain::SiemDestination& row) const;
  boost::asio::awaitable<std::uint64_t> start_of(domain::AccountId account, exports::Beginning beginning);
  boost::asio::awaitable<void> destroy(domain::AccountId account, domain::Uuid secret);

  Reads& reads_;
  Writes& writes_;
  keys::KeyStore& keys_;
  exports::Exporter& exporter_;
  const push::EgressRules& egress_;
};

}  // namespace countersign::http
