#include "tools/replay/copying/key_copy.h"

#include <stdexcept>

#include "adapters/keys/cluster_keys.h"
#include "adapters/keys/key_rows.h"
#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"

namespace countersign::replay {

namespace fs = std::filesystem;

namespace {
constexpr int most_tries = 3;
}  // namespace

bool is_complete(bus::SharedTable& table) {
  const auto seen_enough = boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
  bool complete = false;
  const auto read = table.read({}, [&](std::span<const bus::TableRow> rows, bus::Offset) {
    for (const auto& row : rows) complete = complete || (row.key == keys::format_row && row.value);
    return complete ? seen_enough : boost::system::error_code();
  });
  if (read.has_error() && read.error() != seen_enough)
    throw std::runtime_error("the topic of the keys can't be read: " + read.error().message());
  return complete;
}

/// Passes everything on but the format's row.
class KeysToTable::Held final : public bus::SharedTable {
 public:
  explicit Held(bus::SharedTable& table) : table_(table) {}

  boost::system::result<bus::Offset> put(std::span<const bus::TableRow> rows) override {
    std::vector<bus::TableRow> passed_on;
    for (const auto& row : rows) (row.key == keys::format_row ? held_ : passed_on).push_back(row);
    if (passed_on.empty()) return next_;
    const auto put = table_.put(passed_on);
    if (put.has_value()) next_ = *put;
    return put;
  }
  boost::system::result<bus::Offset> read(bus::Offset from, const Apply& apply) override {
    return table_.read(from, apply);
  }
  void follow(bus::Offset, Apply) override {}
  void stop() override {}
  bool caught_up(std::chrono::milliseconds) override { return false; }
  bus::Offset position() const override { return {}; }

  const std::vector<bus::TableRow>& held() const { return held_; }
  bus::SharedTable& table() { return table_; }

 private:
  bus::SharedTable& table_;
  std::vector<bus::TableRow> held_;
  bus::Offset next_{};
};

KeysToTable::KeysToTable(const fs::path& store, const fs::path& master_key_file, bus::SharedTable& table,
                         std::uint32_t partitions)
    : held_(std::make_unique<Held>(table)) {
  const Scratch scratch;
  const auto copy = scratch.path() / "keys";
  fs::copy(store, copy, fs::copy_options::recursive);
  const auto keys = keys::open_with_master_file(copy, master_key_file, keys::KeyStore::Mode::open_existing);
  const auto rotations = keys->unreported_rotations();
  if (rotations.has_error() || !rotations->empty())
    throw std::runtime_error("the master key was changed and no event tells of it yet: start and stop the server once");
  for (std::uint32_t n = 0; n < partitions; ++n)
    if (const auto error = keys->create_account_key(domain::system_account(n)))
      throw std::runtime_error("a key can't be made: " + error.message());
  keys::move_keys(*keys, *held_);
}

KeysToTable::~KeysToTable() = default;

void KeysToTable::complete() {
  if (held_->held().size() != 1) throw std::logic_error("the key store has no format");
  boost::system::error_code failed;
  for (int tries = 0; tries < most_tries; ++tries) {  // twice in the table is as good as once
    const auto put = held_->table().put(held_->held());
    if (put.has_value()) return;
    failed = put.error();
  }
  throw std::runtime_error("all is copied, but it is in doubt whether the keys' last row was written: " +
                           failed.message() + "; countersign-replay verify of the cluster says whether it was");
}

void keys_to_store(const ClusterSource& from, const fs::path& store) {
  if (const auto error = from.keys().checkpoint_to(store))
    throw std::runtime_error("the keys can't be copied to " + store.string() + ": " + error.message());
  {
    rocksdb::DB* opened = nullptr;
    auto status = rocksdb::DB::Open({}, store.string(), &opened);
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    if (status.ok()) status = db->Delete(synced, keys::position_row);  // a copy of a topic no longer
    if (!status.ok()) throw std::runtime_error("the keys in " + store.string() + ": " + status.ToString());
  }
  const auto keys = keys::open_with_master_file(store, from.master_key_file(), keys::KeyStore::Mode::open_existing);
  if (keys::log_identity(*keys) != from.identity(0)) throw std::logic_error("the copied keys are others");
}

}  // namespace countersign::replay
