#include "bus/anchor.h"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <array>

#include "bus/frame.h"
#include "bus/planted.h"

namespace countersign::bus {
namespace {

constexpr std::size_t slot_bytes = 4096;
constexpr std::string_view magic = "CSanchor";
constexpr std::uint8_t version = 1;
// magic 8 | version u8 | cluster 16 | partition u32 | count u64 | offset i64 | number u64 | previous 32 | fingerprint
// 32
constexpr std::size_t content_bytes = 8 + 1 + 16 + 4 + 8 + 8 + 8 + 32 + 32;

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

std::uint64_t take(std::string_view& in, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | static_cast<std::uint8_t>(in[i]);
  in.remove_prefix(bytes);
  return number;
}

template <std::size_t size>
void take(std::string_view& in, std::array<std::uint8_t, size>& out) {
  std::copy_n(in.begin(), size, out.begin());
  in.remove_prefix(size);
}

std::string encode_slot(const AnchorContents& contents) {
  std::string slot(magic);
  put(slot, version, 1);
  slot.append(contents.identity.cluster.begin(), contents.identity.cluster.end());
  put(slot, contents.identity.partition, 4);
  put(slot, contents.count, 8);
  put(slot, static_cast<std::uint64_t>(value(contents.mark.offset)), 8);
  put(slot, value(contents.mark.number), 8);
  slot.append(view(contents.mark.previous));
  slot.append(view(contents.mark.fingerprint));
  slot.append(view(sha256(slot)));
  slot.resize(slot_bytes, '\0');
  return slot;
}

std::optional<AnchorContents> decode_slot(std::string_view slot) {
  if (slot.size() < content_bytes + sizeof(Bytes32)) return std::nullopt;
  const Bytes32 checksum = sha256(slot.substr(0, content_bytes));
  if (slot.substr(content_bytes, checksum.size()) != view(checksum)) return std::nullopt;
  if (slot.substr(0, magic.size()) != magic || slot[magic.size()] != version) return std::nullopt;
  slot.remove_prefix(magic.size() + 1);
  AnchorContents contents;
  take(slot, contents.identity.cluster);
  contents.identity.partition = static_cast<std::uint32_t>(take(slot, 4));
  contents.count = take(slot, 8);
  contents.mark.offset = Offset{static_cast<std::int64_t>(take(slot, 8))};
  contents.mark.number = FrameNumber{take(slot, 8)};
  take(slot, contents.mark.previous);
  take(slot, contents.mark.fingerprint);
  return contents;
}

/// What a later release wrote may have any layout behind its version.
bool is_of_newer_version(std::string_view slot) {
  return slot.size() > magic.size() && slot.starts_with(magic) &&
         static_cast<std::uint8_t>(slot[magic.size()]) > version;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::uint64_t slot_place(std::uint64_t count) {
  return count % 2 * slot_bytes;
}

}  // namespace

Bytes32 fingerprint(const std::string& record) {
  const auto mac = record_mac(record);
  if (!mac) return sha256(record);
  Bytes32 bytes;
  std::copy(mac->begin(), mac->end(), bytes.begin());
  return bytes;
}

AnchorMark advance(const AnchorMark& before, Offset offset, const std::string& record) {
  return advance(before, offset, record, peek_chain_place(record));
}

AnchorMark advance(const AnchorMark& before, Offset offset, const std::string& record,
                   const std::optional<ChainPlace>& place) {
  AnchorMark mark = before;
  mark.offset = offset;
  mark.fingerprint = fingerprint(record);
  if (place) {
    mark.number = place->number;
    mark.previous = place->previous;
  }
  return mark;
}

boost::system::result<AnchorContents> read_anchor(rocksdb::FileSystem& files, const std::string& path) {
  const rocksdb::IOStatus exists = files.FileExists(path, {}, nullptr);
  if (exists.IsNotFound() || exists.IsPathNotFound()) return errc::anchor_missing;
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  if (!files.NewRandomAccessFile(path, {}, &file, nullptr).ok()) return errc::io_error;
  std::optional<AnchorContents> newest;
  for (std::uint64_t slot = 0; slot < 2; ++slot) {
    std::array<char, slot_bytes> space;
    rocksdb::Slice bytes;
    if (!file->Read(slot_place(slot), slot_bytes, {}, &bytes, space.data(), nullptr).ok()) return errc::io_error;
    // Not the other slot instead: that could be the one from before the newer release's first record.
    if (is_of_newer_version({bytes.data(), bytes.size()})) return errc::newer_format;
    const auto contents = decode_slot({bytes.data(), bytes.size()});
    if (contents && (!newest || contents->count > newest->count)) newest = contents;
  }
  if (!newest) return errc::corrupt;
  return *newest;
}

boost::system::result<void> AnchorFile::create(rocksdb::FileSystem& files, const std::string& path,
                                               const AnchorContents& contents) {
  const std::string temporary = path + ".new";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  std::unique_ptr<rocksdb::FSDirectory> directory;
  std::string bytes(2 * slot_bytes, '\0');
  bytes.replace(slot_place(contents.count), slot_bytes, encode_slot(contents));
  const bool done = files.NewWritableFile(temporary, {}, &file, nullptr).ok() &&
                    file->Append(bytes, {}, nullptr).ok() && file->Fsync({}, nullptr).ok() &&
                    file->Close({}, nullptr).ok() && files.RenameFile(temporary, path, {}, nullptr).ok() &&
                    files.NewDirectory(directory_of(path), {}, &directory, nullptr).ok() &&
                    directory->Fsync({}, nullptr).ok();
  if (!done) return errc::io_error;
  return {};
}

boost::system::result<AnchorFile> AnchorFile::open(const std::shared_ptr<rocksdb::FileSystem>& files,
                                                   const std::string& path) {
  auto contents = read_anchor(*files, path);
  if (contents.has_error()) return contents.error();
  std::unique_ptr<rocksdb::FSRandomRWFile> file;
  if (!files->NewRandomRWFile(path, {}, &file, nullptr).ok()) return errc::io_error;
  return AnchorFile(std::move(file), *contents);
}

AnchorFile::AnchorFile(std::unique_ptr<rocksdb::FSRandomRWFile> file, const AnchorContents& contents)
    : file_(std::move(file)), contents_(contents) {}
AnchorFile::AnchorFile(AnchorFile&&) noexcept = default;
AnchorFile& AnchorFile::operator=(AnchorFile&&) noexcept = default;
AnchorFile::~AnchorFile() = default;

boost::system::result<void> AnchorFile::write(const AnchorMark& mark) {
  contents_.mark = mark;
  ++contents_.count;
  if (!file_->Write(slot_place(contents_.count), encode_slot(contents_), {}, nullptr).ok()) return errc::io_error;
  if (planted(Bug::no_anchor_sync)) return {};
  if (!file_->Sync({}, nullptr).ok()) return errc::io_error;  // fdatasync: the file's length never changes
  return {};
}

}  // namespace countersign::bus
