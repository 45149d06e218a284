#pragma once
// Signs the heads of accounts' Merkle logs. Only what stands in the views is signed, so what is durable and accepted;
// and only after it has been shown that the log still begins with every head that was signed before (C2SP
// tlog-checkpoint: a signed head is a promise). A head's signature leaves only when the head is durable
// (signed_heads.h).
//
// Operation: accounts that have a signed head are made again from their events after a start, by a thread that gives
// way; others when they are first asked for. Whoever asks before that has come to its end is told to come back. A log
// that is shorter than a signed head, or has another root at its size, is signed no more until the next start.
//
// Concurrency: any thread.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "adapters/notary/signed_heads.h"
#include "projections/merkle/account_trees.h"

namespace countersign::notary {

struct NotaryOptions {
  std::string host;                                ///< origins begin with it
  std::filesystem::path directory;                 ///< of signed heads
  keys::Key seed;                                  ///< signs
  std::vector<keys::PublicKey> former;             ///< signed before it
  std::function<void(const std::string&)> report;  ///< a log that can't be signed any more
  std::chrono::milliseconds look_every{200};
  unsigned chunks_a_request = 64;  ///< of AccountTrees, before one is told to come back
};

/// The events aren't all in the tree yet: ask again in a second.
struct NotYet {};
/// The log contradicts what was signed.
struct Contradiction {
  std::string text;
};

class Notary {
 public:
  /// Reads the signed heads. Throws std::runtime_error when their directory can't be read.
  Notary(const projections::Views& views, projections::AccountTrees& trees, NotaryOptions options);
  ~Notary();
  void start();
  void stop();

  /// The newest head as a signed note. Throws std::runtime_error when the head can't be made durable.
  std::variant<std::string, NotYet, Contradiction> checkpoint(domain::AccountId account);
  /// Hashes of a tile, or entries below it; nothing when the log isn't that large.
  using Found = std::variant<std::optional<std::string>, NotYet>;
  Found tile(domain::AccountId account, const projections::Tile& tile);
  Found entries(domain::AccountId account, const projections::Tile& tile);

  struct Published {
    VerifierKey key;
    std::uint64_t size = 0;  ///< of the last head that it signed
  };
  /// The present key first, then those before it that have signed this log.
  std::vector<Published> verifier_keys(domain::AccountId account);
  VerifierKey verifier_key(domain::AccountId account) const;

  struct Status {
    projections::Positions reached;  ///< up to here the trees have everything
    std::uint64_t behind = 0;        ///< events that they don't have yet
    std::string contradiction;       ///< of the log that can't be signed any more
    std::string last_error;
  };
  Status status();

 private:
  struct Log {
    std::mutex mutex;
    std::vector<FoundHead> heads;
    bool proven = false;
    std::string contradiction;
    bool reported = false;
  };
  std::shared_ptr<Log> log_of(domain::AccountId account);
  bool catch_up(domain::AccountId account);
  bool prove(domain::AccountId account, Log& log);
  std::string contradiction_in(domain::AccountId account, const Log& log);
  const SignedHead* last_signed(domain::AccountId account, const Log& log) const;
  std::string sign(domain::AccountId account, Log& log, const projections::TreeHead& head);
  Found look(domain::AccountId account, const std::function<std::optional<std::string>()>& find);
  bool follow();

  const projections::Views& views_;
  projections::AccountTrees& trees_;
  const NotaryOptions options_;
  const keys::PublicKey public_key_;
  std::mutex mutex_;  ///< guards logs_ and status_
  std::map<domain::AccountId, std::shared_ptr<Log>> logs_;
  bool asked_anew_ = false;  ///< a log has been asked for that nobody follows yet
  Status status_;
  std::jthread thread_;
};

}  // namespace countersign::notary
