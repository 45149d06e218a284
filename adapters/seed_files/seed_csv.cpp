#include <algorithm>
#include <array>

#include "adapters/directory/csv_checks.h"
#include "adapters/directory/person_checks.h"
#include "adapters/directory/text_checks.h"
#include "adapters/keys/rfc4648.h"
#include "adapters/seed_files/seed_checks.h"

namespace countersign::seed_files {
namespace {

constexpr std::size_t most_ignored_named = 100;

struct RawRow : RawSeed {
  std::string seed_hex, seed_base32;
};

struct Column {
  std::string_view name;
  std::string RawRow::*member;
};
constexpr std::array<Column, 11> known_columns{{{"serial", &RawRow::serial},
                                                {"seed_hex", &RawRow::seed_hex},
                                                {"seed_base32", &RawRow::seed_base32},
                                                {"type", &RawRow::type},
                                                {"algorithm", &RawRow::algorithm},
                                                {"digits", &RawRow::digits},
                                                {"period", &RawRow::period},
                                                {"counter", &RawRow::counter},
                                                {"suite", &RawRow::suite},
                                                {"manufacturer", &RawRow::manufacturer},
                                                {"issuer", &RawRow::issuer}}};

std::string RawRow::*column_named(std::string_view name) {
  const auto lower = directory::to_lower_ascii(directory::trim(name));
  const auto* const column =
      std::find_if(known_columns.begin(), known_columns.end(), [&](const Column& c) { return c.name == lower; });
  return column == known_columns.end() ? nullptr : column->member;
}

class CsvReader final : public SeedFileReader {
 public:
  void feed(std::string_view bytes) override { records_.feed(bytes); }
  void finish() override {
    records_.finish();
    finished_ = true;
  }
  std::optional<RecordError> failure() const override { return failure_; }
  const std::vector<std::string>& ignored() const override { return ignored_; }

  std::optional<SeedRow> next() override {
    if (failure_) return std::nullopt;
    if (columns_.empty()) {
      if (!records_.next(record_)) {
        if (finished_) failure_ = RecordError{"header-missing", "the file holds no header line"};
        return std::nullopt;
      }
      failure_ = read_header();
      if (failure_) return std::nullopt;
    }
    if (!records_.next(record_)) return std::nullopt;
    return SeedRow{record_.line, ++number_, read_record()};
  }

 private:
  std::optional<RecordError> read_header() {
    if (auto wrong = directory::check_header(record_)) return wrong;
    for (const std::string& name : record_.cells) {
      const auto column = column_named(name);
      if (column == nullptr) {
        if (ignored_.size() < most_ignored_named) ignored_.push_back(directory::fold_newlines(name));
      } else if (has_column(column)) {
        return RecordError{"header-column-twice", "the header names a column twice"};
      }
      columns_.push_back(column);
    }
    if (!has_column(&RawRow::serial))
      return RecordError{"header-column-missing", "the header must name the column serial"};
    if (has_column(&RawRow::seed_hex) == has_column(&RawRow::seed_base32))
      return RecordError{"header-column-missing", "the header must name one of the columns seed_hex and seed_base32"};
    return std::nullopt;
  }

  bool has_column(std::string RawRow::*column) const {
    return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
  }

  std::variant<TokenSeed, RecordError> read_record() {
    if (auto wrong = directory::check_cells(record_, columns_.size())) return *wrong;
    RawRow raw;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] != nullptr) raw.*columns_[i] = directory::trim(record_.cells[i]);
    }
    auto seed = read_seed(raw);
    auto token = check_token(raw);
    if (auto* const read = std::get_if<TokenSeed>(&token)) {
      if (auto* const wrong = std::get_if<RecordError>(&seed)) return *wrong;
      read->seed = std::move(std::get<keys::SecretBytes>(seed));
    }
    return token;
  }

  std::variant<keys::SecretBytes, RecordError> read_seed(RawRow& raw) {
    const bool hex = has_column(&RawRow::seed_hex);
    const auto text = keys::take_secret(hex ? raw.seed_hex : raw.seed_base32);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] == (hex ? &RawRow::seed_hex : &RawRow::seed_base32)) keys::take_secret(record_.cells[i]);
    }
    if (text.empty()) return RecordError{"seed-missing", "the seed is missing"};
    auto bytes = hex ? keys::parse_base16(text.view()) : keys::parse_base32(text.view());
    if (!bytes) return RecordError{"seed-malformed", hex ? "the seed isn't hexadecimal" : "the seed isn't base 32"};
    auto seed = keys::take_secret(*bytes);
    if (auto wrong = check_seed(seed)) return *wrong;
    return seed;
  }

  directory::CsvRecords records_{directory::max_record_bytes};
  directory::CsvRecord record_;
  bool finished_ = false;
  std::vector<std::string RawRow::*> columns_;
  std::vector<std::string> ignored_;
  std::uint64_t number_ = 0;
  std::optional<RecordError> failure_;
};

}  // namespace

std::unique_ptr<SeedFileReader> make_csv_reader() {
  return std::make_unique<CsvReader>();
}

std::unique_ptr<SeedFileReader> make_reader_for(std::string_view content_type, FileKey key) {
  using directory::to_lower_ascii;
  const auto type = to_lower_ascii(directory::trim(content_type.substr(0, content_type.find(';'))));
  if (type == "text/csv") return make_csv_reader();
  if (type == "application/pskc+xml") return make_pskc_reader(std::move(key));
  return nullptr;
}

}  // namespace countersign::seed_files
