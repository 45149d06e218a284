#pragma once
// What happened to one person, device, code or authenticator, or from one address, in order.

#include "adapters/queries/rendered_event.h"
#include "tools/replay/history.h"

namespace countersign::replay {

/// Exactly one of them is named.
struct Protagonist {
  std::optional<domain::UserId> user;
  std::optional<domain::DeviceId> device;
  std::string code;     ///< its id, or its text: then it is found by its keyed digest, which takes the keys
  std::string address;  ///< found by its keyed digest, which takes the keys
  std::optional<domain::AuthenticatorId> authenticator{};
};

/// Visits the events in order. How many there were; nobody is told what a code's text was. Throws std::runtime_error:
/// there is no such code, the keys are missing, or the log can't be read.
std::uint64_t tell_story(const Source& source, domain::AccountId account, const Protagonist& protagonist,
                         const std::function<void(const queries::RenderedEvent&)>& visit, const Progress& progress);

}  // namespace countersign::replay
