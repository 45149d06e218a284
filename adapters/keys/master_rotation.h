#pragma once
// Changing the master key, file and store together, so that a crash at any moment leaves a pair that fits: the fresh
// key lies durable in "<file>.new" before the store is wrapped anew, and takes the old file's name afterwards. The old
// key, which older backups need, stays in "<file>.<its id>".

#include <filesystem>
#include <memory>

#include "adapters/keys/key_store.h"

namespace countersign::keys {

/// Goes on with an interrupted rotation where it stopped. Throws StartError.
void rotate_master_file(KeyStore& store, const std::filesystem::path& file);

/// As KeyStore::open with the master key from `file`; after an interrupted rotation with the one from "<file>.new" if
/// that is the store's, and then (unless read-only) gives it its proper name. A master key is never made for a topic.
std::unique_ptr<KeyStore> open_with_master_file(const std::filesystem::path& directory,
                                                const std::filesystem::path& file, KeyStore::Mode mode,
                                                const KeyStoreOptions& options = {});

}  // namespace countersign::keys
