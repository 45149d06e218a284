#pragma once
// The files of a flat directory as one stream of bytes, so that a node can send a copy of its views to another one.
//
//   countersign-directory 1\n
//   for each file, by name: file <bytes> <name>\n  its bytes  sha256 <64 hexadecimal digits>\n
//   end <number of files>\n
//
// What is cut off or changed on its way is noticed; who sent it is for whoever has the connection to know.
// Errors: std::runtime_error saying what and which file. Concurrency: none.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bus/hash.h"

namespace countersign::cluster {

class ArchiveWriter {
 public:
  /// The directory must not change until the end: of a RocksDB database take a checkpoint.
  explicit ArchiveWriter(const std::filesystem::path& directory);
  /// The next bytes, about `most` of them; empty: that was all.
  std::string next(std::size_t most);

 private:
  void open_next();

  std::vector<std::filesystem::path> files_;
  std::size_t at_ = 0;  ///< files that have been opened
  std::ifstream file_;
  std::uint64_t left_ = 0;  ///< of the open file
  bus::Sha256 hash_;
  std::string ready_;
  bool ended_ = false;
};

class ArchiveReader {
 public:
  /// Makes the directory, which must not exist. `most_bytes`: of all files together.
  ArchiveReader(std::filesystem::path directory, std::uint64_t most_bytes);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  void take(std::string_view bytes);
  /// Whether the archive has come to its end: every file is durable then.
  bool complete() const { return state_ == State::ended; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  enum class State { greeting, entry, content, digest, ended };
  void take_line(std::string_view line);
  void begin_file(std::string_view entry);
  void end_file(std::string_view line);
  [[noreturn]] void refuse(const std::string& what) const;

  const std::filesystem::path directory_;
  const std::uint64_t most_bytes_;
  State state_ = State::greeting;
  std::string line_, name_;
  int file_ = -1;
  std::uint64_t left_ = 0, bytes_ = 0, files_ = 0;
  bus::Sha256 hash_;
};

}  // namespace countersign::cluster
