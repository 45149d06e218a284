#include "adapters/offline/ceremony.h"

#include "adapters/keys/hkdf.h"
#include "adapters/offline/typed_text.h"
#include "adapters/otp/otp.h"

namespace countersign::offline {
namespace {

std::string_view view(const PublicKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

/// Keys that follow from what both know: the shared secret, the password, the first message and both public keys.
class Schedule {
 public:
  Schedule(const Registration& registration, const keys::Key& shared, std::string_view password,
           const PublicKey& device, const PublicKey& server)
      : salt_(bus::view(registration.first_message)),
        input_(std::string(shared.view()) + std::string(password)),
        context_(std::string(view(device)) + std::string(view(server))) {}
  ~Schedule() { OPENSSL_cleanse(input_.data(), input_.size()); }
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  keys::Key key(std::string_view use) const {
    return keys::hkdf(salt_, input_, "countersign offline 1 " + std::string(use), context_);
  }

 private:
  std::string salt_, input_, context_;
};

std::string mac(const keys::Key& key, std::string_view text, std::size_t bytes) {
  bus::HmacSha256 hmac(key.view());
  const auto whole = hmac(text);
  return std::string(bus::view(whole).substr(0, bytes));
}

std::string seed_of(const Schedule& schedule, domain::OtpAlgorithm algorithm) {
  std::string seed(schedule.key("seed").view());
  seed += schedule.key("more seed").view();
  seed.resize(otp::seed_bytes(algorithm));
  return seed;
}

std::string signature_of(const Schedule& schedule, const Registration& registration, std::string_view serial_number,
                         std::string_view second_message) {
  std::string text;
  text.append(registration.account.uuid.view()).append(registration.user.uuid.view()).append(registration.id.view());
  text += static_cast<char>(serial_number.size());
  text.append(serial_number).append(bus::view(registration.first_message));
  const auto second = bus::sha256(second_message);
  text.append(bus::view(second));
  return mac(schedule.key("signature"), text, signature_bytes);
}

Agreement conclude(const Schedule& schedule, const Registration& registration, const SecondMessage& offer) {
  Agreement agreed;
  agreed.second_message = encode(offer);
  agreed.second_message += mac(schedule.key("message 2"), agreed.second_message, mac_bytes);
  agreed.signature = signature_of(schedule, registration, offer.serial_number, agreed.second_message);
  agreed.seed = seed_of(schedule, offer.algorithm);
  return agreed;
}

std::string password_of(std::string_view secret, const domain::Uuid& registration) {
  const auto key = keys::hkdf_expand(keys::Key(secret), "countersign offline 1 password", registration.view());
  return std::string(key.view().substr(0, password_bytes));
}

}  // namespace

std::string_view otp_seed(const domain::Authenticator& authenticator, std::string_view kept) {
  return authenticator.licence ? kept.substr(std::min(kept.size(), secret_bytes)) : kept;
}

std::string activation_password(std::string_view secret, const domain::Uuid& registration) {
  return typed_text(password_of(secret, registration));
}

std::optional<Agreement> agree(const Registration& registration, std::string_view secret, const PublicKey& device,
                               SecondMessage offer) {
  const auto own = keys::hkdf_expand(keys::Key(secret), "countersign offline 1 server key",
                                     std::string(bus::view(registration.first_message)) + std::string(view(device)));
  const auto shared = x25519_shared(own, device);
  if (!shared) return std::nullopt;
  offer.registration = registration.id;
  offer.server = x25519_public(own);
  return conclude({registration, *shared, password_of(secret, registration.id), device, offer.server}, registration,
                  offer);
}

std::variant<Accepted, Refused> accept(const Registration& registration, const keys::Key& device,
                                       std::string_view password, std::string_view second_message) {
  if (second_message.size() < mac_bytes) return Refused::not_a_second_message;
  const auto offer = parse_second_message(second_message.substr(0, second_message.size() - mac_bytes));
  if (!offer) return Refused::not_a_second_message;
  if (offer->registration != registration.id) return Refused::other_registration;
  const auto typed = parse_typed_text(password, password_bytes);
  const auto shared = x25519_shared(device, offer->server);
  if (!typed || !shared) return Refused::wrong_password_or_device;
  const Schedule schedule(registration, *shared, *typed, x25519_public(device), offer->server);
  auto agreed = conclude(schedule, registration, *offer);
  if (!bus::equal_constant_time(agreed.second_message, second_message)) return Refused::wrong_password_or_device;
  return Accepted{std::move(agreed), *offer};
}

}  // namespace countersign::offline
