// Codes for all enabled users that never had one: the views are walked from a snapshot, decide checks each user again.

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/operations/event_search.h"
#include "adapters/operations/run.h"

namespace countersign::operations {
namespace {

namespace json = boost::json;
using Command = domain::GenerateForNewUsers;

constexpr std::size_t users_a_chunk = 256;

commands::Answer to_answer(const domain::GeneratedForNewUsers& result) {
  json::array with_mfa;
  for (const auto& user : result.with_mfa) with_mfa.emplace_back(user.text());
  return {200, json::serialize(json::value{result.generated, result.skipped, std::move(with_mfa)}), {}};
}

/// Counts what became of a chunk's users. Gives those that have MFA.
json::array count(Operation& operation, const std::string& answer) {
  const auto parts = json::parse(answer).as_array();
  operation.done += parts[0].to_number<std::uint64_t>();
  // Who has got a code or was disabled meanwhile isn't among those to do any more.
  const auto total = operation.total.value_or(0);
  operation.total = total - std::min(total, parts[1].to_number<std::uint64_t>());
  return parts[2].as_array();
}

std::string content_of(const Command& command) {
  std::string content;
  for (const auto& user : command.users) content.append(user.uuid.view());
  return content;
}

}  // namespace

Run::Ended Run::generate_for_new_users() {
  ports_.wait_landed(operation_.account);
  const auto state = ports_.state.reader();
  const auto account = state.account(operation_.account);
  if (!account) throw std::runtime_error("the account is gone");
  const auto prefix = projections::table_prefix(projections::Table::users, operation_.account);
  const auto each_new_user = [&](const std::function<bool(domain::UserId)>& visit) {
    ports_.views.scan(prefix, prefix, [&](std::string_view, std::string_view row) {
      const auto user = projections::decode_user(row);
      return user.had_code || user.disabled || visit(user.id);
    });
  };
  operation_.done = resumed_ ? codes_generated(ports_.views, state, operation_) : 0;
  begin_rows();
  std::uint64_t total = operation_.done;
  each_new_user([&](domain::UserId) { return ++total > 0; });
  operation_.total = total;

  std::optional<domain::Refusal> refused;
  Chunks<Command> chunks(
      ports_.submitter, stop_,
      [](const domain::GeneratedForNewUsers& result, const domain::State&) { return to_answer(result); },
      [&](Chunks<Command>::Outcome& outcome, std::uint64_t) {
        if (outcome.refusal) {
          refused = outcome.refusal;
        } else {
          const auto body = outcome.answer ? outcome.answer->body : to_answer(*outcome.result).body;
          for (const auto& user : count(operation_, body))
            report({0, std::string(user.as_string()), "mfa-configured", "Users with MFA get no registration code."});
        }
        note_progress();
      });

  Command filling;
  std::uint64_t number = 0;
  const auto flush = [&] {
    if (filling.users.empty()) return true;
    filling.operation = operation_.id;
    filling.drawn = commands::draw_codes(ports_.lookup, account->slot, filling.users.size() + 2, ports_.clock());
    // Its users are its key: a run that goes on after a restart has other chunks.
    const auto content = content_of(filling);
    const bool pushed = chunks.push(number++, chunk_call(content, content), std::move(filling));
    filling = {};
    return pushed && !refused;
  };

  bool going = true;
  each_new_user([&](domain::UserId user) {
    filling.users.push_back(user);
    if (filling.users.size() >= users_a_chunk) going = flush();
    return going;
  });
  going = going && flush() && chunks.settle_all();
  if (refused) throw std::runtime_error(refused->detail);
  if (!going) return interrupted();
  operation_.total = operation_.done + operation_.failed;
  return finished();
}

}  // namespace countersign::operations
