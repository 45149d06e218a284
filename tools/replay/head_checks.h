#pragma once
// Signed heads held against the events of a log: the last ones that the server has signed (<data>/heads), and
// checkpoints that somebody kept. Each must be a head that the log had on its way.
//
// Concurrency: one thread. Memory: 64 hashes an account that somebody has signed.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "adapters/notary/signed_heads.h"
#include "domain/event.h"

namespace countersign::replay {

class HeadChecks {
 public:
  /// `checkpoints`: files with a signed note each. Without keys signatures can't be checked.
  HeadChecks(const std::filesystem::path& data_directory, const keys::KeyStore* keys,
             const std::vector<std::filesystem::path>& checkpoints);

  /// The next event; an account's come in the order of their sequence. Empty, or what is wrong now.
  std::string take(const domain::EventView& event, std::string_view bytes);
  /// After the last event. Empty, or what is wrong.
  std::string finish() const;
  /// What is wrong with a head itself, before any event; empty when nothing is.
  const std::string& flaw() const { return flaw_; }

  std::size_t heads() const { return heads_; }
  const std::vector<std::string>& unchecked() const { return unchecked_; }

 private:
  struct Wanted {
    std::string what;  ///< the head's name in messages
    projections::TreeHead head;
  };
  struct Log {
    projections::RunningTree tree;
    std::multimap<std::uint64_t, Wanted> wanted;  ///< by size
  };
  void want(domain::AccountId account, std::string what, const projections::TreeHead& head);
  void want_checkpoint(const std::filesystem::path& file, const std::optional<std::vector<keys::PublicKey>>& known);

  std::map<domain::AccountId, Log> logs_;
  std::size_t heads_ = 0;
  std::string flaw_;
  std::vector<std::string> unchecked_;
};

}  // namespace countersign::replay
