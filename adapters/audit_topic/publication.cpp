#include "adapters/audit_topic/publication.h"

#include <algorithm>
#include <stdexcept>

#include "adapters/audit_topic/audit_record.h"
#include "adapters/exports/beginning.h"
#include "adapters/queries/position_text.h"
#include "adapters/queries/stored_event.h"

namespace countersign::audit_topic {

using bus::FrameNumber;
using queries::Position;

Publication::Publication(const PublicationPorts& ports, const bus::LogIdentity& log, const PublicationLimits& limits)
    : ports_(ports), log_(log), limits_(limits) {}

boost::system::result<Publication::Left> Publication::step() {
  if (!done_)
    if (const auto resumed = resume(); resumed.has_error()) return resumed.error();
  // Before the accounts: their rows then know of every event up to there.
  const auto landed = ports_.views.position(log_.partition).last;
  if (landed < *done_) return Left::nothing;  // a former owner has written what this node has still to fold
  const auto accounts = pending();
  const auto first = accounts.empty() ? bus::next(landed) : first_frame(accounts);
  if (first > landed) {
    done_ = landed;
    return Left::nothing;
  }
  const auto until = std::min(landed, FrameNumber{value(first) + limits_.frames - 1});
  if (const auto wrote = write(accounts, until); wrote.has_error()) return wrote.error();
  done_ = until;
  return Left::perhaps;
}

boost::system::result<void> Publication::resume() {
  const auto own = queries::text_of(Position{log_, {}});
  for (auto records = limits_.look_back;; records *= 4) {
    std::optional<FrameNumber> newest;
    const auto older = ports_.topic.marks(log_.partition, records, [&](std::string_view mark) {
      const auto position = queries::parse_position(mark);
      if (!position || queries::text_of(Position{position->log, {}}) != own) return;
      if (!newest || *newest < position->frame) newest = position->frame;
    });
    if (older.has_error()) return older.error();
    if (!newest && *older == AuditTopic::Older::there) continue;
    done_ = newest.value_or(FrameNumber{});
    return {};
  }
}

/// The partition's accounts with events that have not been written. A slot has one account at most, so they are few.
std::vector<Publication::Pending> Publication::pending() {
  std::vector<Pending> found;
  lag_ = 0;
  const std::string table(1, static_cast<char>(projections::Table::accounts));
  ports_.views.scan(table, table, [&](std::string_view key, std::string_view row) {
    const domain::AccountId account{domain::uuid_from(key.substr(1))};
    if (domain::partition_of(account, ports_.partitions) != log_.partition) return true;
    const auto last = projections::decode_account(row).last_sequence;
    auto next = next_.find(account);
    if (next == next_.end()) {
      const exports::FromFrame behind{bus::next(*done_)};
      next = next_.emplace(account, exports::start_of(ports_.views, account, last, behind) + 1).first;
    }
    if (next->second > last) return true;
    found.push_back({account, last});
    lag_ += last + 1 - next->second;
    return true;
  });
  return found;
}

/// That holds one of their events.
FrameNumber Publication::first_frame(const std::vector<Pending>& accounts) const {
  std::optional<FrameNumber> first;
  for (const auto& pending : accounts) {
    bool there = false;
    ports_.views.events_from(pending.account, next_.at(pending.account), [&](std::string_view, FrameNumber frame) {
      first = std::min(first.value_or(frame), frame);
      there = true;
      return false;
    });
    if (!there) throw std::runtime_error("the views lack events of " + domain::account_text(pending.account));
  }
  return *first;
}

boost::system::result<void> Publication::write(const std::vector<Pending>& accounts, FrameNumber until) {
  const auto state = ports_.state.reader();
  queries::EventRenderer renderer(state, ports_.opener, log_);
  batch_.clear();
  places_.clear();
  batch_bytes_ = 0;
  for (const auto& pending : accounts) {
    while (!take(pending.account, until, renderer))
      if (const auto wrote = flush(); wrote.has_error()) return wrote.error();
  }
  // A full batch is written when there is one event more, so this one is not empty.
  batch_.back().mark = queries::text_of(Position{log_, until});
  return flush();
}

/// The account's events up to a frame, into the batch. False: the batch is full, and not all of them are in it.
bool Publication::take(domain::AccountId account, FrameNumber until, queries::EventRenderer& renderer) {
  auto from = next_.at(account);
  if (!places_.empty() && places_.back().account == account) from = places_.back().sequence + 1;
  bool all = true;
  ports_.views.events_from(account, from, [&](std::string_view bytes, FrameNumber frame) {
    if (frame > until) return false;
    all = batch_.size() < limits_.events && batch_bytes_ < limits_.bytes;
    if (!all) return false;
    const auto event = queries::stored_event(bytes, frame);
    batch_.push_back(record_of(renderer.describe(event, frame)));
    places_.push_back({account, event.sequence()});
    batch_bytes_ += batch_.back().value.size();
    return true;
  });
  return all;
}

boost::system::result<void> Publication::flush() {
  const auto wrote = ports_.topic.write(log_.partition, batch_);
  if (wrote.has_error()) return wrote.error();
  for (const auto& place : places_) next_[place.account] = place.sequence + 1;
  written_ += batch_.size();
  lag_ -= std::min<std::uint64_t>(lag_, batch_.size());
  batch_.clear();
  places_.clear();
  batch_bytes_ = 0;
  return {};
}

}  // namespace countersign::audit_topic
