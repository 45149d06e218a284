#include "tools/countersignd/recovery.h"

#include <chrono>
#include <set>
#include <vector>

#include "bus/frame_reader.h"
#include "projections/projector.h"
#include "tools/countersignd/data_directory.h"

namespace countersign::server {
namespace {

/// An older copy of the log under newer views: what they hold beyond it could never be folded again.
void refuse_views_ahead_of_log(const Recovered& parts) {
  const auto end = parts.log.end();
  if (end.has_error())
    throw StartRefused("the log in " + parts.log_directory.string() + " can't be read: " + end.error().message());
  if (parts.views.position().next <= *end) return;
  throw StartRefused("the views hold records up to " + std::to_string(bus::value(parts.views.position().next) - 1) +
                     ", but the log in " + parts.log_directory.string() + " ends at " +
                     std::to_string(bus::value(*end) - 1) +
                     ": an older copy of the log was put back. Restore a backup (countersignd --restore)");
}

/// On a log of one machine nobody else writes: a record that is not ours was changed, and all behind it would be lost
/// without a word.
void refuse_records_that_do_not_count(const Recovered& parts, const bus::FrameReader& reader) {
  using bus::Ignored;
  for (const auto reason : {Ignored::damaged, Ignored::forged, Ignored::wrong_cluster, Ignored::wrong_partition,
                            Ignored::wrong_number, Ignored::wrong_head})
    if (const auto count = reader.ignored()[static_cast<std::size_t>(reason)]; count > 0)
      throw StartRefused(std::to_string(count) + " record(s) of the log in " + parts.log_directory.string() +
                         " don't count (" + std::string(bus::name(reason)) + ", the last good frame is " +
                         std::to_string(bus::value(reader.state().last)) +
                         "): countersign-replay verify names the first. Restore a backup (countersignd --restore)");
  const auto acknowledged = parts.log.acknowledged().number;
  if (reader.state().last < acknowledged)
    throw StartRefused("the log in " + parts.log_directory.string() + " counts up to frame " +
                       std::to_string(bus::value(reader.state().last)) + ", but frame " +
                       std::to_string(bus::value(acknowledged)) +
                       " was acknowledged: restore a backup (countersignd --restore)");
}

/// Erasure is done again at every start: an older copy of the key store may have been put back. Only what the log says
/// was erased goes; a key without a user is harmless.
void erase_keys_again(const Recovered& parts) {
  constexpr std::size_t at_once = 4096;
  std::vector<keys::Subject> erased;
  const auto destroy = [&] {
    if (const auto error = parts.keys.erase_subjects(erased))
      throw StartRefused("the key store in " + parts.keys_directory.string() +
                         ": erased users' keys can't be destroyed: " + error.message());
    erased.clear();
  };
  parts.views.scan(std::string(1, static_cast<char>(projections::Table::erased)), "",
                   [&](std::string_view key, std::string_view) {
                     const auto [account, user] = projections::parse_erased_key(key);
                     erased.push_back({account, user});
                     if (erased.size() == at_once) destroy();
                     return true;
                   });
  destroy();
}

/// Of destinations, authenticators and hardware tokens that were deleted, or never came to be: what a crash kept from
/// being destroyed.
void destroy_forgotten_secrets(const Recovered& parts) {
  std::set<keys::SecretName> needed;
  const std::string table(1, static_cast<char>(projections::Table::siem_destinations));
  parts.views.scan(table, table, [&](std::string_view key, std::string_view row) {
    needed.insert(
        {domain::AccountId{domain::uuid_from(key.substr(1))}, projections::decode_siem_destination(row).traits.secret});
    return true;
  });
  for (const auto table_of_seeds : {projections::Table::authenticators, projections::Table::hardware_tokens}) {
    const std::string seeds(1, static_cast<char>(table_of_seeds));
    parts.views.scan(seeds, seeds, [&](std::string_view key, std::string_view) {
      needed.insert({domain::AccountId{domain::uuid_from(key.substr(1))}, domain::uuid_from(key.substr(17))});
      return true;
    });
  }
  const auto kept = parts.keys.secrets();
  std::vector<keys::SecretName> forgotten;
  if (kept.has_value())
    for (const auto& name : *kept)
      if (!needed.contains(name)) forgotten.push_back(name);
  const auto error = kept.has_error() ? kept.error() : parts.keys.destroy_secrets(forgotten);
  if (error)
    throw StartRefused(
        "the key store in " + parts.keys_directory.string() +
        ": secrets that no SIEM destination, authenticator or hardware token needs can't be destroyed: " +
        error.message());
}

/// Keys are durable before the log speaks of whom they are for, so an older copy of the store lacks those of the newest
/// people. A few of each account, because ids are drawn a little before their keys are written.
void refuse_people_without_keys(const Recovered& parts) {
  constexpr int newest = 16;
  const auto refuse = [&](const std::string& whose) {
    throw StartRefused("the key store in " + parts.keys_directory.string() + " lacks the key of " + whose +
                       ": an older copy of it was put back, or it is damaged. Restore a backup "
                       "(countersignd --restore)");
  };
  parts.views.scan(std::string(1, static_cast<char>(projections::Table::accounts)), "",
                   [&](std::string_view key, std::string_view) {
                     const domain::AccountId account{domain::uuid_from(key.substr(1))};
                     if (!parts.keys.account_key(account)) refuse(account.text());
                     int seen = 0;
                     parts.views.scan_back(projections::user_key(account, {}).substr(0, 17),
                                           [&](std::string_view row, std::string_view) {
                                             const domain::UserId user{domain::uuid_from(row.substr(17))};
                                             const auto found = parts.keys.subject_key(account, user);
                                             if (found.has_error() || !*found) refuse(user.text());
                                             return ++seen < newest;
                                           });
                     return true;
                   });
}

}  // namespace

bus::AcceptanceState recover(const Recovered& parts, Log& log) {
  const auto began = std::chrono::steady_clock::now();
  refuse_views_ahead_of_log(parts);
  bus::FrameReader reader(parts.log, parts.identity, parts.keys.cluster().log.key.view(), parts.views.position());
  projections::Projector projector(parts.views);
  for (;;) {
    const auto next = reader.next();
    if (next.has_error())
      throw StartRefused("the log in " + parts.log_directory.string() + " can't be read: " + reader.error_text());
    if (!*next) break;
    if (const auto* frame = (*next)->frame()) projector.apply(*frame, (*next)->after);
  }
  refuse_records_that_do_not_count(parts, reader);
  projector.finish(reader.state());
  erase_keys_again(parts);
  destroy_forgotten_secrets(parts);
  refuse_people_without_keys(parts);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  log.write(LogLevel::info, "log folded",
            {{"events", std::to_string(projector.events())},
             {"frame", std::to_string(bus::value(reader.state().last))},
             {"milliseconds", std::to_string(took.count())}});
  return reader.state();
}

}  // namespace countersign::server
