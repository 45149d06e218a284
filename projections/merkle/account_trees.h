#pragma once
// The Merkle trees of all accounts that somebody has asked for, as of the events in the views: event `sequence` is leaf
// `sequence` - 1. An outward projection: it holds nothing that the views don't, and has no position of its own.
//
// After every start a tree is made again from its account's first event on, and tiles on disk that differ are written
// again: what a signature stands for must follow from the events, not from a copy of their hashes (docs/adr/0010).
//
// Concurrency: any thread. One account's readers wait for one that brings it up to date, `chunk_events` at most.

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "projections/merkle/tiled_tree.h"
#include "projections/views.h"

namespace countersign::projections {

class AccountTrees {
  struct Account;

 public:
  AccountTrees(const Views& views, TileStore& store, std::size_t chunk_events = 1'024)
      : views_(views), store_(store), chunk_events_(chunk_events) {}

  /// Takes the next events from the views, a chunk at most; whether that was all of them. Throws std::runtime_error
  /// naming the event that can't be read.
  bool catch_up(domain::AccountId account);

  std::uint64_t size(domain::AccountId account);
  /// The newest head.
  TreeHead head(domain::AccountId account);
  /// The head at a size that has been reached. Throws std::logic_error otherwise.
  TreeHead head(domain::AccountId account, std::uint64_t size);
  /// A tile's hashes; nothing when the tree isn't that large.
  std::optional<std::string> tile(domain::AccountId account, const Tile& tile);
  /// The leaves below a tile of level 0, each behind its length in two bytes, big-endian.
  std::optional<std::string> entries(domain::AccountId account, const Tile& tile);

 private:
  Account& account(domain::AccountId id);

  const Views& views_;
  TileStore& store_;
  const std::size_t chunk_events_;
  std::mutex accounts_mutex_;
  std::unordered_map<domain::AccountId, std::shared_ptr<Account>, domain::UuidHash> accounts_;
};

/// A leaf as it stands in an entry bundle.
std::string entry_of(std::string_view leaf);

}  // namespace countersign::projections
