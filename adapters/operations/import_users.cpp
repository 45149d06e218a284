// Import of a directory export: the spooled body is read once to count its rows, and once more row after row; good rows
// go in chunks, bad ones are reported with the chunk they stand in, once everything before it is settled. A chunk's
// content decides its boundaries, so that going on after a crash finds the same chunks. A row is merged with the user
// it is about outside of decide: when that user has changed until the chunk is decided, decide refuses the row, and it
// is merged again.

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/directory/directory_reader.h"
#include "adapters/directory/text_checks.h"
#include "adapters/keys/random.h"
#include "adapters/operations/rehearsal.h"
#include "adapters/operations/run.h"
#include "adapters/operations/spooled_directory.h"

namespace countersign::operations {
namespace {

namespace json = boost::json;
using directory::DirectoryRecord;
using directory::Person;

constexpr std::size_t rows_a_chunk = 256, bytes_a_chunk = 96 * 1024, bad_rows_a_chunk = 1024;
constexpr int most_merges = 8;  // of a row that is overtaken again and again

void set_attribute(domain::Personal& personal, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  for (auto& attribute : personal.attributes)
    if (attribute->name == name) {
      attribute->value = value;
      return;
    }
  auto attribute = std::make_unique<domain::fb::AttributeT>();
  attribute->name = name;
  attribute->value = value;
  personal.attributes.push_back(std::move(attribute));
}

/// What the import says about a person; what it leaves out stays as it is.
void merge(domain::Personal& personal, const Person& person) {
  personal.first_name = person.first_name;
  personal.last_name = person.last_name;
  personal.email = person.email;
  if (!person.login_name.empty()) personal.login_name = directory::to_lower_ascii(person.login_name);
  set_attribute(personal, "department", person.department);
  set_attribute(personal, "mobile", person.mobile);
}

commands::Answer to_answer(const domain::ImportedUsers& result) {
  json::array refused;
  for (const auto& row : result.refused)
    refused.push_back({row.line, domain::text_of(row.refusal.code), row.refusal.detail});
  return {200, json::serialize(json::value{result.created, result.updated, result.unchanged, std::move(refused)}), {}};
}

/// Counts what became of a chunk's rows, but for the refused ones: `bad` gets those. Gives the lines that are to be
/// merged again, if there may be another merge.
std::set<std::uint64_t> count(Operation& operation, const std::string& answer, bool may_merge_again,
                              std::vector<RowReport>& bad) {
  std::set<std::uint64_t> overtaken;
  const auto row = json::parse(answer).as_array();
  const auto created = row[0].to_number<std::uint64_t>(), updated = row[1].to_number<std::uint64_t>(),
             unchanged = row[2].to_number<std::uint64_t>();
  operation.created += created;
  operation.updated += updated;
  operation.unchanged += unchanged;
  operation.done += created + updated + unchanged;
  for (const auto& refused : row[3].as_array()) {
    const auto line = refused.at(0).to_number<std::uint64_t>();
    const std::string code(refused.at(1).as_string());
    if (may_merge_again && code == domain::text_of(domain::RefusalCode::version_mismatch)) {
      overtaken.insert(line);
      continue;
    }
    bad.push_back({line, "", code, std::string(refused.at(2).as_string())});
  }
  return overtaken;
}

std::size_t hash_of(const std::string& email) {
  return std::hash<std::string>()(email);
}

/// The hashes of addresses that stand in the file more than once, sorted; nothing when the server is stopping.
std::optional<std::vector<std::size_t>> repeated_addresses(SpooledDirectory& spooled, const std::stop_token& stop) {
  std::vector<std::size_t> all, repeated;
  const bool read = spooled.each([&](const DirectoryRecord& record) {
    if (const auto* person = std::get_if<Person>(&record.outcome)) all.push_back(hash_of(person->email));
    return !stop.stop_requested();
  });
  if (!read) return std::nullopt;
  std::ranges::sort(all);
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i] == all[i - 1] && (repeated.empty() || repeated.back() != all[i])) repeated.push_back(all[i]);
  return repeated;
}

/// A row of the file that passed the reader's checks, until it is settled.
struct Taken {
  std::uint64_t line;
  Person person;
  domain::Digest email;
};

struct Chunk {
  std::vector<Taken> good;
  std::vector<RowReport> bad;
};

}  // namespace

class Import {
 public:
  using Command = domain::ImportUsers;
  /// `rehearsal`: of a dry run; else null.
  Import(Run& run, Rehearsal* rehearsal)
      : run_(run),
        rehearsal_(rehearsal),
        ports_(run.ports_),
        operation_(run.operation_),
        chunks_(
            ports_.submitter, run.stop_,
            [](const domain::ImportedUsers& result, const domain::State&) { return to_answer(result); },
            [this](Chunks<Command>::Outcome& outcome, std::uint64_t chunk) { settled(outcome, chunk); }) {}

  /// False: the server is stopping, or a chunk was refused.
  bool take(const DirectoryRecord& record) {
    if (const auto* error = std::get_if<directory::RecordError>(&record.outcome)) {
      filling_.bad.push_back({record.line, "", error->code, error->detail});
      return filling_.bad.size() < bad_rows_a_chunk || flush();
    }
    const auto& person = std::get<Person>(record.outcome);
    const auto email = commands::digest_of_email(ports_.lookup, operation_.account, person.email);
    // Somebody who stands twice in the file: the second row is merged with what the first one made.
    if (unsettled_.contains(email) && !settle_all()) return false;
    unsettled_.insert(email);
    content_.append(content_of(record.line, person));
    filling_.good.push_back({record.line, person, email});
    return filling_.good.size() < rows_a_chunk && content_.size() < bytes_a_chunk ? true : flush();
  }
  bool settle_all() { return flush() && chunks_.settle_all() && going(); }
  const std::optional<domain::Refusal>& refused() const { return refused_; }

 private:
  static std::string content_of(std::uint64_t line, const Person& person) {
    return std::to_string(line) + ' ' + person.email + '\n' + person.first_name + '\n' + person.last_name + '\n';
  }
  bool going() const { return !refused_ && !interrupted_ && !run_.stop_.stop_requested() && !run_.rows_->error(); }

  bool flush() {
    auto chunk_of_rows = std::exchange(filling_, {});
    const auto content = std::exchange(content_, {});
    if (chunk_of_rows.good.empty()) return chunk_of_rows.bad.empty() ? going() : only_report(chunk_of_rows.bad);
    const auto chunk = number_++;
    if (rehearsal_) return rehearse(chunk_of_rows);
    auto command = merged(chunk_of_rows.good);
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

  bool rehearse(Chunk& chunk) {
    const auto now = ports_.state.reader();
    auto context = run_.plain_call().context;
    context.now = ports_.clock();
    const auto decision = rehearsal_->decide(now, context, merged(rehearsal_->on(now), chunk.good).first);
    if (decision.refusal())
      refused_ = *decision.refusal();
    else
      count(operation_, to_answer(decision.result()).body, false, chunk.bad);
    for (const auto& row : chunk.good) unsettled_.erase(row.email);
    report(chunk.bad);
    return going();
  }

  /// The rows, merged with the users they are about as those are now, and with keys for those who are new.
  Command merged(const std::vector<Taken>& rows) {
    auto [command, fresh] = merged(ports_.state.reader(), rows);
    if (const auto error = ports_.keys.create_subject_keys(operation_.account, fresh))
      throw std::runtime_error("the users' keys can't be stored: " + error.message());
    return std::move(command);
  }

  /// And the ids of those who are new.
  std::pair<Command, std::vector<domain::UserId>> merged(const domain::State& state, const std::vector<Taken>& rows) {
    Command command;
    std::vector<domain::UserId> fresh;
    for (const auto& taken : rows) {
      const auto known = state.find(taken.email);
      const auto user = known ? state.user(operation_.account, known->user) : nullptr;
      Command::Row row;
      row.id = keys::random_id<domain::UserId>(ports_.clock());
      row.line = taken.line;
      // Somebody whose key is gone has been erased meanwhile, and is new; if not, decide refuses this row alone.
      auto known_profile = user ? profile_of(*user) : std::nullopt;
      if (known_profile) {
        row.merged_from = user->id;
        row.merged_version = user->version;
      } else {
        fresh.push_back(row.id);
      }
      auto personal = std::move(known_profile).value_or(domain::Personal{});
      personal.ip.clear();
      personal.user_agent.clear();
      merge(personal, taken.person);
      row.profile =
          commands::make_profile(ports_.lookup, operation_.account, std::move(personal), user && user->mfa_configured);
      command.rows.push_back(std::move(row));
    }
    return {std::move(command), std::move(fresh)};
  }

  /// Nothing when the user's key is gone.
  std::optional<domain::Personal> profile_of(const domain::User& user) const {
    if (const auto* rehearsed = rehearsal_ ? rehearsal_->profile_of(user.id) : nullptr) return *rehearsed;
    return ports_.opener.of_user(operation_.account, user.id, user.profile);
  }

  void settled(Chunks<Command>::Outcome& outcome, std::uint64_t chunk) {
    auto [rows, bad] = std::move(on_their_way_.extract(chunk).mapped());
    auto overtaken = counted(outcome, true, bad);
    for (int merges = 2; !overtaken.empty() && merges <= most_merges; ++merges) {
      std::vector<Taken> again;
      std::ranges::copy_if(rows, std::back_inserter(again),
                           [&](const Taken& row) { return overtaken.contains(row.line); });
      overtaken = merge_again(again, chunk, merges, bad);
    }
    for (const auto& row : rows) unsettled_.erase(row.email);
    report(bad);
  }

  /// Another chunk of overtaken rows, with a key of its own. Gives those that were overtaken again.
  std::set<std::uint64_t> merge_again(const std::vector<Taken>& rows, std::uint64_t chunk, int merges,
                                      std::vector<RowReport>& bad) {
    auto key = std::to_string(chunk) + "/" + std::to_string(merges);
    std::string content;
    for (const auto& row : rows) {
      key += " " + std::to_string(row.line);
      content += content_of(row.line, row.person);
    }
    auto command = merged(rows);
    std::set<std::uint64_t> overtaken;
    Chunks<Command> one(
        ports_.submitter, run_.stop_,
        [](const domain::ImportedUsers& result, const domain::State&) { return to_answer(result); },
        [&](Chunks<Command>::Outcome& outcome, std::uint64_t) {
          overtaken = counted(outcome, merges < most_merges, bad);
        });
    if (!one.push(0, run_.chunk_call(key, content), std::move(command)) || !one.settle_all()) interrupted_ = true;
    return overtaken;
  }

  std::set<std::uint64_t> counted(Chunks<Command>::Outcome& outcome, bool may_merge_again,
                                  std::vector<RowReport>& bad) {
    if (!outcome.refusal)
      return count(operation_, outcome.answer ? outcome.answer->body : to_answer(*outcome.result).body, may_merge_again,
                   bad);
    refused_ = outcome.refusal;
    return {};
  }

  Run& run_;
  Rehearsal* const rehearsal_;
  OperationPorts& ports_;
  Operation& operation_;
  Chunks<Command> chunks_;
  Chunk filling_;
  std::string content_;  ///< of what is good in filling_: identifies the chunk to a repeated run
  std::map<std::uint64_t, Chunk> on_their_way_;
  std::set<domain::Digest> unsettled_;  ///< addresses in filling_ and on_their_way_
  std::uint64_t number_ = 0;
  std::optional<domain::Refusal> refused_;
  bool interrupted_ = false;
};

Run::Ended Run::import_users() {
  const auto account_key = ports_.keys.account_key(operation_.account);
  if (!account_key) throw std::runtime_error("the account's key is missing");
  SpooledDirectory spooled(owner_.spool_of(operation_.id), *account_key, operation_.content_type);
  if (!operation_.total) {
    std::uint64_t rows = 0;
    if (!spooled.each([&](const DirectoryRecord&) { return ++rows % 1024 != 0 || !stop_.stop_requested(); }))
      return interrupted();
    operation_.total = rows;
    show_progress();
  }

  // Counted afresh: chunks that were done before a restart are answered from their records.
  operation_.done = 0;
  operation_.created = operation_.updated = operation_.unchanged = 0;
  begin_rows();

  std::optional<Rehearsal> rehearsal;
  if (operation_.dry_run) {
    auto repeated = repeated_addresses(spooled, stop_);
    if (!repeated) return interrupted();
    rehearsal.emplace(operation_.account, [repeated = std::move(*repeated)](const std::string& email) {
      return std::ranges::binary_search(repeated, hash_of(email));
    });
  }
  Import import(*this, rehearsal ? &*rehearsal : nullptr);
  const bool read = spooled.each([&](const DirectoryRecord& record) { return import.take(record); });
  const bool settled = read && import.settle_all();
  if (import.refused()) throw std::runtime_error(import.refused()->detail);
  if (!settled && !rows_->error()) return interrupted();
  operation_.ignored_columns = spooled.ignored();
  return finished();
}

}  // namespace countersign::operations
