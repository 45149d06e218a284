#include "adapters/commands/observations.h"

#include "domain/slot.h"

namespace countersign::commands {

std::map<std::uint32_t, Observations> take_untold(const Observed& from, std::uint32_t partitions, domain::UnixMs now,
                                                  const OfPartition& wanted) {
  const auto number_of = [&](domain::AccountId account) { return domain::partition_of(account, partitions); };
  const auto at_most = [&](std::size_t most) -> OfAccount {
    return [&, most, taken = std::map<std::uint32_t, std::size_t>()](domain::AccountId account) mutable {
      const auto number = number_of(account);
      if (!wanted(number) || taken[number] == most) return false;
      ++taken[number];
      return true;
    };
  };
  std::map<std::uint32_t, Observations> untold;
  for (const auto& each : from.reads.take_of(at_most(most_observations)))
    untold[number_of(each.reader.account)].reads.push_back(each);
  for (auto& each : from.refusals.take_of(at_most(most_refusal_kinds)))
    untold[number_of(each.refused.account)].refusals.push_back(std::move(each));
  for (const auto& each : from.sessions.take_untold(now, at_most(most_observations)))
    untold[number_of(each.account)].sessions.push_back(each);
  for (const auto& each : from.keys.take_untold(now, at_most(most_observations)))
    untold[number_of(each.account)].keys.push_back(each);
  return untold;
}

void tell_again(const Observed& of, std::uint32_t partitions, const OfPartition& wanted) {
  const OfAccount theirs = [&](domain::AccountId account) { return wanted(domain::partition_of(account, partitions)); };
  of.sessions.tell_again(theirs);
  of.keys.tell_again(theirs);
}

void add(const Observed& to, const Observations& observations) {
  for (const auto& each : observations.reads) to.reads.put_back(each);
  for (const auto& each : observations.refusals) to.refusals.put_back(each);
  for (const auto& each : observations.sessions)
    to.sessions.seen(each.account, each.seen.user, each.seen.session, each.logged_before, each.seen.at);
  for (const auto& each : observations.keys) to.keys.note(each);
}

}  // namespace countersign::commands
