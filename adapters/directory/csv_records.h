#pragma once
// CSV (RFC 4180) cut into records and cells while it arrives in pieces. Lenient where spreadsheets are: CRLF or LF, a
// byte order mark, comma or semicolon (whichever the first record has more of), a quote inside an unquoted cell. A
// quoted cell may hold separators, newlines and doubled quotes.
//
// Limits: a record longer than `max_bytes` is skipped to its end and reported; so is one with text after a closing
// quote, and a quote that is never closed. Lines are counted as LF characters, from 1.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::directory {

struct CsvRecord {
  enum class Fault { none, too_long, text_after_quote, quote_unclosed };
  std::uint64_t line = 0;
  Fault fault = Fault::none;
  std::vector<std::string> cells;  ///< bytes as they stand in the file, unescaped
};

class CsvRecords {
 public:
  explicit CsvRecords(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void feed(std::string_view bytes);
  void finish() { finished_ = true; }
  /// False: more must be fed, or the end was reached. Blank lines are no records.
  bool next(CsvRecord& record);

 private:
  enum class Place { cell_start, unquoted, quoted, after_quote };
  bool scan_to_end_of_record();
  bool take(CsvRecord& record);
  void start_record(std::size_t at);
  bool is_separator(char c) const { return separator_ != '\0' ? c == separator_ : c == ',' || c == ';'; }
  void choose_separator(std::string_view first_record);
  void split(std::string_view text, CsvRecord& record) const;

  std::size_t max_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0, at_ = 0;  ///< of the current record, and how far it was scanned
  Place place_ = Place::cell_start;
  bool finished_ = false, too_long_ = false, mark_checked_ = false;
  char separator_ = '\0';
  std::uint64_t begin_line_ = 1, line_ = 1;
};

}  // namespace countersign::directory
