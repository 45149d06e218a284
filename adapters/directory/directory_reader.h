#pragma once
// Reading people from a directory export, piece by piece: every record gives either a person that passed all checks, or
// the reason why it didn't, with the line where it begins in the file. One bad record never stops the others; only a
// file whose beginning can't be understood is refused as a whole (failure()).
//
// Use: feed() some bytes, take next() until it gives nothing, feed() on; after finish() take next() to the end.
// Memory: one record (64 KiB) and what was fed. Not thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::directory {

inline constexpr std::size_t max_record_bytes = 64 * 1024;

struct Person {
  std::string first_name, last_name;
  std::string email;  ///< in the form of normalise_address()
  std::string login_name, department, mobile;
};

struct RecordError {
  std::string code;    ///< kebab-case, stable
  std::string detail;  ///< for people, without quoting what the record says
};

struct DirectoryRecord {
  std::uint64_t line;  ///< from 1, counted as a text editor does
  std::variant<Person, RecordError> outcome;
};

class DirectoryReader {
 public:
  virtual ~DirectoryReader() = default;
  virtual void feed(std::string_view bytes) = 0;
  virtual void finish() = 0;
  /// Nothing: more must be fed, or after finish() the end was reached, or failure().
  virtual std::optional<DirectoryRecord> next() = 0;
  /// Why the whole file is refused.
  virtual std::optional<RecordError> failure() const = 0;
  /// Columns or fields that mean nothing to us, each once, at most 100.
  virtual const std::vector<std::string>& ignored() const = 0;
};

/// text/csv (RFC 4180 with comma or semicolon, byte order mark, CRLF or LF).
std::unique_ptr<DirectoryReader> make_csv_reader();
/// application/x-ndjson: one object a line.
std::unique_ptr<DirectoryReader> make_ndjson_reader();
/// Nothing for another media type. Parameters such as charset are ignored.
std::unique_ptr<DirectoryReader> make_reader_for(std::string_view content_type);

}  // namespace countersign::directory
