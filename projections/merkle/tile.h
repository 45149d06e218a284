#pragma once
// Which tile of a log (C2SP tlog-tiles): 256 hashes of tree level 8 x `level`, or the newest of them while it grows. In
// paths: "0/x001/x234/067" and, partial, "0/x001/x234/067.p/8"; entry bundles are named alike, without the level.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::projections {

inline constexpr unsigned tile_height = 8;
inline constexpr std::uint64_t tile_width = 256;

struct Tile {
  unsigned level = 0;  ///< 0: hashes of leaves
  std::uint64_t index = 0;
  unsigned width = tile_width;  ///< 1 to 256 hashes

  bool operator==(const Tile&) const = default;
};

/// Nothing for anything that isn't exactly a path of the specification: one tile has one name.
std::optional<Tile> parse_tile(std::string_view path);
/// The same without a level, which is 0.
std::optional<Tile> parse_entries(std::string_view path);
std::string path_of(const Tile& tile);

/// How many hashes the level of this tile has in a log of `size` leaves.
inline std::uint64_t hashes_at(unsigned level, std::uint64_t size) {
  const auto height = tile_height * level;
  return height >= 64 ? 0 : size >> height;
}

}  // namespace countersign::projections
