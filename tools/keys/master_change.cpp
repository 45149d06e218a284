#include "tools/keys/master_change.h"

#include <stdexcept>

#include "adapters/keys/master_rotation.h"
#include "tools/replay/folding.h"

namespace countersign::key_tool {

namespace fs = std::filesystem;
using keys::KeyStore;

namespace {

fs::path or_default(const fs::path& file, const fs::path& directory) {
  return file.empty() ? directory / "master-key" : file;
}

std::string id_text(const keys::KeyId& id) {
  return keys::hex(id.view());
}

bool opens_with(const fs::path& store, const keys::MasterKey& master) {
  try {
    KeyStore::open(store, master, KeyStore::Mode::read_only);
    return true;
  } catch (const keys::StartError&) {
    return false;
  }
}

}  // namespace

std::string change_master(const MasterChange& change) {
  const auto store_directory = change.data_directory / "keys";
  if (!keys::key_store_exists(store_directory))
    throw std::runtime_error("there is no key store in " + store_directory.string());
  const replay::DirectoryLock lock(change.data_directory);
  const auto old_file = or_default(change.old_file, change.data_directory);
  std::error_code ignored;
  if (fs::equivalent(old_file, change.new_file, ignored))
    throw std::runtime_error("the new master key needs a file of its own, not " + old_file.string());
  if (fs::exists(change.new_file)) {
    const auto fresh = keys::load_master_key(change.new_file);
    if (opens_with(store_directory, fresh)) {
      // The last run may have been broken off before the old wrappings were gone from the files.
      const auto store = KeyStore::open(store_directory, fresh, KeyStore::Mode::open_existing);
      if (const auto error = store->purge_old_wrappings())
        throw std::runtime_error("the key store: " + error.message());
      return "the keys are wrapped by the master key " + id_text(fresh.id) + " already";
    }
  }
  // Opened first: with a wrong old key nothing new is made.
  const auto store = keys::open_with_master_file(store_directory, old_file, KeyStore::Mode::open_existing);
  const auto before = store->master_id();
  const auto fresh = keys::load_or_create_master_key(change.new_file, true);
  if (const auto error = store->rotate_master(fresh)) throw std::runtime_error("the key store: " + error.message());
  return "the keys are wrapped by the master key " + id_text(fresh.id) + " in " + change.new_file.string() +
         " now; the old one (" + id_text(before) + ") still opens older backups: keep it apart from them";
}

std::string change_signing(const fs::path& data_directory, const fs::path& master_file) {
  const replay::DirectoryLock lock(data_directory);
  const auto store = keys::open_with_master_file(data_directory / "keys", or_default(master_file, data_directory),
                                                 KeyStore::Mode::open_existing);
  const auto before = store->cluster().signing.id;
  if (const auto error = store->rotate_signing()) throw std::runtime_error("the key store: " + error.message());
  return "checkpoints are signed by the key " + id_text(store->cluster().signing.id) + " from now on; what " +
         id_text(before) + " has signed stays verifiable: GET /v1/log/key names both";
}

std::vector<std::string> key_ids(const fs::path& data_directory, const fs::path& master_file) {
  const auto store = keys::open_with_master_file(data_directory / "keys", or_default(master_file, data_directory),
                                                 KeyStore::Mode::read_only);
  return {"master  " + id_text(store->master_id()), "look-up " + id_text(store->cluster().lookup.id),
          "log     " + id_text(store->cluster().log.id), "signing " + id_text(store->cluster().signing.id)};
}

}  // namespace countersign::key_tool
