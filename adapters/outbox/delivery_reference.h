#pragma once
// What a challenge's message is called outside, so that a report about it leads back without a look-up:
// "acc_...-aut_...-chl_...". It is no secret: who reports must be known in another way.

#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"

namespace countersign::outbox {

struct DeliveryReference {
  domain::AccountId account;
  domain::AuthenticatorId authenticator;
  domain::ChallengeId challenge;
  bool operator==(const DeliveryReference&) const = default;
};

/// Fit to be a messages::Message::id.
std::string text_of(const DeliveryReference& reference);
std::optional<DeliveryReference> parse_reference(std::string_view text);
/// The first one that stands anywhere in it.
std::optional<DeliveryReference> find_reference(std::string_view text);

}  // namespace countersign::outbox
