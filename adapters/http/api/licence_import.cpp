#include "adapters/http/api/licence_import.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <deque>
#include <thread>

#include "adapters/directory/csv_checks.h"
#include "adapters/directory/text_checks.h"
#include "adapters/http/api/licences.h"
#include "adapters/keys/random.h"
#include "bus/errc.h"

namespace countersign::http {
namespace {

using directory::RecordError;
using domain::CreateLicence;

struct RawRow {
  std::string serial_number, type, activations, authenticator_type, max_reactivations;
};
struct Column {
  std::string_view name;
  std::string RawRow::*member;
  bool required;
};
constexpr std::array<Column, 5> known_columns{{{"serial_number", &RawRow::serial_number, true},
                                               {"type", &RawRow::type, true},
                                               {"activations", &RawRow::activations, true},
                                               {"authenticator_type", &RawRow::authenticator_type, true},
                                               {"max_reactivations", &RawRow::max_reactivations, false}}};
using Columns = std::vector<std::string RawRow::*>;

std::variant<Columns, RecordError> read_header(const directory::CsvRecord& record) {
  if (auto wrong = directory::check_header(record)) return *wrong;
  Columns columns;
  for (const auto& cell : record.cells) {
    const auto name = directory::to_lower_ascii(directory::trim(cell));
    const auto* column = std::ranges::find(known_columns, name, &Column::name);
    if (column == known_columns.end())
      return RecordError{"header-column-unknown", "the header names a column that isn't known"};
    if (std::ranges::find(columns, column->member) != columns.end())
      return RecordError{"header-column-twice", "the header names a column twice"};
    columns.push_back(column->member);
  }
  for (const auto& column : known_columns)
    if (column.required && std::ranges::find(columns, column.member) == columns.end())
      return RecordError{"header-column-missing", "the header must name the column " + std::string(column.name)};
  return columns;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t least) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= least && value <= domain::most_activations ? std::optional(value) : std::nullopt;
}

std::variant<CreateLicence, RecordError> read_row(const RawRow& raw) {
  CreateLicence licence;
  if (!may_be_serial_number(raw.serial_number))
    return RecordError{"serial-number-invalid", "the serial number isn't 1 to 64 visible ASCII characters"};
  licence.serial_number = raw.serial_number;
  const auto type = domain::parse_licence_type(raw.type);
  if (!type) return RecordError{"type-invalid", "the type is neither MDL nor SDL"};
  licence.type = *type;
  const auto authenticator = domain::parse_authenticator_type(raw.authenticator_type);
  if (authenticator != domain::AuthenticatorType::totp && authenticator != domain::AuthenticatorType::hotp)
    return RecordError{"authenticator-type-invalid", "the authenticator type is neither totp nor hotp"};
  licence.authenticator_type = *authenticator;
  const auto activations = number(raw.activations, 1);
  if (!activations) return RecordError{"activations-invalid", "the activations are no number from 1 to 1000000000"};
  licence.terms.activations = *activations;
  if (raw.max_reactivations.empty()) return licence;
  licence.terms.max_reactivations = number(raw.max_reactivations, 0);
  if (!licence.terms.max_reactivations)
    return RecordError{"max-reactivations-invalid", "the reactivations are no number from 0 to 1000000000"};
  return licence;
}

bool says_the_same(const domain::Licence& licence, const CreateLicence& row) {
  return licence.type == row.type && licence.authenticator_type == row.authenticator_type &&
         domain::LicenceTerms{licence.activations, licence.max_reactivations} == row.terms;
}

boost::json::object report(std::uint64_t line, std::string_view code, std::string_view detail) {
  return {{"line", line}, {"code", code}, {"detail", detail}};
}

}  // namespace

std::variant<std::vector<LicenceRow>, RecordError> read_licences(std::string_view csv) {
  directory::CsvRecords records(directory::max_record_bytes);
  records.feed(csv);
  records.finish();
  directory::CsvRecord record;
  if (!records.next(record)) return RecordError{"header-missing", "the file holds no header line"};
  const auto header = read_header(record);
  if (const auto* wrong = std::get_if<RecordError>(&header)) return *wrong;
  const auto& columns = std::get<Columns>(header);
  std::vector<LicenceRow> rows;
  while (records.next(record)) {
    if (rows.size() == most_licence_rows) return RecordError{"too-many-rows", "a file has 10,000 rows at most"};
    auto wrong = directory::check_cells(record, columns.size());
    if (wrong) {
      rows.push_back({record.line, std::move(*wrong)});
      continue;
    }
    RawRow raw;
    for (std::size_t i = 0; i < columns.size(); ++i) raw.*columns[i] = directory::trim(record.cells[i]);
    LicenceRow row{record.line, {}};
    std::visit([&](auto&& read) { row.outcome = std::forward<decltype(read)>(read); }, read_row(raw));
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

class Import {
 public:
  Import(commands::Submitter& submitter, const domain::Context& context,
         const std::function<projections::ViewState()>& state)
      : submitter_(submitter), context_(context), state_(state) {}

  void submit(std::uint64_t line, CreateLicence row) {
    if (on_their_way_.size() == most_at_once) settle_first();
    if (done.error) return;
    auto outcome = begin(row);
    on_their_way_.push_back({line, std::move(row), std::move(outcome)});
  }
  void settle_all() {
    while (!on_their_way_.empty()) settle_first();
  }
  ImportedLicences done;

 private:
  static constexpr std::size_t most_at_once = 8;  // a part of the bulk lane, which is everybody's
  static constexpr int most_tries = 100;
  static constexpr std::chrono::milliseconds between_tries{50};
  using Outcome = commands::Outcome<domain::LicenceWritten>;
  struct Row {
    std::uint64_t line;
    CreateLicence row;
    std::future<Outcome> outcome;
  };

  std::future<Outcome> begin(const CreateLicence& row) {
    commands::Call call;
    call.context = context_;
    call.lane = bus::Lane::bulk;
    return submitter_.begin<CreateLicence>(std::move(call), row);
  }
  void settle_first() {
    auto [line, row, pending] = std::move(on_their_way_.front());
    on_their_way_.pop_front();
    auto outcome = pending.get();
    for (int tries = 1; outcome.settlement.error == bus::errc::queue_full && !done.error && tries < most_tries;
         ++tries) {
      std::this_thread::sleep_for(between_tries);
      outcome = begin(row).get();
    }
    if (outcome.settlement.error) {
      if (!done.error) done.error = outcome.settlement.error;
    } else if (!outcome.refusal) {
      ++done.created;
    } else if (outcome.refusal->code == domain::RefusalCode::licence_taken && stands_so(row)) {
      ++done.unchanged;
    } else {
      done.refused.push_back(report(line, domain::text_of(outcome.refusal->code), outcome.refusal->detail));
    }
  }
  bool stands_so(const CreateLicence& row) const {
    const auto state = state_();
    const auto entry = state.find(row.serial);
    const auto licence = entry ? state.licence(context_.account, domain::LicenceId{entry->id}) : nullptr;
    return licence && says_the_same(*licence, row);
  }

  commands::Submitter& submitter_;
  const domain::Context& context_;
  const std::function<projections::ViewState()>& state_;
  std::deque<Row> on_their_way_;
};

/// One of the places for imports at a time in this process: each holds one of the threads that wait for disks, and a
/// part of the bulk lane. All of them leave half of both to others.
class ImportPlace {
 public:
  ImportPlace() : mine_(++taken_ <= most_imports) {}
  ~ImportPlace() { --taken_; }
  ImportPlace(const ImportPlace&) = delete;
  ImportPlace& operator=(const ImportPlace&) = delete;
  explicit operator bool() const { return mine_; }

 private:
  static constexpr int most_imports = 4;
  static inline std::atomic<int> taken_ = 0;
  const bool mine_;
};

}  // namespace

ImportedLicences import_licences(commands::Submitter& submitter, const keys::Lookup& lookup,
                                 const domain::Context& context, std::vector<LicenceRow> rows, domain::UnixMs now,
                                 const std::function<projections::ViewState()>& state) {
  const ImportPlace place;
  if (!place) return {.error = bus::errc::queue_full};
  Import import(submitter, context, state);
  for (auto& [line, outcome] : rows) {
    if (auto* row = std::get_if<CreateLicence>(&outcome)) {
      row->id = keys::random_id<domain::LicenceId>(now);
      row->serial = serial_digest(lookup, context.account, row->serial_number);
      import.submit(line, std::move(*row));
    } else {
      import.settle_all();  // reports come in the file's order
      const auto& wrong = std::get<RecordError>(outcome);
      import.done.refused.push_back(report(line, wrong.code, wrong.detail));
    }
    if (import.done.error) break;
  }
  import.settle_all();
  return std::move(import.done);
}

}  // namespace countersign::http
