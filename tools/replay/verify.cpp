#include "tools/replay/verify.h"

#include <map>

#include "adapters/keys/master_key.h"
#include "domain/slot.h"
#include "tools/replay/event_semantics.h"
#include "tools/replay/folding.h"
#include "tools/replay/head_checks.h"
#include "tools/replay/index_checks.h"
#include "tools/replay/passed_over.h"
#include "tools/replay/reading_ahead.h"
#include "tools/replay/seal_checks.h"

namespace countersign::replay {
namespace {

std::string place(const Step& step) {
  return "the record at offset " + std::to_string(bus::value(step.at.offset));
}

/// What a row of the views is about, for people.
std::string row_text(const std::string& family, const std::string& key) {
  const auto id_at = [&](std::size_t at) { return domain::uuid_from(std::string_view(key).substr(at)); };
  const bool of_events = family != "default";
  const std::size_t at = of_events ? 0 : 1;
  if (key.size() < at + 16) return "a row of table '" + key.substr(0, at) + "'";
  if (of_events) return "the events of " + account_text(domain::AccountId{id_at(at)});
  using projections::Table;
  const auto of_account = [&](const std::string& what) {
    return what + " of " + account_text(domain::AccountId{id_at(1)});
  };
  const bool has_id = key.size() >= 33;
  switch (static_cast<Table>(key.front())) {
    case Table::accounts: return "the row of account " + account_text(domain::AccountId{id_at(1)});
    case Table::users:
      return has_id ? of_account("the row of user " + domain::UserId{id_at(17)}.text()) : "a user's row";
    case Table::api_keys: return has_id ? of_account("API key " + domain::ApiKeyId{id_at(17)}.text()) : "a key's row";
    case Table::codes:
      return has_id ? of_account("registration code " + domain::CodeId{id_at(17)}.text()) : "a code's row";
    case Table::activations:
      return has_id ? of_account("device " + domain::DeviceId{id_at(17)}.text()) : "a device's row";
    case Table::erased:
      return has_id ? of_account("erased user " + domain::UserId{id_at(17)}.text()) : "an erased user's row";
    case Table::digests: return "a row of digests";
    case Table::expiry: return "a row of what expires";
    case Table::deliveries: return "a row of messages under way";
    case Table::answers: return "a stored answer";
    case Table::slots: return "a slot's row";
    default: return "a row that begins with " + keys::hex(std::string_view(key).substr(0, 1));
  }
}

/// What all events of the log so far must fit.
class EventChecks {
 public:
  EventChecks(const Source& source, HeadChecks& heads, IndexChecks& index, SealChecks& seals)
      : partition_(source.partition),
        partitions_(source.cluster ? source.cluster->partitions() : 0),
        heads_(heads),
        index_(index),
        seals_(seals) {}
  /// Empty: the event is as it should be.
  std::string check(std::string_view bytes, const bus::Frame& frame) {
    const auto event = domain::EventView::parse(bytes);
    if (!event) return "can't be read: it is damaged, or of a later release";
    auto& last = sequences_[event->account()];
    const auto of_account = "of account " + account_text(event->account());
    if (event->sequence() != last + 1)
      return of_account + " has sequence " + std::to_string(event->sequence()) + " after " + std::to_string(last);
    last = event->sequence();
    if (partitions_ > 0 && domain::partition_of(event->account(), partitions_) != partition_)
      return of_account + " belongs to partition " +
             std::to_string(domain::partition_of(event->account(), partitions_));
    if (event->time() != bus::value(frame.time)) return "has another time than its frame";
    const auto named = of_account + " with sequence " + std::to_string(last) + " ";
    if (auto wrong = semantic_flaw(*event); !wrong.empty()) return named + wrong;
    if (auto wrong = heads_.take(*event, bytes); !wrong.empty()) return "does not fit: " + wrong;
    if (auto wrong = seals_.take(*event); !wrong.empty()) return named + wrong;
    if (auto wrong = index_.take(*event); !wrong.empty()) return "does not fit: " + wrong;
    return {};
  }
  std::size_t accounts() const { return sequences_.size(); }

 private:
  const std::uint32_t partition_, partitions_;  ///< of a cluster; none: 0
  HeadChecks& heads_;
  IndexChecks& index_;
  SealChecks& seals_;
  std::map<domain::AccountId, std::uint64_t> sequences_;
};

void check_frame(const bus::Frame& frame, EventChecks& checks, Verified& result) {
  for (std::size_t i = 0; i < frame.events.size() && !result.wrong; ++i) {
    const auto wrong = checks.check(frame.events[i], frame);
    if (!wrong.empty())
      result.wrong = "frame " + std::to_string(bus::value(frame.number)) + ": event " + std::to_string(i + 1) + " of " +
                     std::to_string(frame.events.size()) + " " + wrong;
    ++result.events;
  }
}

/// All records up to the first that is wrong. The state behind the last one that was looked at.
bus::AcceptanceState check_records(AuditedLog& log, PassedOver passed_over, EventChecks& checks, Verified& result,
                                   const Progress& progress) {
  auto reached = log.state();
  ReadingAhead ahead(log);
  while (const auto* step = ahead.next()) {
    ++result.records;
    reached = step->after;
    if (const auto wrong = passed_over.take(*step); !wrong.empty()) {
      result.wrong = place(*step) + " " + wrong;
      break;
    }
    const auto* frame = step->frame();
    if (!frame) continue;
    ++result.frames;
    check_frame(*frame, checks, result);
    if (result.wrong) break;
    if (progress) progress(result.frames, result.events);
  }
  if (!result.wrong && !passed_over.at_end().empty()) result.wrong = passed_over.at_end();
  result.superseded = passed_over.superseded();
  result.noise = passed_over.noise();
  return reached;
}

void check_views(const Source& source, Verified& result, const Progress& progress) {
  const auto directory = source.directory / "views";
  if (!std::filesystem::exists(directory / "CURRENT")) {
    result.unchecked.push_back("the views: there are none in " + directory.string());
    return;
  }
  std::optional<projections::Views> views;
  bus::AcceptanceState position;
  try {
    views.emplace(projections::ViewOptions{.directory = directory.string(), .read_only = true});
    position = views->position();
  } catch (const std::exception& error) {
    result.unchecked.push_back(std::string("the views: ") + error.what());
    return;
  }
  AuditedLog again(source);
  ScratchViews own;
  fold(
      again, *own, [&](const bus::Frame& frame) { return frame.number <= position.last; }, progress);
  const auto rebuild = " up to frame " + std::to_string(bus::value(position.last)) + ": run countersign-replay rebuild";
  // A claim or a release (which a server writes when it stops) moves the position too, but no row.
  if (own->position().last < position.last)
    result.wrong = "the views are ahead of the log, which a fold followed" + rebuild;
  else if (const auto differs = views->first_difference(*own))
    result.wrong = "the views differ from a fold of the log in " + row_text(differs->first, differs->second) + rebuild;
  else
    result.views_equal = true;
}

}  // namespace

Verified verify(const Source& source, const Progress& progress, const VerifyOptions& options) {
  Verified result;
  // The heads first: a running server signs what it has written, so the log that is opened afterwards has all of it.
  auto heads = [&] {
    const AuditedLog keys_of(source);
    return HeadChecks(source.directory, keys_of.keys(), options.checkpoints);
  }();
  IndexChecks index(source.directory / "index", options.index_segment_events);
  AuditedLog log(source);
  if (!log.keys()) {
    result.unchecked.push_back("the HMAC of every record: " + log.why_no_keys());
  }
  SealChecks seals(log);
  EventChecks checks(source, heads, index, seals);
  const auto reached = check_records(log, PassedOver(source.cluster != nullptr), checks, result, progress);
  if (!result.wrong && reached.last < log.acknowledged())
    result.wrong = "the log counts up to frame " + std::to_string(bus::value(reached.last)) + ", but frame " +
                   std::to_string(bus::value(log.acknowledged())) + " was acknowledged";
  for (const auto& wrong : {heads.finish(), heads.flaw(), index.finish()})
    if (!result.wrong && !wrong.empty()) result.wrong = wrong;
  if (!result.wrong) result.signed_heads = heads.heads();
  result.unchecked.insert(result.unchecked.end(), heads.unchecked().begin(), heads.unchecked().end());
  if (!index.unchecked().empty()) result.unchecked.push_back(index.unchecked());
  const auto sealed = seals.unchecked();
  result.unchecked.insert(result.unchecked.end(), sealed.begin(), sealed.end());
  result.seals_opened = seals.opened();
  result.seals_erased = seals.erased();
  result.index_segments = index.segments();
  result.accounts = checks.accounts();
  result.head = keys::hex(bus::view(reached.head));
  if (source.cluster) {
    result.unchecked.push_back("views, event indexes and signed heads: each node has its own in its data directory");
  } else if (!result.wrong) {
    try {
      check_views(source, result, progress);
    } catch (const std::exception& error) {
      result.wrong = error.what();
    }
  }
  return result;
}

}  // namespace countersign::replay
