#pragma once
// Compact bytes for rows: LEB128 numbers, fixed ids and digests, length-prefixed texts. Internal to projections/.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "domain/ids.h"
#include "domain/seal.h"

namespace countersign::projections {

class RowWriter {
 public:
  RowWriter& reserve(std::size_t bytes) {
    out_.reserve(bytes);
    return *this;
  }
  RowWriter& number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
    return *this;
  }
  RowWriter& time(domain::UnixMs value) { return number(static_cast<std::uint64_t>(value)); }
  RowWriter& flag(bool value) { return number(value ? 1 : 0); }
  RowWriter& text(std::string_view value) {
    number(value.size());
    out_ += value;
    return *this;
  }
  RowWriter& uuid(const domain::Uuid& value) {
    out_ += value.view();
    return *this;
  }
  /// A zero digest takes one byte.
  RowWriter& digest(const domain::Digest& value) {
    const bool present = value != domain::Digest{};
    flag(present);
    if (present) out_ += domain::view(value);
    return *this;
  }
  RowWriter& seal(const domain::Seal& value) {
    text(value.sealed);
    if (value.sealed.empty()) return *this;
    out_ += domain::view(value.clear_hash);
    return uuid(value.event.uuid);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("view row: number too long");
  }
  domain::UnixMs time() { return static_cast<domain::UnixMs>(number()); }
  bool flag() { return number() != 0; }
  std::string_view text() { return take(number()); }
  domain::Uuid uuid() { return domain::uuid_from(take(16)); }
  domain::Digest digest() {
    domain::Digest value{};
    if (flag()) fixed(value);
    return value;
  }
  domain::Seal seal() {
    domain::Seal value;
    value.sealed = text();
    if (value.sealed.empty()) return value;
    fixed(value.clear_hash);
    value.event.uuid = uuid();
    return value;
  }
  template <class Enum>
  Enum enumerator() {
    return static_cast<Enum>(number());
  }
  bool at_end() const { return rest_.empty(); }

 private:
  void fixed(domain::Digest& value) { std::memcpy(value.data(), take(value.size()).data(), value.size()); }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("view row: too short");
    const auto bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string_view rest_;
};

}  // namespace countersign::projections
