#include "bus/acceptance_state.h"

#include <algorithm>

namespace countersign::bus {
namespace {

// version u8 | term u64 | nonce 16 | released u8 | last u64 | head 32 | time i64 | next i64 | format u16, big-endian |
// node 00 address (nothing before the first claim)
constexpr std::uint8_t version = 3;
constexpr std::size_t fixed_bytes = 1 + 8 + 16 + 1 + 8 + 32 + 8 + 8 + 2;

void put_u64(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

std::uint64_t take_u64(std::string_view& in) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<std::uint8_t>(in[i]);
  in.remove_prefix(8);
  return number;
}

template <std::size_t size>
void take_array(std::string_view& in, std::array<std::uint8_t, size>& out) {
  std::copy_n(in.begin(), size, out.begin());
  in.remove_prefix(size);
}

}  // namespace

bool AcceptanceState::operator==(const AcceptanceState& other) const {
  const bool same_writer = writer && other.writer ? *writer == *other.writer : writer == other.writer;
  return term == other.term && nonce == other.nonce && released == other.released && last == other.last &&
         head == other.head && time == other.time && next == other.next && format == other.format && same_writer;
}

std::string encode(const AcceptanceState& state) {
  std::string out;
  out.reserve(fixed_bytes + 64);
  out.push_back(version);
  put_u64(out, value(state.term));
  out.append(state.nonce.begin(), state.nonce.end());
  out.push_back(state.released ? 1 : 0);
  put_u64(out, value(state.last));
  out.append(view(state.head));
  put_u64(out, static_cast<std::uint64_t>(value(state.time)));
  put_u64(out, static_cast<std::uint64_t>(value(state.next)));
  out.push_back(static_cast<char>(state.format >> 8));
  out.push_back(static_cast<char>(state.format));
  if (state.writer) out.append(state.writer->node).append(1, '\0').append(state.writer->address);
  return out;
}

std::optional<AcceptanceState> decode_acceptance_state(std::string_view bytes) {
  if (bytes.size() < fixed_bytes || bytes.front() != version) return std::nullopt;
  bytes.remove_prefix(1);
  AcceptanceState state;
  state.term = Term{take_u64(bytes)};
  take_array(bytes, state.nonce);
  if (bytes.front() != 0 && bytes.front() != 1) return std::nullopt;
  state.released = bytes.front() == 1;
  bytes.remove_prefix(1);
  state.last = FrameNumber{take_u64(bytes)};
  take_array(bytes, state.head);
  state.time = TimeMs{static_cast<std::int64_t>(take_u64(bytes))};
  state.next = Offset{static_cast<std::int64_t>(take_u64(bytes))};
  std::array<std::uint8_t, 2> format{};
  take_array(bytes, format);
  state.format = static_cast<std::uint16_t>(format[0] << 8 | format[1]);
  if (bytes.empty()) return state;
  const auto end = bytes.find('\0');
  if (end == bytes.npos) return std::nullopt;
  state.writer =
      std::make_shared<const Writer>(Writer{std::string(bytes.substr(0, end)), std::string(bytes.substr(end + 1))});
  return state;
}

}  // namespace countersign::bus
