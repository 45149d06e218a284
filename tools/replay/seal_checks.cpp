#include "tools/replay/seal_checks.h"

#include <boost/system/system_error.hpp>

#include "adapters/keys/sealing.h"
#include "adapters/queries/seal_opener.h"
#include "tools/replay/export/disclosure.h"

namespace countersign::replay {

std::string SealChecks::take(const domain::EventView& event) {
  const bool sealed = !event.sealed().empty(), commits = event.clear().commitment() != nullptr;
  if (sealed != commits) return sealed ? "is sealed without a commitment" : "commits to a key and seals nothing";
  const keys::Subject subject{event.account(), domain::UserId{event.subject().id}};
  if (event.type() == domain::EventType::user_erased) erased_.insert(subject);
  if (!sealed) return {};
  auto* keys = log_.seal_keys(event.account());
  if (!keys) {
    ++without_keys_;
    return {};
  }
  std::optional<keys::Key> sealing;
  if (domain::sealed_for_user(event.type(), event.subject())) {
    auto found = keys->subject_key(subject.account, subject.user);
    if (found.has_error()) throw boost::system::system_error(found.error(), "the key of " + subject.user.text());
    sealing = *found;
    if (!sealing) {
      ++keyless_[subject];
      return {};
    }
  } else {
    sealing = keys->account_key(event.account());
    if (!sealing) return "is sealed under a key of its account, and there is none";
  }
  const auto key = keys::event_key(*sealing, event.id());
  if (!is_committed(key, event)) return "commits to another key than the one that it is sealed under: it was altered";
  if (!open_with(key, event)) return "holds a seal that its clear part doesn't fit: one of the two was altered";
  ++opened_;
  return {};
}

std::uint64_t SealChecks::erased() const {
  std::uint64_t events = 0;
  for (const auto& [subject, sealed] : keyless_)
    if (erased_.contains(subject)) events += sealed;
  return events;
}

std::vector<std::string> SealChecks::unchecked() const {
  std::vector<std::string> texts;
  if (without_keys_ > 0)
    texts.push_back("the seals of " + std::to_string(without_keys_) + " events: " + log_.why_no_keys());
  for (const auto& [subject, sealed] : keyless_)
    if (!erased_.contains(subject))
      texts.push_back("the seals of " + std::to_string(sealed) + " events of " + subject.user.text() +
                      ": there is no key, though nobody has erased that person");
  return texts;
}

}  // namespace countersign::replay
