#include <algorithm>

#include "adapters/directory/csv_records.h"
#include "adapters/directory/directory_reader.h"
#include "adapters/directory/person_checks.h"
#include "adapters/directory/text_checks.h"

namespace countersign::directory {
namespace {

constexpr std::size_t most_ignored_named = 100;

class CsvReader final : public DirectoryReader {
 public:
  void feed(std::string_view bytes) override { records_.feed(bytes); }
  void finish() override {
    records_.finish();
    finished_ = true;
  }
  std::optional<RecordError> failure() const override { return failure_; }
  const std::vector<std::string>& ignored() const override { return ignored_; }

  std::optional<DirectoryRecord> next() override {
    if (failure_) return std::nullopt;
    if (columns_.empty()) {
      if (!records_.next(record_)) {
        if (finished_) failure_ = RecordError{"header-missing", "the file holds no header line"};
        return std::nullopt;
      }
      read_header();
      if (failure_) return std::nullopt;
    }
    if (!records_.next(record_)) return std::nullopt;
    return DirectoryRecord{record_.line, read_record()};
  }

 private:
  void read_header() {
    if (record_.fault != CsvRecord::Fault::none) {
      failure_ = RecordError{"header-malformed", "the header line is not CSV"};
      return;
    }
    for (const std::string& name : record_.cells) {
      if (!is_utf8(name)) {
        failure_ = RecordError{"header-malformed", "the header line is not UTF-8"};
        return;
      }
      const auto field = field_named(name);
      if (field == nullptr) {
        if (ignored_.size() < most_ignored_named) ignored_.push_back(fold_newlines(name));
      } else if (has_column(field)) {
        failure_ = RecordError{"header-column-twice", "the header names a column twice"};
        return;
      }
      columns_.push_back(field);
    }
    if (!has_column(&RawPerson::email) || !(has_column(&RawPerson::first_name) || has_column(&RawPerson::last_name))) {
      failure_ =
          RecordError{"header-column-missing", "the header must name the columns Email and First name or Last name"};
    }
  }

  bool has_column(std::string RawPerson::*field) const {
    return std::find(columns_.begin(), columns_.end(), field) != columns_.end();
  }

  std::variant<Person, RecordError> read_record() {
    switch (record_.fault) {
      case CsvRecord::Fault::none: break;
      case CsvRecord::Fault::too_long: return RecordError{"record-too-long", "the record is longer than 64 KiB"};
      case CsvRecord::Fault::text_after_quote: return RecordError{"quotes-malformed", "text follows a closing quote"};
      case CsvRecord::Fault::quote_unclosed:
        return RecordError{"quotes-malformed", "a quote that opens here is not closed before the file ends"};
    }
    for (const std::string& cell : record_.cells) {
      if (!is_utf8(cell)) return RecordError{"not-utf-8", "the record holds bytes that are not UTF-8"};
    }
    if (record_.cells.size() != columns_.size()) {
      const bool missing = record_.cells.size() < columns_.size();
      return RecordError{
          missing ? "columns-missing" : "columns-surplus",
          std::to_string(record_.cells.size()) + " cells, the header has " + std::to_string(columns_.size())};
    }
    RawPerson raw;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] != nullptr) raw.*columns_[i] = std::move(record_.cells[i]);
    }
    return check_person(std::move(raw));
  }

  CsvRecords records_{max_record_bytes};
  CsvRecord record_;
  bool finished_ = false;
  std::vector<std::string RawPerson::*> columns_;
  std::vector<std::string> ignored_;
  std::optional<RecordError> failure_;
};

}  // namespace

std::unique_ptr<DirectoryReader> make_csv_reader() {
  return std::make_unique<CsvReader>();
}

}  // namespace countersign::directory
