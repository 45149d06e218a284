#include "tools/replay/export/disclosure.h"

#include <algorithm>
#include <array>
#include <boost/system/system_error.hpp>

#include "adapters/keys/sealing.h"
#include "adapters/queries/seal_opener.h"

namespace countersign::replay {
namespace {

constexpr std::array<std::pair<Withheld, std::string_view>, 5> texts = {
    {{Withheld::none, ""},
     {Withheld::nothing_sealed, "nothing_sealed"},
     {Withheld::open_registration_code, "open_registration_code"},
     {Withheld::erased, "erased"},
     {Withheld::no_key, "no_key"}}};

/// By its status then, not by the wall clock: a code that the log leaves open may be open still.
bool holds_an_open_code(const domain::EventView& event, const AccountFold& state, domain::UnixMs now) {
  if (event.type() != domain::EventType::registration_code_generated) return false;
  const auto* code = state.code(domain::CodeId{event.target().id});
  if (!code) return false;
  const auto status = effective_status(*code, now);
  return status == domain::CodeStatus::open || status == domain::CodeStatus::reserved;
}

}  // namespace

std::string_view text_of(Withheld reason) {
  return std::ranges::find(texts, reason, [](const auto& row) { return row.first; })->second;
}

std::optional<Withheld> parse_withheld(std::string_view text) {
  const auto* found = std::ranges::find(texts, text, [](const auto& row) { return row.second; });
  return found == texts.end() ? std::nullopt : std::optional(found->first);
}

Disclosure disclose(const domain::EventView& event, const AccountFold& state, domain::UnixMs now,
                    keys::SealKeys* keys) {
  if (event.sealed().empty()) return {{}, Withheld::nothing_sealed};
  if (holds_an_open_code(event, state, now)) return {{}, Withheld::open_registration_code};
  if (!keys) return {{}, Withheld::no_key};
  std::optional<keys::Key> sealing;
  if (domain::sealed_for_user(event.type(), event.subject())) {
    const domain::UserId user{event.subject().id};
    auto found = keys->subject_key(event.account(), user);
    if (found.has_error()) throw boost::system::system_error(found.error(), "the key of " + user.text());
    sealing = *found;
    if (!sealing) return {{}, state.was_erased(user) ? Withheld::erased : Withheld::no_key};
  } else {
    sealing = keys->account_key(event.account());
    if (!sealing) return {{}, Withheld::no_key};
  }
  return {keys::event_key(*sealing, event.id()), Withheld::none};
}

bool is_committed(const keys::Key& key, const domain::EventView& event) {
  return event.clear().commitment() != nullptr &&
         keys::commitment_to(key) == domain::EventView::to_digest(event.clear().commitment());
}

std::optional<domain::Personal> open_with(const keys::Key& key, const domain::EventView& event) {
  std::string text;
  if (!is_committed(key, event)) return std::nullopt;
  if (!keys::open(key, bus::sha256(event.clear_bytes()), event.sealed(), text)) return std::nullopt;
  return domain::parse_personal(text);
}

}  // namespace countersign::replay
