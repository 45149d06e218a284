#pragma once
// An account's events as a Merkle log for outsiders (C2SP tlog-checkpoint and tlog-tiles): signed checkpoint, tiles,
// entry bundles, verifier keys. Tiles and bundles are served up to what the views hold, which a checkpoint covers as
// soon as it is asked for.

#include "adapters/http/api/reads.h"
#include "adapters/notary/notary.h"

namespace countersign::http {

class AccountLog {
 public:
  AccountLog(Reads& reads, notary::Notary& notary) : reads_(reads), notary_(notary) {}

  boost::asio::awaitable<Response> checkpoint(Exchange& exchange);
  /// Also bundles, where the specification has them: below tile/entries/.
  boost::asio::awaitable<Response> tile(Exchange& exchange);
  boost::asio::awaitable<Response> entries(Exchange& exchange);
  boost::asio::awaitable<Response> key(Exchange& exchange);

 private:
  using Find = notary::Notary::Found (notary::Notary::*)(domain::AccountId, const projections::Tile&);
  boost::asio::awaitable<Response> bundle(Exchange& exchange, std::string_view path);
  boost::asio::awaitable<Response> look(Exchange& exchange, std::optional<projections::Tile> tile, Find find);

  Reads& reads_;
  notary::Notary& notary_;
};

}  // namespace countersign::http
