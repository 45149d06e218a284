#pragma once
// The anchor of an embedded log: a small file that says up to where records have been acknowledged. RocksDB opens
// without a word when its newest WAL is gone or its last record is torn; against the anchor, that shows.
//
// Two slots of 4,096 bytes are written in turn, each with a checksum, so that a torn write leaves the other one. A mark
// names the newest acknowledged record by offset and by fingerprint (the HMAC at its end, SHA-256 for records of
// another shape), and the frame number and previous head that it carries: with the HMAC these pin the chain up to the
// record itself without hashing each record a second time.
//
// Concurrency: one thread. All I/O goes through the given RocksDB file system, so that tests can break it.

#include <boost/system/result.hpp>
#include <memory>
#include <optional>
#include <string>

#include "bus/errc.h"
#include "bus/frame.h"
#include "bus/hash.h"
#include "bus/log_identity.h"
#include "bus/position.h"

namespace rocksdb {
class FileSystem;
class FSRandomRWFile;
}  // namespace rocksdb

namespace countersign::bus {

struct AnchorMark {
  Offset offset{-1};      ///< of the newest acknowledged record; -1: none yet
  FrameNumber number{};   ///< of the newest frame or release among them
  Bytes32 previous{};     ///< head before that frame
  Bytes32 fingerprint{};  ///< of the record at `offset`

  bool operator==(const AnchorMark&) const = default;
};

Bytes32 fingerprint(const std::string& record);
/// The mark once `record` stands at `offset`.
AnchorMark advance(const AnchorMark& before, Offset offset, const std::string& record);
/// The same, for who knows the record's place (peek_chain_place).
AnchorMark advance(const AnchorMark& before, Offset offset, const std::string& record,
                   const std::optional<ChainPlace>& place);

struct AnchorContents {
  LogIdentity identity;
  std::uint64_t count = 0;  ///< marks written so far
  AnchorMark mark;
};

/// errc::anchor_missing, errc::corrupt (no slot is whole), errc::io_error.
boost::system::result<AnchorContents> read_anchor(rocksdb::FileSystem& files, const std::string& path);

class AnchorFile {
 public:
  /// Opens the file, or creates it, whole and durable, when `contents` is its first.
  static boost::system::result<AnchorFile> open(const std::shared_ptr<rocksdb::FileSystem>& files,
                                                const std::string& path);
  static boost::system::result<void> create(rocksdb::FileSystem& files, const std::string& path,
                                            const AnchorContents& contents);

  AnchorFile(AnchorFile&&) noexcept;
  AnchorFile& operator=(AnchorFile&&) noexcept;
  ~AnchorFile();

  const AnchorContents& contents() const { return contents_; }
  /// Writes and syncs. After an error the file must be opened again: no sync is ever tried twice.
  boost::system::result<void> write(const AnchorMark& mark);

 private:
  AnchorFile(std::unique_ptr<rocksdb::FSRandomRWFile> file, const AnchorContents& contents);

  std::unique_ptr<rocksdb::FSRandomRWFile> file_;
  AnchorContents contents_;
};

}  // namespace countersign::bus
