#include "adapters/outbox/delivery_reference.h"

namespace countersign::outbox {

std::string text_of(const DeliveryReference& reference) {
  return reference.account.text() + '-' + reference.authenticator.text() + '-' + reference.challenge.text();
}

std::optional<DeliveryReference> parse_reference(std::string_view text) {
  const auto first = text.find('-'), last = text.rfind('-');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto account = domain::AccountId::parse(text.substr(0, first));
  const auto authenticator = domain::AuthenticatorId::parse(text.substr(first + 1, last - first - 1));
  const auto challenge = domain::ChallengeId::parse(text.substr(last + 1));
  if (!account || !authenticator || !challenge) return std::nullopt;
  return DeliveryReference{*account, *authenticator, *challenge};
}

std::optional<DeliveryReference> find_reference(std::string_view text) {
  static const auto length = text_of({}).size();
  const std::string begin = std::string(domain::AccountKind::prefix) + '_';
  for (auto at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1))
    if (auto found = parse_reference(text.substr(at, length))) return found;
  return std::nullopt;
}

}  // namespace countersign::outbox
