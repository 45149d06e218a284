#pragma once
// Accounts (root), provisioning policy and API keys.

#include "adapters/http/api/reads.h"
#include "adapters/http/api/writes.h"
#include "adapters/keys/key_store.h"

namespace countersign::http {

class Accounts {
 public:
  Accounts(Reads& reads, Writes& writes, keys::KeyStore& keys, Authentication& authentication, bool mail_configured)
      : reads_(reads),
        writes_(writes),
        keys_(keys),
        authentication_(authentication),
        mail_configured_(mail_configured) {}

  boost::asio::awaitable<Response> create(Exchange& exchange);
  boost::asio::awaitable<Response> list(Exchange& exchange);
  boost::asio::awaitable<Response> update(Exchange& exchange);
  boost::asio::awaitable<Response> rescue(Exchange& exchange);
  boost::asio::awaitable<Response> get_provisioning(Exchange& exchange);
  boost::asio::awaitable<Response> change_provisioning(Exchange& exchange);
  boost::asio::awaitable<Response> create_key(Exchange& exchange);
  boost::asio::awaitable<Response> list_keys(Exchange& exchange);
  boost::asio::awaitable<Response> revoke_key(Exchange& exchange);
  boost::asio::awaitable<Response> export_audit_key(Exchange& exchange);

 private:
  Reads& reads_;
  Writes& writes_;
  keys::KeyStore& keys_;
  Authentication& authentication_;
  const bool mail_configured_;
};

}  // namespace countersign::http
