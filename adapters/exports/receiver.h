#pragma once
// A destination as a transport wants it: what its row, the sealed configuration and the key store say, put together;
// and the secrets as they lie in the key store.

#include <optional>
#include <string>

#include "adapters/push/transport.h"
#include "adapters/siem/export_format.h"
#include "domain/siem_configuration.h"
#include "domain/siem_destination.h"

namespace countersign::exports {

push::Protocol protocol_of(domain::fb::SiemProtocol protocol);
domain::fb::SiemProtocol stored(push::Protocol protocol);
siem::ExportFormat format_of(domain::fb::SiemFormat format);
domain::fb::SiemFormat stored(siem::ExportFormat format);

struct ReceiverSecrets {
  std::string client_key;      ///< PEM
  std::string signing_secret;  ///< of a webhook: raw bytes
  bool empty() const { return client_key.empty() && signing_secret.empty(); }
};
std::string encode(const ReceiverSecrets& secrets);
/// Nothing when the bytes aren't what encode() makes.
std::optional<ReceiverSecrets> decode_receiver_secrets(std::string_view bytes);

push::Receiver receiver_of(const domain::SiemDestinationTraits& traits, const domain::SiemConfiguration& configuration,
                           ReceiverSecrets secrets);

}  // namespace countersign::exports
