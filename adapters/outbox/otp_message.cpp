#include "adapters/outbox/otp_message.h"

#include <algorithm>

#include "adapters/otp/otp.h"
#include "adapters/outbox/address_of.h"

namespace countersign::outbox {
namespace {

constexpr domain::UnixMs minute_ms = 60'000;

std::string language_of(const domain::Personal* profile) {
  if (!profile) return {};
  const auto found =
      std::ranges::find_if(profile->attributes, [](const auto& each) { return each->name == "language"; });
  const bool known = found != profile->attributes.end() && messages::is_language((*found)->value);
  return known ? (*found)->value : std::string();
}

}  // namespace

MadeMessage otp_message(MessageSources& sources, const DeliveryReference& reference, domain::UserId user_id) {
  const auto state = sources.state.reader();
  const auto user = state.user(reference.account, user_id);
  const auto* authenticator = user ? user->authenticator(reference.authenticator) : nullptr;
  if (!authenticator || authenticator->challenge.id != reference.challenge)
    return messages::Refused{"it has been replaced"};
  const auto& challenge = authenticator->challenge;
  const auto texts = sources.opener.of_user(reference.account, user_id, authenticator->profile);
  if (!texts || address_of(*texts, challenge.channel).empty()) return messages::Refused{"it has no address"};
  const auto seed = sources.seeds.open({reference.account, user_id, reference.authenticator});
  if (seed.has_error()) return messages::Later{"its seed can't be opened: " + seed.error().message(), {}};
  if (!*seed) return messages::Refused{"its seed is gone"};
  const auto account = state.account(reference.account);
  const auto tenant = account ? sources.opener.of_account(reference.account, account->name) : std::nullopt;
  const auto profile = sources.opener.of_user(reference.account, user_id, user->profile);
  const auto left = std::max<domain::UnixMs>(0, challenge.expires_at - sources.clock());
  const messages::OtpValues values{
      .otp = otp::hotp(**seed, challenge.counter, {authenticator->algorithm, authenticator->digits}),
      .minutes = static_cast<std::uint32_t>(std::max<domain::UnixMs>(1, (left + minute_ms - 1) / minute_ms)),
      .account = tenant ? tenant->name : ""};
  const auto text = messages::render(sources.templates, language_of(profile ? &*profile : nullptr), values);
  return messages::Message{.id = text_of(reference),
                           .to = address_of(*texts, challenge.channel),
                           .subject = challenge.channel == domain::Channel::email ? text.subject : "",
                           .text = text.text,
                           .language = text.language};
}

}  // namespace countersign::outbox
