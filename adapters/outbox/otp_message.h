#pragma once
// The message of a challenge: made from its user's row, the sealed profiles and the seed each time it is to be sent, so
// that its password stands nowhere.

#include <functional>
#include <variant>

#include "adapters/commands/published.h"
#include "adapters/messages/text_templates.h"
#include "adapters/messages/transport.h"
#include "adapters/otp/seeds.h"
#include "adapters/outbox/delivery_reference.h"
#include "adapters/queries/seal_opener.h"

namespace countersign::outbox {

/// What is needed to make messages. All must outlive who uses it.
struct MessageSources {
  const commands::Published& state;
  const queries::SealOpener& opener;
  otp::Seeds seeds;
  messages::TextTemplates templates = messages::default_otp_templates();
  std::function<domain::UnixMs()> clock;
};

/// Or why there is none: Refused, or Later when keys can't be read at the moment. In the user's language, if the
/// profile has an attribute "language" with one that there is a template for.
using MadeMessage = std::variant<messages::Message, messages::Refused, messages::Later>;
MadeMessage otp_message(MessageSources& sources, const DeliveryReference& reference, domain::UserId user);

}  // namespace countersign::outbox
