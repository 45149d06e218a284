#include "projections/merkle/tiled_tree.h"

#include <algorithm>
#include <stdexcept>

namespace countersign::projections {
namespace {

std::string bytes_of(std::span<const TreeHash> hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * sizeof(TreeHash));
  for (const auto& hash : hashes) bytes += bus::view(hash);
  return bytes;
}

std::vector<TreeHash> hashes_of(std::string_view bytes) {
  std::vector<TreeHash> hashes(bytes.size() / sizeof(TreeHash));
  for (std::size_t i = 0; i < hashes.size(); ++i)
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * sizeof(TreeHash)), sizeof(TreeHash), hashes[i].begin());
  return hashes;
}

}  // namespace

void TiledTree::append(const TreeHash& leaf) {
  try {
    auto hash = leaf;
    ++size_;
    for (unsigned level = 0;; ++level) {
      if (level == growing_.size()) growing_.emplace_back();
      auto& growing = growing_[level];
      growing.push_back(hash);
      if (growing.size() < tile_width) return;
      store_.put(account_, level, hashes_at(level + 1, size_) - 1, bytes_of(growing));
      hash = root_of_perfect(growing);
      growing.clear();
    }
  } catch (...) {
    size_ = 0;
    growing_.clear();
    throw;
  }
}

std::string TiledTree::stored(unsigned level, std::uint64_t index) const {
  auto tile = store_.get(account_, level, index);
  if (!tile || tile->size() != tile_width * sizeof(TreeHash))
    throw std::runtime_error("the Merkle tile " + path_of({level, index}) + " of " + account_text(account_) +
                             " is not where it was written; a restart writes it again");
  return *tile;
}

std::optional<std::string> TiledTree::tile(const Tile& tile) const {
  const auto hashes = hashes_at(tile.level, size_);
  if (tile.index > hashes / tile_width || tile.index * tile_width + tile.width > hashes) return std::nullopt;
  if (tile.index < hashes / tile_width) return stored(tile.level, tile.index).substr(0, tile.width * sizeof(TreeHash));
  return bytes_of(std::span(growing_[tile.level]).first(tile.width));
}

TreeHash TiledTree::subtree(unsigned level, std::uint64_t index) const {
  const auto height = level % tile_height;
  const auto first = index << height;  // among the hashes of the tile's level
  const auto width = std::size_t{1} << height;
  const Tile wanted{level / tile_height, first / tile_width, static_cast<unsigned>(first % tile_width + width)};
  const auto bytes = tile(wanted);
  if (!bytes) throw std::logic_error("no such subtree");
  return root_of_perfect(hashes_of(std::string_view(*bytes).substr(first % tile_width * sizeof(TreeHash))));
}

TreeHead TiledTree::head(std::uint64_t size) const {
  if (size > size_) throw std::logic_error("the tree has not been that large");
  return {size, root_of(size, [this](unsigned level, std::uint64_t index) { return subtree(level, index); })};
}

}  // namespace countersign::projections
