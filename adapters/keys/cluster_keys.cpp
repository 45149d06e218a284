#include "adapters/keys/cluster_keys.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>

#include "adapters/keys/key_wrap.h"
#include "adapters/keys/random.h"
#include "adapters/keys/shared_rows.h"

namespace countersign::keys {
namespace {

using boost::system::error_code;

constexpr std::array telling_rows{check_row, lookup_row, log_row};
constexpr std::size_t most_rows_at_once = 1'000;
/// What a read is stopped with when it has seen enough.
const error_code seen_enough = boost::system::errc::make_error_code(boost::system::errc::operation_canceled);

[[noreturn]] void refuse(const std::string& what) {
  throw StartError("the topic of the cluster's keys " + what);
}

void refuse_unless_empty(bus::SharedTable& topic) {
  const auto read =
      topic.read(bus::Offset{}, [](auto rows, bus::Offset) { return rows.empty() ? error_code() : seen_enough; });
  if (read.has_value()) return;
  if (read.error() == seen_enough) refuse("isn't empty; what is in it was left alone");
  refuse("can't be read: " + read.error().message());
}

bus::Offset put(bus::SharedTable& topic, std::span<const bus::TableRow> rows) {
  const auto next = topic.put(rows);
  if (next.has_error())
    refuse("may hold a part of the keys now: " + next.error().message() + "; delete it, create it anew and try again");
  return *next;
}

}  // namespace

std::vector<bus::TableRow> fresh_cluster_rows(const MasterKey& master) {
  const NamedKey wrapping{master.id, master.key};
  std::vector<bus::TableRow> rows{{std::string(check_row), wrap(known_constant(), wrapping, check_row)}};
  for (const std::string_view row : {lookup_row, log_row, signing_row}) {
    rows.push_back({std::string(row), wrap({random_key_id(), random_key()}, wrapping, row)});
  }
  rows.push_back({std::string(format_row), std::string(format)});
  return rows;
}

void make_cluster_keys(const MasterKey& master, bus::SharedTable& topic, std::span<const domain::AccountId> accounts) {
  refuse_unless_empty(topic);
  const NamedKey wrapping{master.id, master.key};
  std::vector<bus::TableRow> rows = fresh_cluster_rows(master);
  const bus::TableRow format_last = std::move(rows.back());
  rows.pop_back();
  for (const domain::AccountId account : accounts) {
    const std::string row = account_row(account);
    rows.push_back({row, wrap({random_key_id(), random_key()}, wrapping, row)});
  }
  rows.push_back(format_last);
  put(topic, rows);
}

void move_keys(KeyStore& store, bus::SharedTable& topic) {
  refuse_unless_empty(topic);
  if (const error_code error = store.move_to(topic)) throw StartError("the keys can't be moved: " + error.message());
}

error_code KeyStore::move_to(bus::SharedTable& topic) {
  if (read_only_) return errc::read_only;
  if (topic_) return errc::shared;
  std::vector<bus::TableRow> rows;
  // Cluster keys first, where whoever compares them finds them at once; the format last.
  for (const char letter : std::string_view("casdf")) {
    const auto walked = for_each_row(*db_, letter, [&](std::string_view row, std::string_view value) {
      rows.push_back({std::string(row), std::string(value)});
      if (rows.size() < most_rows_at_once) return;
      put(topic, rows);
      rows.clear();
    });
    if (!walked.ok()) return errc::store_failed;
  }
  rocksdb::WriteBatch moved;
  moved.Put(position_row, encode({put(topic, rows), wall_clock()}));
  return write_here(moved);
}

std::vector<bus::TableRow> cluster_rows_of(bus::SharedTable& topic, bool copied) {
  std::vector<bus::TableRow> found;
  bool empty = true;
  const auto read = topic.read(bus::Offset{}, [&](std::span<const bus::TableRow> rows, bus::Offset) {
    empty = empty && rows.empty();
    for (const bus::TableRow& row : rows) {
      const bool telling = std::ranges::find(telling_rows, row.key) != telling_rows.end();
      if (!telling || !row.value || row.value->size() != wrapped_bytes) continue;
      const bool known = std::ranges::any_of(found, [&](const auto& other) { return other.key == row.key; });
      if (!known) found.push_back(row);
    }
    return found.size() == telling_rows.size() ? seen_enough : error_code();
  });
  if (read.has_error() && read.error() != seen_enough) refuse("can't be read: " + read.error().message());
  if (empty && copied)
    refuse(
        "is empty, although keys have been copied from it: it was made anew; `countersign cluster init` would make "
        "other keys, which open nothing");
  if (empty) refuse("is empty; run `countersign cluster init`, once for all nodes");
  if (found.size() < telling_rows.size())
    refuse("has no cluster keys; delete it, create it anew and run `countersign cluster init`");
  return found;
}

}  // namespace countersign::keys
