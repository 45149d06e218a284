#include "adapters/queries/party_names.h"

#include <algorithm>

#include "adapters/directory/text_checks.h"

namespace countersign::queries {

using domain::EventType;
using domain::PartyKind;
using projections::Few;
using projections::IndexValue;
using projections::Many;

namespace {

constexpr std::array fields{Many::actor, Many::subject, Many::target};

bool has_name(PartyKind kind) {
  switch (kind) {
    case PartyKind::none:
    case PartyKind::source:
    case PartyKind::registration_code:
    case PartyKind::token:
    case PartyKind::session:
    case PartyKind::operation: return false;
    default: return true;
  }
}

/// Events after which a name may be another one.
bool renames(EventType type) {
  return type == EventType::user_created || type == EventType::user_updated || type == EventType::user_erased ||
         type == EventType::device_activated || type == EventType::device_renamed ||
         type == EventType::authenticator_enrolled || type == EventType::authenticator_updated ||
         type == EventType::authenticator_deleted || type == EventType::licence_deleted ||
         type == EventType::hardware_token_deleted || type == EventType::siem_destination_updated ||
         type == EventType::siem_destination_deleted;
}

}  // namespace

/// Takes in the parties of the events that an account's names haven't seen.
class PartyNames::CatchingUp {
 public:
  CatchingUp(domain::AccountId id, Account& account, EventRenderer& renderer)
      : id_(id), account_(account), renderer_(renderer) {}

  void take(const projections::Segment& segment, bool frozen) {
    const auto first = segment.first_sequence();
    const auto from = account_.seen < first ? 0 : static_cast<std::size_t>(account_.seen + 1 - first);
    // Of a whole segment each value once; which device is whose only its activation says.
    const bool whole = frozen && from == 0;
    if (whole)
      for (const auto field : fields)
        for (const auto& value : segment.values(field)) add(value, {});
    const auto types = segment.column(Few::type);
    for (auto i = from; i < segment.size(); ++i) {
      const auto type = static_cast<EventType>(types[i]);
      if (whole && !renames(type)) continue;
      const auto subject = value_at(segment, Many::subject, i), target = value_at(segment, Many::target, i);
      if (type == EventType::user_erased) {
        erase(projections::party_of(subject).id);
      } else if (renames(type)) {
        const auto owner = projections::party_of(subject).id;
        name(subject, {});
        if (target != subject) name(target, owner);
      } else {
        for (const auto field : fields) add(value_at(segment, field, i), {});
      }
    }
    account_.seen = std::max(account_.seen, first + segment.size() - 1);
  }

 private:
  static IndexValue value_at(const projections::Segment& segment, Many field, std::size_t i) {
    return segment.values(field)[segment.column(field)[i]];
  }
  void add(const IndexValue& value, const domain::Uuid& owner) {
    if (!account_.names.contains(value)) name(value, owner);
  }
  void name(const IndexValue& value, const domain::Uuid& owner) {
    const auto party = projections::party_of(value);
    if (!has_name(party.kind)) return;
    auto& entry = account_.names[value];
    entry.folded = directory::fold_case(renderer_.name(id_, party));
    if (!owner.is_nil()) entry.owner = owner;
  }
  /// The person's name reads "(erased)" from now on, and so do searches.
  void erase(const domain::Uuid& user) {
    for (auto& [value, entry] : account_.names) {
      const auto party = projections::party_of(value);
      if (entry.owner == user || (party.kind == PartyKind::user && party.id == user))
        entry.folded = directory::fold_case(renderer_.name(id_, party));
    }
  }

  const domain::AccountId id_;
  Account& account_;
  EventRenderer& renderer_;
};

std::shared_ptr<PartyNames::Account> PartyNames::account(domain::AccountId id) {
  const std::lock_guard lock(mutex_);
  auto& found = accounts_[id];
  if (!found) found = std::make_shared<Account>();
  found->used = ++uses_;
  return found;
}

/// Makes room by whole accounts; a search that is under way in one of them keeps what it holds.
void PartyNames::note_size(domain::AccountId id, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (const auto it = accounts_.find(id); it != accounts_.end()) it->second->size = size;
  std::size_t total = 0;
  for (const auto& [other, held] : accounts_) total += held->size;
  while (total > most_names_ && accounts_.size() > 1) {
    auto oldest = accounts_.end();
    for (auto it = accounts_.begin(); it != accounts_.end(); ++it)
      if (it->first != id && (oldest == accounts_.end() || it->second->used < oldest->second->used)) oldest = it;
    if (oldest == accounts_.end()) return;
    total -= oldest->second->size;
    accounts_.erase(oldest);
  }
}

std::shared_ptr<const PartySet> PartyNames::find(domain::AccountId id, const projections::EventIndex::Reading& reading,
                                                 EventRenderer& renderer, std::string_view words) {
  const auto held = account(id);
  const auto found = std::make_shared<PartySet>();
  const std::lock_guard lock(held->mutex);
  if (held->seen < reading.last_sequence()) {
    CatchingUp catching_up(id, *held, renderer);
    for (auto n = static_cast<std::size_t>(held->seen / reading.segment_events()); n < reading.segments(); ++n)
      catching_up.take(*reading.segment(n), n + 1 < reading.segments());
    note_size(id, held->names.size());
  }
  for (const auto& [value, entry] : held->names)
    if (entry.folded.find(words) != std::string::npos) found->insert(value);
  return found;
}

void PartyNames::forget(domain::AccountId id, domain::UserId user) {
  std::shared_ptr<Account> held;
  {
    const std::lock_guard lock(mutex_);
    const auto it = accounts_.find(id);
    if (it == accounts_.end()) return;
    held = it->second;
  }
  const std::lock_guard lock(held->mutex);
  for (auto& [value, entry] : held->names) {
    const auto party = projections::party_of(value);
    if (entry.owner == user.uuid || (party.kind == PartyKind::user && party.id == user.uuid)) entry.folded.clear();
  }
}

std::size_t PartyNames::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const auto& [id, held] : accounts_) total += held->size;
  return total;
}

}  // namespace countersign::queries
