// Import of hardware tokens: the spooled file is read once to count its rows, and once more row after row. Seeds of
// rows that are new are in the key store before their chunk is decided. A chunk's content decides its boundaries, so
// that going on after a crash finds the same chunks: what was done is answered from its record, and no seed is written
// for a row whose token is there. A row's id is derived from the operation and its number: a run that goes on names the
// seeds that a former one kept, and keeps or destroys just those.

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/keys/error.h"
#include "adapters/operations/run.h"
#include "adapters/operations/spooled_seeds.h"
#include "adapters/otp/seeds.h"

namespace countersign::operations {
namespace {

namespace json = boost::json;
using domain::HardwareTokenSettings;
using seed_files::SeedRow;
using seed_files::TokenSeed;

constexpr std::size_t rows_a_chunk = 256, bad_rows_a_chunk = 1024;
constexpr unsigned ids_a_row = 16;

commands::Answer to_answer(const domain::ImportedHardwareTokens& result) {
  json::array refused;
  for (const auto& row : result.refused)
    refused.push_back({row.line, domain::text_of(row.refusal.code), row.refusal.detail});
  return {200, json::serialize(json::value{result.created, result.unchanged, std::move(refused)}), {}};
}

HardwareTokenSettings settings_of(const keys::Lookup& lookup, domain::AccountId account, const TokenSeed& seed) {
  HardwareTokenSettings settings;
  settings.serial_number = seed.serial;
  settings.manufacturer = seed.manufacturer;
  settings.algorithm = seed.shape.algorithm;
  settings.digits = static_cast<std::uint8_t>(seed.shape.digits);
  settings.period = seed.period_s;
  settings.counter = seed.counter;
  settings.expires_at = seed.expires_at;
  settings.serial = commands::digest_of_token_serial(lookup, account, seed.serial);
  std::string numbers;
  for (const auto number :
       {static_cast<std::uint64_t>(settings.algorithm), std::uint64_t{settings.digits}, std::uint64_t{settings.period},
        settings.counter, static_cast<std::uint64_t>(settings.expires_at), std::uint64_t{seed.manufacturer.size()}})
    numbers += std::to_string(number) + '/';
  settings.content = lookup.digest(keys::LookupKind::hardware_token_content,
                                   {domain::view(settings.serial), numbers, seed.manufacturer, seed.seed.view()});
  return settings;
}

/// A row that passed the reader's checks, until it is settled.
struct Taken {
  domain::ImportHardwareTokens::Row row;
  keys::SecretBytes seed;
  std::uint64_t number;  ///< of the row among these; several may stand on one line
};

struct Chunk {
  std::vector<Taken> good;
  std::vector<RowReport> bad;
};

}  // namespace

class TokenImport {
 public:
  using Command = domain::ImportHardwareTokens;
  explicit TokenImport(Run& run)
      : run_(run),
        ports_(run.ports_),
        operation_(run.operation_),
        seeds_(ports_.keys, ports_.destroy_later),
        chunks_(
            ports_.submitter, run.stop_,
            [](const domain::ImportedHardwareTokens& result, const domain::State&) { return to_answer(result); },
            [this](Chunks<Command>::Outcome& outcome, std::uint64_t chunk) { settled(outcome, chunk); }) {}

  /// False: the server is stopping, a chunk was refused, or its seeds can't be kept.
  bool take(SeedRow& row) {
    if (const auto* error = std::get_if<seed_files::RecordError>(&row.outcome))
      return take_bad({row.line, "", error->code, error->detail});
    auto& token = std::get<TokenSeed>(row.outcome);
    if (token.type == seed_files::TokenType::ocra)
      return take_bad({row.line, "", "type-unsupported", "tokens of type ocra aren't kept in stock"});
    Taken taken{{{}, settings_of(ports_.lookup, operation_.account, token), row.line}, std::move(token.seed), rows_++};
    // One that stands twice in the file: the second row is held against what the first one made.
    if (unsettled_.contains(taken.row.settings.serial) && !settle_all()) return false;
    unsettled_.insert(taken.row.settings.serial);
    filling_.good.push_back(std::move(taken));
    return filling_.good.size() < rows_a_chunk || flush();
  }
  bool settle_all() { return flush() && chunks_.settle_all() && going(); }
  /// Before it ends in whatever way: what becomes of seeds that are kept is known only then.
  void settle_in_flight() { chunks_.settle_all(); }
  const std::optional<domain::Refusal>& refused() const { return refused_; }
  /// Why seeds can't be kept now.
  const boost::system::error_code& unkept() const { return unkept_; }

 private:
  bool going() const { return !refused_ && !unkept_ && !run_.stop_.stop_requested() && !run_.rows_->error(); }

  bool take_bad(RowReport report) {
    filling_.bad.push_back(std::move(report));
    return filling_.bad.size() < bad_rows_a_chunk || flush();
  }

  bool flush() {
    auto chunk_of_rows = std::exchange(filling_, {});
    if (chunk_of_rows.good.empty()) return chunk_of_rows.bad.empty() ? going() : only_report(chunk_of_rows.bad);
    const auto chunk = number_++;
    auto command = kept(chunk_of_rows.good);
    if (unkept_) return false;
    std::string content;
    for (const auto& taken : chunk_of_rows.good)
      content.append(std::to_string(taken.row.line)).append(" ").append(domain::view(taken.row.settings.content));
    on_their_way_[chunk] = std::move(chunk_of_rows);
    return chunks_.push(chunk, run_.chunk_call(std::to_string(chunk), content), std::move(command)) && going();
  }

  /// A chunk in which there is nothing to decide.
  bool only_report(std::vector<RowReport>& bad) {
    if (!chunks_.settle_all()) return false;
    report(bad);
    return going();
  }

  void report(std::vector<RowReport>& bad) {
    std::ranges::sort(bad, {}, &RowReport::line);
    for (const auto& row : bad) run_.report(row);
    run_.note_progress();
  }

  /// The nth id that the row's token may have: the first, unless the key store asks for another one because brokers
  /// didn't say whether a former run's seed was written under it.
  domain::HardwareTokenId id_of(std::uint64_t row, unsigned nth) const {
    const auto digest =
        ports_.lookup.digest(keys::LookupKind::hardware_token_content,
                             {operation_.id.text(), "/", std::to_string(row), "/", std::to_string(nth)});
    std::array<std::uint8_t, 10> rest;
    std::copy_n(digest.begin(), rest.size(), rest.begin());
    return {domain::make_uuid7(operation_.created_at, rest)};
  }

  /// The rows, with ids for those that are new, whose seeds are kept unless unkept_ says why not.
  Command kept(std::vector<Taken>& rows) {
    const auto state = ports_.state.reader();
    std::vector<Taken*> fresh;
    for (auto& taken : rows)
      if (!state.find(taken.row.settings.serial)) fresh.push_back(&taken);
    unkept_ = keys::errc::in_doubt;
    for (unsigned nth = 0; nth < ids_a_row && unkept_ == keys::errc::in_doubt; ++nth) {
      std::vector<otp::Seeds::TokenSeed> seeds;
      for (auto* taken : fresh) {
        taken->row.id = id_of(taken->number, nth);
        seeds.push_back({domain::AuthenticatorId{taken->row.id.uuid}, taken->seed.view()});
      }
      unkept_ = seeds_.keep(operation_.account, seeds);
    }
    Command command{operation_.id, {}};
    for (auto& taken : rows) {
      command.rows.push_back(taken.row);
      taken.seed = {};
    }
    return command;
  }

  void settled(Chunks<Command>::Outcome& outcome, std::uint64_t chunk) {
    auto [rows, bad] = std::move(on_their_way_.extract(chunk).mapped());
    if (outcome.refusal)
      refused_ = outcome.refusal;
    else
      count(outcome.answer ? outcome.answer->body : to_answer(*outcome.result).body, bad);
    for (const auto& taken : rows) unsettled_.erase(taken.row.settings.serial);
    destroy_unused(rows);
    report(bad);
  }

  void count(const std::string& answer, std::vector<RowReport>& bad) {
    const auto parts = json::parse(answer).as_array();
    const auto created = parts[0].to_number<std::uint64_t>(), unchanged = parts[1].to_number<std::uint64_t>();
    operation_.created += created;
    operation_.unchanged += unchanged;
    operation_.done += created + unchanged;
    for (const auto& row : parts[2].as_array())
      bad.push_back({row.at(0).to_number<std::uint64_t>(), "", std::string(row.at(1).as_string()),
                     std::string(row.at(2).as_string())});
  }

  /// Seeds of rows that came to nothing, here or in a former run: somebody else's import came first, or the chunk was
  /// refused.
  void destroy_unused(const std::vector<Taken>& rows) {
    const auto state = ports_.state.reader();
    const unsigned ids = run_.resumed_ ? ids_a_row : 1;  // a first run needs no other
    std::vector<domain::AuthenticatorId> unused;
    for (const auto& taken : rows)
      for (unsigned nth = 0; nth < ids; ++nth)
        if (const auto id = id_of(taken.number, nth); !state.hardware_token(operation_.account, id))
          unused.push_back({id.uuid});
    if (const auto error = seeds_.destroy(operation_.account, unused))
      ports_.warn("seeds that no token has can't be destroyed yet: " + error.message());
  }

  Run& run_;
  OperationPorts& ports_;
  Operation& operation_;
  otp::Seeds seeds_;
  Chunks<Command> chunks_;
  Chunk filling_;
  std::map<std::uint64_t, Chunk> on_their_way_;
  std::set<domain::Digest> unsettled_;   ///< serial numbers in filling_ and on_their_way_
  std::uint64_t number_ = 0, rows_ = 0;  ///< chunks, rows that passed
  std::optional<domain::Refusal> refused_;
  boost::system::error_code unkept_;
};

Run::Ended Run::import_hardware_tokens() {
  const auto key = seed_spool_key(ports_.keys, operation_.account, operation_.id);
  if (!key) throw std::runtime_error("the account's key is missing");
  SpooledSeeds spooled(owner_.spool_of(operation_.id), *key, operation_.content_type);
  if (!operation_.total) {
    std::uint64_t rows = 0;
    if (!spooled.each([&](SeedRow&) { return ++rows % 1024 != 0 || !stop_.stop_requested(); })) return interrupted();
    operation_.total = rows;
    show_progress();
  }

  // Counted afresh: chunks that were done before a restart are answered from their records.
  operation_.done = 0;
  operation_.created = operation_.unchanged = 0;
  begin_rows();

  TokenImport import(*this);
  bool settled = false;
  try {
    settled = spooled.each([&](SeedRow& row) { return import.take(row); }) && import.settle_all();
  } catch (const std::exception&) {  // the rest of the file can't be read
    import.settle_in_flight();
    throw;
  }
  import.settle_in_flight();
  if (import.refused()) throw std::runtime_error(import.refused()->detail);
  if (import.unkept()) return failed_for_now("the tokens' seeds can't be stored: " + import.unkept().message());
  if (!settled && !rows_->error()) return interrupted();
  operation_.ignored_columns = spooled.ignored();
  return finished();
}

}  // namespace countersign::operations
