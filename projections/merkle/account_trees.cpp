#include "projections/merkle/account_trees.h"

#include <stdexcept>

#include "projections/big_endian.h"
#include "projections/merkle_leaf.h"

namespace countersign::projections {
namespace {

std::string leaf_of(domain::AccountId account, std::uint64_t sequence, std::string_view bytes) {
  const auto event = domain::EventView::parse(bytes);
  if (!event || event->sequence() != sequence)
    throw std::runtime_error("event " + std::to_string(sequence) + " of " + account_text(account) +
                             " in the views can't be read");
  return merkle_leaf(*event, bytes);
}

}  // namespace

struct AccountTrees::Account {
  Account(domain::AccountId id, TileStore& store) : tree(id, store) {}
  std::shared_mutex mutex;
  TiledTree tree;
};

AccountTrees::Account& AccountTrees::account(domain::AccountId id) {
  const std::lock_guard lock(accounts_mutex_);
  auto& known = accounts_[id];
  if (!known) known = std::make_shared<Account>(id, store_);
  return *known;
}

bool AccountTrees::catch_up(domain::AccountId id) {
  auto& known = account(id);
  const std::unique_lock lock(known.mutex);
  std::size_t taken = 0;
  views_.events_from(id, known.tree.size() + 1, [&](std::string_view bytes, bus::FrameNumber) {
    known.tree.append(hash_of_leaf(leaf_of(id, known.tree.size() + 1, bytes)));
    return ++taken < chunk_events_;
  });
  return taken < chunk_events_;
}

std::uint64_t AccountTrees::size(domain::AccountId id) {
  auto& known = account(id);
  const std::shared_lock lock(known.mutex);
  return known.tree.size();
}

TreeHead AccountTrees::head(domain::AccountId id) {
  auto& known = account(id);
  const std::shared_lock lock(known.mutex);
  return known.tree.head(known.tree.size());
}

TreeHead AccountTrees::head(domain::AccountId id, std::uint64_t size) {
  auto& known = account(id);
  const std::shared_lock lock(known.mutex);
  return known.tree.head(size);
}

std::optional<std::string> AccountTrees::tile(domain::AccountId id, const Tile& tile) {
  auto& known = account(id);
  const std::shared_lock lock(known.mutex);
  return known.tree.tile(tile);
}

std::optional<std::string> AccountTrees::entries(domain::AccountId id, const Tile& tile) {
  if (tile.index * tile_width + tile.width > size(id)) return std::nullopt;
  std::string bundle;
  auto sequence = tile.index * tile_width;
  const auto last = sequence + tile.width;
  views_.events_from(id, sequence + 1, [&](std::string_view bytes, bus::FrameNumber) {
    bundle += entry_of(leaf_of(id, ++sequence, bytes));
    return sequence < last;
  });
  return bundle;
}

std::string entry_of(std::string_view leaf) {
  std::string entry;
  append_big_endian(entry, leaf.size(), 2);
  return entry.append(leaf);
}

}  // namespace countersign::projections
