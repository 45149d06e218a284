#include "projections/view_state.h"

#include "bus/operation_trace.h"

namespace countersign::projections {

const Row* ViewState::in_overlays(std::string_view key) const {
  ++lookups_;
  bus::OperationTrace::note(key.front());
  if (own_)
    if (const auto* row = own_->find(key)) return row;
  for (const auto& overlay : unlanded_)
    if (const auto* row = overlay->find(key)) return row;
  return nullptr;
}

std::optional<std::string> ViewState::bytes(std::string_view key) const {
  if (const auto* row = in_overlays(key)) return encoded(*row);
  return store_.get(key);
}

template <auto decode>
auto ViewState::decoded(std::string_view key) const {
  using Object = decltype(decode(std::string_view()));
  using Shared = std::shared_ptr<const Object>;
  if (const auto* row = in_overlays(key)) {
    if constexpr (std::is_same_v<Object, domain::User> || std::is_same_v<Object, domain::Account>)
      if (const auto* object = std::get_if<std::shared_ptr<Object>>(row)) return Shared(*object);
    const auto* stored = std::get_if<std::string>(row);
    return stored ? std::make_shared<const Object>(decode(*stored)) : Shared();
  }
  constexpr RowStore::Decode shared = [](std::string_view bytes) -> std::shared_ptr<const void> {
    return std::make_shared<const Object>(decode(bytes));
  };
  return std::static_pointer_cast<const Object>(store_.decoded(key, shared));
}

namespace {

domain::AccountId decode_slot_owner(std::string_view bytes) {
  return domain::AccountId{domain::uuid_from(bytes)};
}

template <class Object>
std::optional<Object> copied(const std::shared_ptr<const Object>& object) {
  return object ? std::optional(*object) : std::nullopt;
}

}  // namespace

std::shared_ptr<const domain::Account> ViewState::account(domain::AccountId id) const {
  return decoded<decode_account>(account_key(id));
}

std::shared_ptr<const domain::User> ViewState::user(domain::AccountId account, domain::UserId id) const {
  return decoded<decode_user>(user_key(account, id));
}

std::shared_ptr<const domain::ApiKey> ViewState::api_key(domain::AccountId account, domain::ApiKeyId id) const {
  return decoded<decode_api_key>(api_key_key(account, id));
}

std::shared_ptr<const domain::SiemDestination> ViewState::siem_destination(domain::AccountId account,
                                                                           domain::SiemDestinationId id) const {
  return decoded<decode_siem_destination>(siem_destination_key(account, id));
}

std::shared_ptr<const domain::Licence> ViewState::licence(domain::AccountId account, domain::LicenceId id) const {
  return decoded<decode_licence>(licence_key(account, id));
}

std::shared_ptr<const domain::HardwareToken> ViewState::hardware_token(domain::AccountId account,
                                                                       domain::HardwareTokenId id) const {
  return decoded<decode_hardware_token>(hardware_token_key(account, id));
}

std::uint64_t ViewState::destination_changes(std::uint32_t partition) const {
  const auto row = bytes(destination_changes_key(partition));
  return row ? decode_number(*row) : 0;
}

std::optional<domain::DigestEntry> ViewState::find(const domain::Digest& digest) const {
  return copied(decoded<decode_digest_entry>(digest_key(digest)));
}

std::optional<domain::Located> ViewState::locate_code(domain::AccountId account, domain::CodeId id) const {
  return copied(decoded<decode_located>(code_key(account, id)));
}

std::optional<domain::Located> ViewState::locate_activation(domain::AccountId account, const domain::Uuid& id) const {
  return copied(decoded<decode_located>(activation_key(account, id)));
}

std::optional<domain::Located> ViewState::locate_authenticator(domain::AccountId account,
                                                               domain::AuthenticatorId id) const {
  return copied(decoded<decode_located>(authenticator_key(account, id)));
}

std::optional<domain::AccountId> ViewState::account_of_slot(std::uint16_t slot) const {
  return copied(decoded<decode_slot_owner>(slot_key(slot)));
}

std::optional<std::string> ViewState::answer(std::uint32_t partition, std::string_view scope,
                                             domain::UnixMs now) const {
  const auto today = day_of(now);
  if (auto row = bytes(answer_key(partition, today, scope))) return row;
  return bytes(answer_key(partition, today - 1, scope));
}

}  // namespace countersign::projections
