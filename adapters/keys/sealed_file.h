#pragma once
// A file sealed in chunks, for what must wait on disk and is personal (a spooled import). AES-256-GCM in the STREAM
// construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is the chunk's number and a flag for the last one,
// so that chunks can't be dropped, swapped or appended, and a file that was cut off is told from a complete one.
//
//   "CSSEAL1\n" | salt (16, random) | chunks of 64 KiB + 16 bytes tag, the last one shorter or empty
//
// File key = HKDF-Expand(key, salt). Memory: two chunks. Concurrency: one thread at a time per object.

#include <boost/system/result.hpp>
#include <filesystem>
#include <string>
#include <string_view>

#include "adapters/keys/error.h"
#include "adapters/keys/secret_key.h"

namespace countersign::keys {

class SealedFileWriter {
 public:
  /// Creates `file` (0600), replacing one that is there.
  static boost::system::result<SealedFileWriter> create(const std::filesystem::path& file, const Key& key);
  SealedFileWriter(SealedFileWriter&& other) noexcept;
  SealedFileWriter& operator=(SealedFileWriter&&) = delete;
  /// Without finish() before it, what was written stays an incomplete file.
  ~SealedFileWriter();

  boost::system::error_code write(std::string_view bytes);
  /// Writes the last chunk; the file and its name are durable when it returns without error.
  boost::system::error_code finish();

 private:
  SealedFileWriter(std::filesystem::path file, int fd, Key key);
  boost::system::error_code flush_chunk(bool last);

  std::filesystem::path file_;
  int fd_;
  Key key_;
  std::uint32_t number_ = 0;
  std::string chunk_;
};

class SealedFileReader {
 public:
  static boost::system::result<SealedFileReader> open(const std::filesystem::path& file, const Key& key);
  SealedFileReader(SealedFileReader&& other) noexcept;
  SealedFileReader& operator=(SealedFileReader&&) = delete;
  ~SealedFileReader();

  enum class More { yes, no };
  /// Appends the next chunk's text to `out`. errc::sealed_damaged, errc::sealed_truncated.
  boost::system::result<More> read(std::string& out);

 private:
  SealedFileReader(int fd, Key key) : fd_(fd), key_(key) {}

  int fd_;
  Key key_;
  std::uint32_t number_ = 0;
  bool ended_ = false;
};

}  // namespace countersign::keys
