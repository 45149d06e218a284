#include "adapters/exports/served.h"

#include <stdexcept>

#include "adapters/exports/receiver.h"

namespace countersign::exports {
namespace {

ReceiverSecrets secrets_of(const keys::KeyStore& keys, domain::AccountId account, const domain::Uuid& name) {
  if (name.is_nil()) return {};
  const auto kept = keys.secret({account, name});
  auto secrets = kept.has_value() && *kept ? decode_receiver_secrets(**kept) : std::nullopt;
  if (!secrets) throw std::invalid_argument("its secrets are not in the key store: give them anew");
  return *std::move(secrets);
}

}  // namespace

Served serve(const ExportRoom& room, domain::AccountId account, const domain::SiemDestination& row,
             const push::TransportLimits& limits) {
  const auto personal = room.ports.opener.of_account(account, row.configuration);
  if (!personal) throw std::invalid_argument("its configuration can't be opened");
  const auto configuration = domain::siem_configuration_of(*personal);
  auto receiver = receiver_of(row.traits, configuration, secrets_of(room.ports.keys, account, row.traits.secret));
  Served served;
  served.filter = room.ports.read_filter(configuration.filter);
  served.format = format_of(row.traits.format);
  served.guarantee = push::guarantee_of(receiver.protocol);
  served.transport = room.ports.make_transport(room.executor, std::move(receiver), limits);
  return served;
}

}  // namespace countersign::exports
