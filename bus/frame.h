#pragma once
// The records of a partition log: claims, frames and releases, and their bytes.
//
// Bytes: header (32) | FlatBuffers body (bus/frame.fbs) | HMAC-SHA-256 (32) under the log key over all before it.
//   0 magic "CSfr" | 4 format u16 | 6 reader u16: oldest format a reader must know to read this | 8 kind u8 | 9
//   release, 3 x u8: the first release that reads it | 12 partition u32 | 16 cluster id (16)           integers are
//   big-endian
// The first eight bytes, the release and the HMAC at the end stay where they are in every format to come, so that an
// older reader can tell a newer record from damage and from forgery, and say which release is needed.
//
// Concurrency: one FrameCodec per thread. Limits: max_record_bytes for a whole record.

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/acceptance_state.h"
#include "bus/errc.h"
#include "bus/log_identity.h"
#include "bus/work.h"

namespace countersign::bus {

constexpr std::size_t record_header_bytes = 32;
constexpr std::size_t record_mac_bytes = 32;

// `format` of the three is the oldest that a reader must know (bus/format.h).
// Strings and byte strings of the three are borrowed: from the record's bytes after decoding.

/// Opens a term: from here on, `node` writes this partition.
struct Claim {
  Term term{};
  Nonce nonce{};
  TimeMs time{};
  std::string_view node;
  std::string_view address;
  std::uint16_t format = 1;

  bool operator==(const Claim&) const = default;
};

/// What one commit appends.
struct Frame {
  Term term{};
  Nonce nonce{};
  FrameNumber number{};
  Bytes32 previous{};  ///< head before this frame
  TimeMs time{};
  std::vector<std::string_view> events;
  std::vector<std::string_view> answers;
  std::uint16_t format = 1;

  bool operator==(const Frame&) const = default;
};

/// Ends a term kindly.
struct Release {
  Term term{};
  Nonce nonce{};
  FrameNumber number{};
  Bytes32 previous{};
  std::string_view successor;
  std::uint16_t format = 1;

  bool operator==(const Release&) const = default;
};

using Record = std::variant<Claim, Frame, Release>;

class FrameCodec {
 public:
  FrameCodec(const LogIdentity& identity, std::string_view log_key);

  /// Throws std::length_error above max_record_bytes: who fills a frame must ask encoded_size_bound() before.
  std::string encode(const Claim& claim);
  std::string encode(const Frame& frame);
  std::string encode(const Release& release);

  /// errc::damaged, forged, newer_format, wrong_cluster or wrong_partition. The record borrows from `bytes`, which is a
  /// std::string because its storage is aligned as FlatBuffers want it.
  boost::system::result<Record> decode(const std::string& bytes);

 private:
  std::string seal(std::uint8_t kind, std::uint16_t format, std::string_view body);

  LogIdentity identity_;
  HmacSha256 mac_;
};

/// As FrameCodec::decode, but the HMAC is not checked: for audits that have no keys, which must say so. Nothing that
/// decides or serves may believe what comes out of it.
boost::system::result<Record> decode_unauthenticated(const LogIdentity& identity, const std::string& bytes);

/// No frame with these contents is larger than this.
std::size_t encoded_size_bound(const FrameContents& contents);
/// What one more event or answer of `bytes` adds to the bound, and the bound of a frame with none.
constexpr std::size_t encoded_size_bound(std::size_t bytes) {
  return bytes + 32;
}
constexpr std::size_t encoded_empty_bound = 512;

/// For a record that decode() refused as newer_format: which format it has and which release reads it.
std::string describe_newer_format(std::string_view bytes);

/// The HMAC at a record's end; nothing when the bytes are not a record's shape.
std::optional<std::string_view> record_mac(std::string_view bytes);
/// Whether the header says that the record is a claim, unverified.
bool is_claim(std::string_view bytes);
/// Number and previous head as a frame or release of our own says them, unverified; nothing for others.
struct ChainPlace {
  FrameNumber number{};
  Bytes32 previous{};
};
std::optional<ChainPlace> peek_chain_place(const std::string& bytes);

}  // namespace countersign::bus
