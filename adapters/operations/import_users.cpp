// Import of a directory export: the spooled body is read once, row after row; good rows go in chunks, bad ones are
// reported. A chunk's content decides its boundaries, so that going on after a crash finds the same chunks.

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/directory/directory_reader.h"
#include "adapters/directory/text_checks.h"
#include "adapters/keys/random.h"
#include "adapters/keys/sealed_file.h"
#include "adapters/operations/run.h"

namespace countersign::operations {
namespace {

namespace json = boost::json;
using directory::DirectoryRecord;
using directory::Person;

constexpr std::size_t rows_a_chunk = 256, bytes_a_chunk = 96 * 1024;

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

void count(Operation& operation, const std::string& answer) {
  const auto row = json::parse(answer).as_array();
  const auto created = row[0].to_number<std::uint64_t>(), updated = row[1].to_number<std::uint64_t>(),
             unchanged = row[2].to_number<std::uint64_t>();
  operation.created += created;
  operation.updated += updated;
  operation.unchanged += unchanged;
  operation.done += created + updated + unchanged;
  for (const auto& refused : row[3].as_array()) {
    ++operation.failed;
    operation.rows.push_back({refused.at(0).to_number<std::uint64_t>(), "", std::string(refused.at(1).as_string()),
                              std::string(refused.at(2).as_string())});
  }
}

/// The chunk that is being filled: rows, and the text that identifies them to a repeated run.
struct Filling {
  domain::ImportUsers command;
  std::vector<domain::UserId> fresh;
  std::string content;
};

}  // namespace

Run::Ended Run::import_users() {
  const auto account_key = ports_.keys.account_key(operation_.account);
  if (!account_key) throw std::runtime_error("the account's key is missing");
  auto spool = keys::SealedFileReader::open(owner_.spool_of(operation_.id), *account_key);
  if (spool.has_error()) throw std::runtime_error("the spooled import can't be read: " + spool.error().message());
  auto reader = directory::make_reader_for(operation_.content_type);
  if (!reader) throw std::runtime_error("the import's media type isn't known");

  // Counted afresh: chunks that were done before a restart are answered from their records.
  operation_.total = operation_.done = operation_.failed = 0;
  operation_.created = operation_.updated = operation_.unchanged = 0;
  operation_.rows.clear();

  std::optional<domain::Refusal> refused;
  Chunks<domain::ImportUsers> chunks(
      ports_.submitter, stop_,
      [](const domain::ImportedUsers& result, const domain::State&) { return to_answer(result); },
      [&](Chunks<domain::ImportUsers>::Outcome& outcome, std::uint64_t chunk) {
        if (outcome.refusal)
          refused = outcome.refusal;
        else
          count(operation_, outcome.answer ? outcome.answer->body : to_answer(*outcome.result).body);
        note_progress(chunk + 1);
      });

  Filling filling;
  std::uint64_t number = 0;
  const auto flush = [&] {
    if (filling.command.rows.empty()) return true;
    if (operation_.dry_run) {
      operation_.done += filling.command.rows.size();
      filling = {};
      note_progress(++number);
      return !stop_.stop_requested();
    }
    if (const auto error = ports_.keys.create_subject_keys(operation_.account, filling.fresh))
      throw std::runtime_error("the users' keys can't be stored: " + error.message());
    auto call = chunk_call(number, filling.content);
    const bool pushed = chunks.push(number++, std::move(call), std::move(filling.command));
    filling = {};
    return pushed && !refused;
  };

  const auto take = [&](const DirectoryRecord& record) {
    ++operation_.total;
    if (const auto* error = std::get_if<directory::RecordError>(&record.outcome)) {
      ++operation_.failed;
      operation_.rows.push_back({record.line, "", error->code, error->detail});
      return true;
    }
    const auto& person = std::get<Person>(record.outcome);
    const auto state = ports_.decider.reader();
    const auto known = state.find(commands::digest_of_email(ports_.lookup, operation_.account, person.email));
    const auto user = known ? state.user(operation_.account, known->user) : nullptr;
    domain::ImportUsers::Row row;
    row.line = record.line;
    domain::Personal personal;
    if (user)
      if (auto opened = ports_.opener.of_user(operation_.account, user->id, user->profile))
        personal = std::move(*opened);
    personal.ip.clear();
    personal.user_agent.clear();
    merge(personal, person);
    row.profile =
        commands::make_profile(ports_.lookup, operation_.account, std::move(personal), user && user->mfa_configured);
    row.id = user ? user->id : keys::random_id<domain::UserId>(ports_.clock());
    if (!user) filling.fresh.push_back(row.id);
    filling.content.append(std::to_string(record.line)).append(1, ' ').append(person.email).append(1, '\n');
    filling.content.append(person.first_name).append(1, '\n').append(person.last_name).append(1, '\n');
    filling.command.rows.push_back(std::move(row));
    return filling.command.rows.size() < rows_a_chunk && filling.content.size() < bytes_a_chunk ? true : flush();
  };

  std::string text;
  for (bool more = true; more;) {
    text.clear();
    const auto read = spool->read(text);
    if (read.has_error()) throw std::runtime_error("the spooled import is damaged: " + read.error().message());
    more = *read == keys::SealedFileReader::More::yes;
    reader->feed(text);
    if (!more) reader->finish();
    while (const auto record = reader->next())
      if (!take(*record)) {
        if (refused) throw std::runtime_error(refused->detail);
        return Ended::interrupted;
      }
    if (const auto failure = reader->failure()) throw std::runtime_error(failure->code + ": " + failure->detail);
  }
  operation_.ignored_columns = reader->ignored();
  if (!flush() || !chunks.settle_all()) {
    if (refused) throw std::runtime_error(refused->detail);
    return Ended::interrupted;
  }
  if (refused) throw std::runtime_error(refused->detail);
  std::ranges::stable_sort(operation_.rows, {},
                           &RowReport::line);  // chunks answer later than the rows beyond them are read
  return Ended::finished;
}

}  // namespace countersign::operations
