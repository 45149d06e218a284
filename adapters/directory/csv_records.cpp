#include "adapters/directory/csv_records.h"

#include <algorithm>

namespace countersign::directory {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == text.npos;
}

}  // namespace

void CsvRecords::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  at_ -= begin_;
  begin_ = 0;
  buffer_.append(bytes);
}

void CsvRecords::start_record(std::size_t at) {
  begin_ = at_ = at;
  begin_line_ = line_;
  place_ = Place::cell_start;
  too_long_ = false;
}

// Moves at_ to the newline that ends the record, or to the end of what there is and returns false.
bool CsvRecords::scan_to_end_of_record() {
  for (; at_ < buffer_.size(); ++at_) {
    if (at_ - begin_ > max_bytes_) {
      // Only the place is remembered from here on; the bytes go.
      too_long_ = true;
      buffer_.erase(begin_, at_ - begin_);
      at_ = begin_;
    }
    const char c = buffer_[at_];
    if (c == '\n') {
      if (place_ != Place::quoted) return true;
      ++line_;
    } else if (place_ == Place::quoted) {
      if (c == '"') place_ = Place::after_quote;
    } else if (place_ == Place::after_quote && c == '"') {
      place_ = Place::quoted;
    } else if (is_separator(c)) {
      place_ = Place::cell_start;
    } else if (place_ == Place::cell_start) {
      place_ = c == '"' ? Place::quoted : Place::unquoted;
    }
  }
  return false;
}

bool CsvRecords::next(CsvRecord& record) {
  if (!mark_checked_) {
    if (buffer_.size() < byte_order_mark.size() && !finished_) return false;
    mark_checked_ = true;
    if (buffer_.starts_with(byte_order_mark)) start_record(byte_order_mark.size());
  }
  while (scan_to_end_of_record()) {
    if (take(record)) return true;
  }
  return finished_ && begin_ < buffer_.size() && take(record);
}

// Consumes the record that ends at at_; false if it was a blank line.
bool CsvRecords::take(CsvRecord& record) {
  const std::string_view text = std::string_view(buffer_).substr(begin_, at_ - begin_);
  const bool blank = !too_long_ && is_blank(text);
  if (!blank) {
    record.line = begin_line_;
    record.cells.clear();
    record.fault = place_ == Place::quoted ? CsvRecord::Fault::quote_unclosed
                   : too_long_             ? CsvRecord::Fault::too_long
                                           : CsvRecord::Fault::none;
    if (separator_ == '\0') choose_separator(text);
    if (record.fault == CsvRecord::Fault::none) split(text, record);
  }
  if (at_ < buffer_.size()) {
    ++line_;
    ++at_;
  }
  start_record(at_);
  return !blank;
}

void CsvRecords::choose_separator(std::string_view first_record) {
  const auto commas = std::count(first_record.begin(), first_record.end(), ',');
  const auto semicolons = std::count(first_record.begin(), first_record.end(), ';');
  separator_ = semicolons > commas ? ';' : ',';
}

void CsvRecords::split(std::string_view text, CsvRecord& record) const {
  if (text.ends_with('\r')) text.remove_suffix(1);
  std::size_t at = 0;
  while (true) {
    std::string& cell = record.cells.emplace_back();
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] == '"') {
          if (at + 1 >= text.size() || text[at + 1] != '"') break;
          ++at;
        }
        cell.push_back(text[at]);
      }
      ++at;
      if (at < text.size() && text[at] != separator_) {
        record.fault = CsvRecord::Fault::text_after_quote;
        return;
      }
    } else {
      const std::size_t end = std::min(text.find(separator_, at), text.size());
      cell = text.substr(at, end - at);
      at = end;
    }
    if (at >= text.size()) return;
    ++at;
  }
}

}  // namespace countersign::directory
