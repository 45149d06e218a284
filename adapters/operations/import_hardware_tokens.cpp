// Import of hardware tokens: the spooled file is read once to count its rows, and once more row after row. Seeds of
// rows that are new are in the key store before their chunk is decided. A chunk's content decides its boundaries, so
// that going on after a crash finds the same chunks: what was done is answered from its record, and no seed is written
// for a row whose token is there.

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/keys/random.h"
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
        seeds_(ports_.keys),
        chunks_(
            ports_.submitter, run.stop_,
            [](const domain::ImportedHardwareTokens& result, const domain::State&) { return to_answer(result); },
            [this](Chunks<Command>::Outcome& outcome, std::uint64_t chunk) { settled(outcome, chunk); }) {}

  /// False: the server is stopping, or a chunk was refused.
  bool take(SeedRow& row) {
    if (const auto* error = std::get_if<seed_files::RecordError>(&row.outcome))
      return take_bad({row.line, "", error->code, error->detail});
    auto& token = std::get<TokenSeed>(row.outcome);
    if (token.type == seed_files::TokenType::ocra)
      return take_bad({row.line, "", "type-unsupported", "tokens of type ocra aren't kept in stock"});
    Taken taken{{{}, settings_of(ports_.lookup, operation_.account, token), row.line}, std::move(token.seed)};
    // One that stands twice in the file: the second row is held against what the first one made.
    if (unsettled_.contains(taken.row.settings.serial) && !settle_all()) return false;
    unsettled_.insert(taken.row.settings.serial);
    filling_.good.push_back(std::move(taken));
    return filling_.good.size() < rows_a_chunk || flush();
  }
  bool settle_all() { return flush() && chunks_.settle_all() && going(); }
  const std::optional<domain::Refusal>& refused() const { return refused_; }

 private:
  bool going() const { return !refused_ && !interrupted_ && !run_.rows_->error(); }

  bool take_bad(RowReport report) {
    filling_.bad.push_back(std::move(report));
    return filling_.bad.size() < bad_rows_a_chunk || flush();
  }

  bool flush() {
    auto chunk_of_rows = std::exchange(filling_, {});
    if (chunk_of_rows.good.empty()) return chunk_of_rows.bad.empty() ? going() : only_report(chunk_of_rows.bad);
    const auto chunk = number_++;
    auto command = kept(chunk_of_rows.good);
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
    if (run_.stop_.stop_requested()) interrupted_ = true;
    return going();
  }

  void report(std::vector<RowReport>& bad) {
    std::ranges::sort(bad, {}, &RowReport::line);
    for (const auto& row : bad) run_.report(row);
    run_.note_progress();
  }

  /// The rows, with ids for those that are new, whose seeds are kept.
  Command kept(std::vector<Taken>& rows) {
    const auto state = ports_.state.reader();
    Command command{operation_.id, {}};
    std::vector<otp::Seeds::TokenSeed> fresh;
    for (auto& [row, seed] : rows) {
      if (!state.find(row.settings.serial)) {
        row.id = keys::random_id<domain::HardwareTokenId>(ports_.clock());
        fresh.push_back({domain::AuthenticatorId{row.id.uuid}, seed.view()});
      }
      command.rows.push_back(row);
    }
    if (const auto error = seeds_.keep(operation_.account, fresh))
      throw std::runtime_error("the tokens' seeds can't be stored: " + error.message());
    for (auto& taken : rows) taken.seed = {};
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

  /// Somebody else's import came first. What can't be destroyed now is by the next start: no token has it.
  void destroy_unused(const std::vector<Taken>& rows) {
    const auto state = ports_.state.reader();
    std::vector<domain::AuthenticatorId> unused;
    for (const auto& taken : rows)
      if (taken.row.id && !state.hardware_token(operation_.account, taken.row.id))
        unused.push_back({taken.row.id.uuid});
    if (const auto error = seeds_.destroy(operation_.account, unused))
      ports_.warn("seeds that no token has can't be destroyed: " + error.message());
  }

  Run& run_;
  OperationPorts& ports_;
  Operation& operation_;
  otp::Seeds seeds_;
  Chunks<Command> chunks_;
  Chunk filling_;
  std::map<std::uint64_t, Chunk> on_their_way_;
  std::set<domain::Digest> unsettled_;  ///< serial numbers in filling_ and on_their_way_
  std::uint64_t number_ = 0;
  std::optional<domain::Refusal> refused_;
  bool interrupted_ = false;
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
  const bool read = spooled.each([&](SeedRow& row) { return import.take(row); });
  const bool settled = read && import.settle_all();
  if (import.refused()) throw std::runtime_error(import.refused()->detail);
  if (!settled && !rows_->error()) return interrupted();
  operation_.ignored_columns = spooled.ignored();
  return finished();
}

}  // namespace countersign::operations
