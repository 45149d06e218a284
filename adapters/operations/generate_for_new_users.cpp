// Codes for all enabled users that never had one: the views are walked from a snapshot, decide checks each user again.

#include <stdexcept>

#include "adapters/commands/draw.h"
#include "adapters/operations/run.h"

namespace countersign::operations {
namespace {

constexpr std::size_t users_a_chunk = 256;

}  // namespace

Run::Ended Run::generate_for_new_users() {
  ports_.wait_landed();
  operation_.total = operation_.done = operation_.failed = 0;
  operation_.rows.clear();
  const auto account = ports_.decider.reader().account(operation_.account);
  if (!account) throw std::runtime_error("the account is gone");

  std::optional<domain::Refusal> refused;
  using Command = domain::GenerateForNewUsers;
  Chunks<Command> chunks(ports_.submitter, stop_, {}, [&](Chunks<Command>::Outcome& outcome, std::uint64_t chunk) {
    if (outcome.refusal) {
      refused = outcome.refusal;
    } else {
      operation_.done += outcome.result->generated;
      for (const auto& user : outcome.result->with_mfa) {
        ++operation_.failed;
        operation_.rows.push_back({0, user.text(), "mfa-configured", "Users with MFA get no registration code."});
      }
    }
    note_progress(chunk + 1);
  });

  Command filling;
  std::uint64_t number = 0;
  const auto flush = [&] {
    if (filling.users.empty()) return true;
    filling.operation = operation_.id;
    filling.drawn = commands::draw_codes(ports_.lookup, account->slot, filling.users.size() + 2, ports_.clock());
    const bool pushed = chunks.push(number++, plain_call(), std::move(filling));
    filling = {};
    return pushed && !refused;
  };

  bool going = true;
  const auto prefix = projections::table_prefix(projections::Table::users, operation_.account);
  ports_.views.scan(prefix, prefix, [&](std::string_view, std::string_view row) {
    const auto user = projections::decode_user(row);
    if (user.had_code || user.disabled) return true;
    ++operation_.total;
    filling.users.push_back(user.id);
    if (filling.users.size() >= users_a_chunk) going = flush();
    return going;
  });
  going = going && flush() && chunks.settle_all();
  if (refused) throw std::runtime_error(refused->detail);
  return going ? Ended::finished : Ended::interrupted;
}

}  // namespace countersign::operations
