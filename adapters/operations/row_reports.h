#pragma once
// What an operation could not do, row by row, in a file beside the operation's: one JSON object a line, as the API
// shows it. They are as many as the import has rows, so they are never all in memory. Nothing in them is personal: a
// line or a user's id, a code, and a text of ours.
//
// A run writes its reports anew. Until it is as far as a former run has shown, the reports of that one stay.

#include <boost/system/result.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

namespace countersign::operations {

/// A row that could not be done, by its line in the import or by its user. Never quotes what the row said.
struct RowReport {
  std::uint64_t line = 0;  ///< 0: not a line
  std::string user_id;
  std::string code, detail;
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
};

/// The first `most` reports of a file; none when it isn't there.
class RowReportReader {
 public:
  RowReportReader(const std::filesystem::path& file, std::uint64_t most) : in_(file), left_(most) {}
  /// Appends reports, with commas between, until there are so many bytes of them. False: those were the last ones.
  bool read(std::string& out, std::size_t bytes);

 private:
  std::ifstream in_;
  std::uint64_t left_;
  bool begun_ = false;
};

}  // namespace countersign::operations
