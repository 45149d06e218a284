#include "bus/frame.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "bus/format.h"
#include "bus/frame_generated.h"
#include "bus/partition_log.h"
#include "bus/planted.h"

namespace countersign::bus {
namespace {

constexpr std::string_view magic = "CSfr";
enum Kind : std::uint8_t { claim_kind = 1, frame_kind = 2, release_kind = 3 };

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}
std::uint16_t u16_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}
std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  return std::uint32_t{u16_at(bytes, at)} << 16 | u16_at(bytes, at + 2);
}

bool has_shape(std::string_view bytes) {
  return bytes.size() >= record_header_bytes + record_mac_bytes && bytes.substr(0, magic.size()) == magic;
}

template <std::size_t size>
bool read_array(const flatbuffers::Vector<std::uint8_t>* from, std::array<std::uint8_t, size>& to) {
  if (from == nullptr || from->size() != size) return false;
  std::copy(from->begin(), from->end(), to.begin());
  return true;
}

std::string_view text(const flatbuffers::String* string) {
  return string ? string->string_view() : std::string_view{};
}

bool read_blobs(const flatbuffers::Vector<flatbuffers::Offset<wire::Blob>>* from, std::vector<std::string_view>& to) {
  if (from == nullptr) return true;
  to.reserve(from->size());
  for (const wire::Blob* blob : *from) {
    if (blob->bytes() == nullptr) return false;
    to.emplace_back(reinterpret_cast<const char*>(blob->bytes()->data()), blob->bytes()->size());
  }
  return true;
}

template <class Table>
const Table* verified(std::string_view body) {
  // A record has at most max_record_bytes, so a table per event of one byte is the most there can be.
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(body.data()), body.size(), 8,
                                 max_record_bytes / 8);
  if (!verifier.VerifyBuffer<Table>(nullptr)) return nullptr;
  return flatbuffers::GetRoot<Table>(body.data());
}

std::optional<Record> read_claim(std::string_view body) {
  const auto* table = verified<wire::Claim>(body);
  Claim claim;
  if (!table || !read_array(table->nonce(), claim.nonce)) return std::nullopt;
  claim.term = Term{table->term()};
  claim.time = TimeMs{table->time_ms()};
  claim.node = text(table->node());
  claim.address = text(table->address());
  return claim;
}

std::optional<Record> read_frame(std::string_view body) {
  const auto* table = verified<wire::Frame>(body);
  Frame frame;
  if (!table || !read_array(table->nonce(), frame.nonce) || !read_array(table->previous(), frame.previous) ||
      !read_blobs(table->events(), frame.events) || !read_blobs(table->answers(), frame.answers)) {
    return std::nullopt;
  }
  frame.term = Term{table->term()};
  frame.number = FrameNumber{table->number()};
  frame.time = TimeMs{table->time_ms()};
  return frame;
}

std::optional<Record> read_release(std::string_view body) {
  const auto* table = verified<wire::Release>(body);
  Release release;
  if (!table || !read_array(table->nonce(), release.nonce) || !read_array(table->previous(), release.previous)) {
    return std::nullopt;
  }
  release.term = Term{table->term()};
  release.number = FrameNumber{table->number()};
  release.successor = text(table->successor());
  return release;
}

template <std::size_t size>
auto put_array(flatbuffers::FlatBufferBuilder& builder, const std::array<std::uint8_t, size>& bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

auto put_text(flatbuffers::FlatBufferBuilder& builder, std::string_view string) {
  return builder.CreateString(string.data(), string.size());
}

auto put_blobs(flatbuffers::FlatBufferBuilder& builder, const std::vector<std::string_view>& blobs) {
  std::vector<flatbuffers::Offset<wire::Blob>> offsets;
  offsets.reserve(blobs.size());
  for (std::string_view blob : blobs) {
    builder.ForceVectorAlignment(blob.size(), 1, 8);
    const auto bytes = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(blob.data()), blob.size());
    offsets.push_back(wire::CreateBlob(builder, bytes));
  }
  return builder.CreateVector(offsets);
}

std::string_view finished(flatbuffers::FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::array<std::uint8_t, 3> first_release_that_reads(std::uint16_t format) {
  const auto known = std::ranges::find(formats(), format, &Format::number);
  if (known == formats().end())
    throw std::invalid_argument("this release can't write format " + std::to_string(format));
  return known->release;
}

std::string release_text(std::string_view bytes) {
  return std::to_string(byte_at(bytes, 9)) + "." + std::to_string(byte_at(bytes, 10)) + "." +
         std::to_string(byte_at(bytes, 11));
}

}  // namespace

FrameCodec::FrameCodec(const LogIdentity& identity, std::string_view log_key) : identity_(identity), mac_(log_key) {}

std::string FrameCodec::seal(std::uint8_t kind, std::uint16_t format, std::string_view body) {
  std::string record;
  record.reserve(record_header_bytes + body.size() + record_mac_bytes);
  const auto put = [&record](std::uint32_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) record.push_back(static_cast<char>(number >> shift));
  };
  record.append(magic);
  put(format, 2);
  put(format, 2);
  put(kind, 1);
  for (const std::uint8_t part : first_release_that_reads(format)) put(part, 1);
  put(identity_.partition, 4);
  record.append(identity_.cluster.begin(), identity_.cluster.end());
  record.append(body);
  const Bytes32 mac = mac_(record);
  record.append(view(mac));
  if (record.size() > max_record_bytes)
    throw std::length_error("a frame of " + std::to_string(record.size()) + " bytes");
  return record;
}

std::string FrameCodec::encode(const Claim& claim) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto nonce = put_array(builder, claim.nonce);
  const auto node = put_text(builder, claim.node);
  const auto address = put_text(builder, claim.address);
  builder.Finish(wire::CreateClaim(builder, value(claim.term), nonce, value(claim.time), node, address));
  return seal(claim_kind, claim.format, finished(builder));
}

std::string FrameCodec::encode(const Frame& frame) {
  std::size_t size = encoded_empty_bound;
  for (const auto& event : frame.events) size += encoded_size_bound(event.size());
  for (const auto& answer : frame.answers) size += encoded_size_bound(answer.size());
  flatbuffers::FlatBufferBuilder builder(size);
  const auto nonce = put_array(builder, frame.nonce);
  const auto previous = put_array(builder, frame.previous);
  const auto events = put_blobs(builder, frame.events);
  const auto answers = put_blobs(builder, frame.answers);
  builder.Finish(wire::CreateFrame(builder, value(frame.term), nonce, value(frame.number), previous, value(frame.time),
                                   events, answers));
  return seal(frame_kind, frame.format, finished(builder));
}

std::string FrameCodec::encode(const Release& release) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto nonce = put_array(builder, release.nonce);
  const auto previous = put_array(builder, release.previous);
  const auto successor = put_text(builder, release.successor);
  builder.Finish(wire::CreateRelease(builder, value(release.term), nonce, value(release.number), previous, successor));
  return seal(release_kind, release.format, finished(builder));
}

boost::system::result<Record> FrameCodec::decode(const std::string& bytes) {
  if (!has_shape(bytes) || bytes.size() > max_record_bytes) return errc::damaged;
  const std::string_view all(bytes);
  const std::string_view signed_part = all.substr(0, all.size() - record_mac_bytes);
  // Before anything is believed: a stranger's "newer format" must not be able to stop a partition.
  if (!planted(Bug::skip_hmac) && !equal_constant_time(view(mac_(signed_part)), all.substr(signed_part.size()))) {
    return errc::forged;
  }
  return decode_unauthenticated(identity_, bytes);
}

boost::system::result<Record> decode_unauthenticated(const LogIdentity& identity, const std::string& bytes) {
  if (!has_shape(bytes) || bytes.size() > max_record_bytes) return errc::damaged;
  if (u16_at(bytes, 6) > newest_format()) return errc::newer_format;
  if (!std::equal(identity.cluster.begin(), identity.cluster.end(),
                  reinterpret_cast<const std::uint8_t*>(bytes.data()) + 16)) {
    return errc::wrong_cluster;
  }
  if (u32_at(bytes, 12) != identity.partition) return errc::wrong_partition;
  const std::string_view body =
      std::string_view(bytes).substr(record_header_bytes, bytes.size() - record_header_bytes - record_mac_bytes);
  std::optional<Record> record;
  switch (byte_at(bytes, 8)) {
    case claim_kind: record = read_claim(body); break;
    case frame_kind: record = read_frame(body); break;
    case release_kind: record = read_release(body); break;
    default: break;
  }
  if (!record) return errc::damaged;
  std::visit([&](auto& any) { any.format = u16_at(bytes, 6); }, *record);
  return *std::move(record);
}

std::size_t encoded_size_bound(const FrameContents& contents) {
  std::size_t size = encoded_empty_bound;
  for (const auto& event : contents.events) size += encoded_size_bound(event.size());
  for (const auto& answer : contents.answers) size += encoded_size_bound(answer.size());
  return size;
}

std::string describe_newer_format(std::string_view bytes) {
  if (!has_shape(bytes)) return "not a record";
  return "a log record has format " + std::to_string(u16_at(bytes, 4)) + " and needs a reader of format " +
         std::to_string(u16_at(bytes, 6)) + "; this is Countersign " + this_release() + ", which reads up to format " +
         std::to_string(newest_format()) + ": install release " + release_text(bytes) + " or newer";
}

std::optional<std::string_view> record_mac(std::string_view bytes) {
  if (!has_shape(bytes)) return std::nullopt;
  return bytes.substr(bytes.size() - record_mac_bytes);
}

bool is_claim(std::string_view bytes) {
  return has_shape(bytes) && byte_at(bytes, 8) == claim_kind;
}

std::optional<ChainPlace> peek_chain_place(const std::string& bytes) {
  if (!has_shape(bytes)) return std::nullopt;
  const std::string_view body =
      std::string_view(bytes).substr(record_header_bytes, bytes.size() - record_header_bytes - record_mac_bytes);
  ChainPlace place;
  const auto read = [&place](const auto* table) {
    if (!table || !read_array(table->previous(), place.previous)) return false;
    place.number = FrameNumber{table->number()};
    return true;
  };
  if (byte_at(bytes, 8) == frame_kind && read(verified<wire::Frame>(body))) return place;
  if (byte_at(bytes, 8) == release_kind && read(verified<wire::Release>(body))) return place;
  return std::nullopt;
}

}  // namespace countersign::bus
