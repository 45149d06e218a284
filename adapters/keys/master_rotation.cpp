#include "adapters/keys/master_rotation.h"

#include "adapters/keys/store_files.h"

namespace countersign::keys {
namespace {

std::filesystem::path fresh_path(const std::filesystem::path& file) {
  return file.string() + ".new";
}

/// The old key stays beside it: older backups need it.
void take_name(const std::filesystem::path& fresh, const std::filesystem::path& file) {
  const auto old = file.string() + "." + hex(load_master_key(file).id.view());
  std::error_code error;
  if (!std::filesystem::exists(old, error)) std::filesystem::create_hard_link(file, old, error);
  sync_directory(file.parent_path());
  if (!error) std::filesystem::rename(fresh, file, error);
  if (error)
    throw StartError("master key " + fresh.string() + ": can't take the name of the old one: " + error.message());
  sync_directory(file.parent_path());
}

}  // namespace

void rotate_master_file(KeyStore& store, const std::filesystem::path& file) {
  const auto fresh_file = fresh_path(file);
  const MasterKey fresh = load_or_create_master_key(fresh_file, true);
  const bool done = store.master_id() == fresh.id;
  if (const auto error = done ? store.purge_old_wrappings() : store.rotate_master(fresh))
    throw StartError("key store: " + error.message());
  take_name(fresh_file, file);
}

std::unique_ptr<KeyStore> open_with_master_file(const std::filesystem::path& directory,
                                                const std::filesystem::path& file, KeyStore::Mode mode,
                                                const KeyStoreOptions& options) {
  const auto fresh_file = fresh_path(file);
  const bool may_create = mode == KeyStore::Mode::create_if_missing && !key_store_exists(directory) && !options.topic;
  const MasterKey master = load_or_create_master_key(file, may_create);
  std::error_code ignored;
  if (!std::filesystem::exists(fresh_file, ignored)) return KeyStore::open(directory, master, mode, options);
  std::unique_ptr<KeyStore> store;
  try {
    store = KeyStore::open(directory, load_master_key(fresh_file), mode, options);
  } catch (const StartError&) {
    // The rotation stopped before the store was wrapped anew.
    return KeyStore::open(directory, master, mode, options);
  }
  if (mode == KeyStore::Mode::read_only) return store;
  if (const auto error = store->purge_old_wrappings()) throw StartError("key store: " + error.message());
  take_name(fresh_file, file);
  return store;
}

}  // namespace countersign::keys
