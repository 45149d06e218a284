#pragma once
// How the embedded log's database spells offsets and says what went wrong. Only for bus/embedded_log*.cpp.

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <optional>
#include <string>

#include "bus/errc.h"
#include "bus/position.h"

namespace countersign::bus {

/// Big-endian, so that keys sort as offsets do.
inline std::string key_of(Offset offset) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(value(offset) >> shift));
  return key;
}

/// Nothing for a key that isn't one of ours.
inline std::optional<Offset> offset_of(const rocksdb::Slice& key) {
  if (key.size() != 8 || (key[0] & 0x80) != 0) return std::nullopt;
  std::int64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<std::uint8_t>(key[i]);
  return Offset{number};
}

inline errc code_of(const rocksdb::Status& status) {
  if (status.IsCorruption()) return errc::corrupt;
  if (status.IsNoSpace()) return errc::no_space;
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) return errc::in_use;
  return errc::io_error;
}

}  // namespace countersign::bus
