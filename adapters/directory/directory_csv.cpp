#include <algorithm>

#include "adapters/directory/csv_checks.h"
#include "adapters/directory/directory_reader.h"
#include "adapters/directory/person_checks.h"

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
    failure_ = check_header(record_);
    if (failure_) return;
    for (const std::string& name : record_.cells) {
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
    if (auto wrong = check_cells(record_, columns_.size())) return *wrong;
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
