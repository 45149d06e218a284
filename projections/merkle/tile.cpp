#include "projections/merkle/tile.h"

#include <charconv>

namespace countersign::projections {
namespace {

constexpr unsigned most_levels = 64;  // the specification's; ours end at 7
constexpr std::uint64_t most_index = std::uint64_t{1} << 56;

/// Decimal, without leading zeros.
std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  for (bool first = true;; first = false) {
    const bool more = text.starts_with('x');
    if (more) text.remove_prefix(1);
    if (text.size() < 3) return std::nullopt;
    unsigned group = 0;
    for (const char c : text.substr(0, 3)) {
      if (c < '0' || c > '9') return std::nullopt;
      group = group * 10 + static_cast<unsigned>(c - '0');
    }
    if (first && more && group == 0) return std::nullopt;  // leading zeros are one group at most
    index = index * 1000 + group;
    if (index > most_index) return std::nullopt;
    text.remove_prefix(3);
    if (!more) return text.empty() ? std::optional(index) : std::nullopt;
    if (!text.starts_with('/')) return std::nullopt;
    text.remove_prefix(1);
  }
}

}  // namespace

std::optional<Tile> parse_entries(std::string_view path) {
  Tile tile;
  if (const auto partial = path.find(".p/"); partial != std::string_view::npos) {
    const auto width = parse_number(path.substr(partial + 3));
    if (!width || *width == 0 || *width >= tile_width) return std::nullopt;
    tile.width = *width;
    path = path.substr(0, partial);
  }
  const auto index = parse_index(path);
  if (!index) return std::nullopt;
  tile.index = *index;
  return tile;
}

std::optional<Tile> parse_tile(std::string_view path) {
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto level = parse_number(path.substr(0, slash));
  if (!level || *level >= most_levels) return std::nullopt;
  auto tile = parse_entries(path.substr(slash + 1));
  if (tile) tile->level = *level;
  return tile;
}

std::string path_of(const Tile& tile) {
  std::string index;
  auto rest = tile.index;
  do {
    auto group = std::to_string(rest % 1000);
    group.insert(0, 3 - group.size(), '0');
    index = index.empty() ? group : "x" + group + "/" + index;
    rest /= 1000;
  } while (rest > 0);
  auto path = std::to_string(tile.level) + "/" + index;
  if (tile.width < tile_width) path += ".p/" + std::to_string(tile.width);
  return path;
}

}  // namespace countersign::projections
