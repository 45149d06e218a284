#pragma once
// What an operation could not do, row by row, in a file beside the operation's: a line for each, with a checksum over
// all lines up to it and one JSON object, as the API shows it. They are as many as the import has rows, so they are
// never all in memory. Nothing in them is personal: a line or a user's id, a code, and a text of ours.
//
// A run writes its reports anew. Until it is as far as a former run has shown, the reports of that one stay.

#include <boost/system/result.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "bus/hash.h"

namespace countersign::operations {

/// A row that could not be done, by its line in the import or by its user. Never quotes what the row said.
struct RowReport {
  std::uint64_t line = 0;  ///< 0: not a line
  std::string user_id;
  std::string code, detail;
};

/// Of lines, in their order: one that is changed, missing or out of place shows.
class RowChecksum {
 public:
  static constexpr std::size_t digits = 16;
  std::string after(std::string_view row);

 private:
  bus::Bytes32 former_{};
};

class RowReportWriter {
 public:
  /// `has_space`: whether so many bytes may be written without touching the disk's reserve.
  RowReportWriter(std::filesystem::path file, std::function<bool(std::size_t bytes)> has_space)
      : file_(std::move(file)), has_space_(std::move(has_space)) {}
  ~RowReportWriter();
  RowReportWriter(const RowReportWriter&) = delete;
  RowReportWriter& operator=(const RowReportWriter&) = delete;

  void add(const RowReport& row);
  /// What was added is what readers see from now on, and on disk; its name is durable with the operation's, saved next.
  boost::system::error_code publish();
  /// Why not everything that was added could be written; nothing more is, then.
  const boost::system::error_code& error() const { return error_; }

 private:
  void flush();
  void fail(int number);
  std::filesystem::path fresh() const;

  const std::filesystem::path file_;
  const std::function<bool(std::size_t bytes)> has_space_;
  boost::system::error_code error_;
  int fd_ = -1;
  bool published_ = false, unpublished_ = false;
  std::string buffer_;
  RowChecksum checksum_;
};

/// The first `count` reports of a file.
class RowReportReader {
 public:
  RowReportReader(const std::filesystem::path& file, std::uint64_t count) : file_(file), in_(file), left_(count) {}
  /// Appends reports, with commas between, until there are so many bytes of them. False: those were the last ones.
  /// Throws std::runtime_error naming the file when they are fewer or damaged.
  bool read(std::string& out, std::size_t bytes);

 private:
  const std::filesystem::path file_;
  std::ifstream in_;
  std::uint64_t left_;
  RowChecksum checksum_;
  bool begun_ = false;
};

}  // namespace countersign::operations
