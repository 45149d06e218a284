#pragma once
// A spooled file of seeds, read from its beginning to its end, as often as it is asked for. In front of the file stands
// what opens its encrypted values, sealed with it, so that an import goes on after a crash.
//
// It is sealed by a key of its own that is derived from the account's and from the look-up key: an auditor who was
// given the former can't open it.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "adapters/keys/key_store.h"
#include "adapters/seed_files/seed_file_reader.h"

namespace countersign::operations {

/// Nothing when the account has no key.
std::optional<keys::Key> seed_spool_key(const keys::KeyStore& keys, domain::AccountId account,
                                        domain::OperationId operation);

/// What stands in front of the file. The key has at most 1,024 bytes.
std::string text_in_front(const seed_files::FileKey& key);

class SpooledSeeds {
 public:
  SpooledSeeds(std::filesystem::path file, const keys::Key& key, std::string content_type)
      : file_(std::move(file)), key_(key), content_type_(std::move(content_type)) {}

  /// As SpooledDirectory::each().
  bool each(const std::function<bool(seed_files::SeedRow& row)>& visit);
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  const std::filesystem::path file_;
  const keys::Key key_;
  const std::string content_type_;
  std::vector<std::string> ignored_;
};

}  // namespace countersign::operations
