#include "tools/authenticator/scanning.h"

#include <algorithm>
#include <boost/url.hpp>

#include "adapters/keys/random.h"
#include "adapters/keys/rfc4648.h"
#include "adapters/offline/typed_text.h"
#include "adapters/otp/otp.h"
#include "tools/countersign/private_file.h"

namespace countersign::authenticator {
namespace {

using cli::LocalError;

const UnderWay* registration_in(const Entries& entries, const domain::Uuid& id) {
  const auto found = std::ranges::find_if(entries.under_way, [&](const UnderWay& one) {
    const auto first = offline::parse_first_message(one.first_message);
    return first && first->registration == id;
  });
  return found == entries.under_way.end() ? nullptr : &*found;
}

Scanned of_first(const offline::FirstMessage& first, std::string bytes) {
  return {Scanned::Kind::first_message, first.account_name, first.user_name,
          first.serial_number,          first.expires_at,   std::move(bytes)};
}

void add(Entry entry, Entries& entries) {
  const auto same = std::ranges::find(entries.entries, entry.serial_number, &Entry::serial_number);
  if (same != entries.entries.end()) throw LocalError(entry.serial_number + " is here already: forget it first.");
  entries.entries.push_back(std::move(entry));
}

std::string parameter(const boost::urls::url_view& uri, std::string_view name, std::string otherwise) {
  const auto params = uri.params();
  const auto found = params.find(name);
  return found == params.end() || !(*found).has_value ? std::move(otherwise) : (*found).value;
}

std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most, const char* what) {
  std::uint64_t value = 0;
  const bool digits =
      !text.empty() && text.size() < 20 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (digits) value = std::stoull(text);
  if (!digits || value < least || value > most)
    throw LocalError(std::string("The picture's URI has a wrong ") + what + ".");
  return value;
}

domain::OtpAlgorithm algorithm_of(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (text == "SHA1") return domain::OtpAlgorithm::sha1;
  if (text == "SHA256") return domain::OtpAlgorithm::sha256;
  if (text == "SHA512") return domain::OtpAlgorithm::sha512;
  throw LocalError("The picture's URI has an unknown algorithm.");
}

}  // namespace

Scanned look_at(const std::string& text, const Entries& entries) {
  if (text.starts_with("otpauth://")) {
    const auto uri = boost::urls::parse_uri(text);
    if (!uri) throw LocalError("The picture's otpauth URI can't be read.");
    std::string label(uri->path());
    if (label.starts_with('/')) label.erase(0, 1);
    const auto colon = label.find(':');
    const auto user = colon == std::string::npos ? label : label.substr(colon + 1);
    auto issuer = parameter(*uri, "issuer", colon == std::string::npos ? "" : label.substr(0, colon));
    return {Scanned::Kind::otpauth_uri, std::move(issuer), user, label, 0, text};
  }
  const auto bytes = offline::parse_picture_text(text);
  if (!bytes) throw LocalError("The picture is neither of a registration nor of an enrolment.");
  if (const auto first = offline::parse_first_message(*bytes)) return of_first(*first, *bytes);
  const auto offered = bytes->size() < offline::mac_bytes
                           ? std::nullopt
                           : offline::parse_second_message(bytes->substr(0, bytes->size() - offline::mac_bytes));
  if (!offered)
    throw LocalError("The picture is of a registration that this program doesn't know: a later release made it.");
  const auto* under_way = registration_in(entries, offered->registration);
  if (!under_way) throw LocalError("This is the second picture of a registration whose first one wasn't scanned here.");
  auto scanned = of_first(*offline::parse_first_message(under_way->first_message), *bytes);
  scanned.kind = Scanned::Kind::second_message;
  scanned.serial_number = offered->serial_number;
  return scanned;
}

std::string begin_registration(const Scanned& scanned, Entries& entries) {
  const auto first = offline::parse_first_message(scanned.bytes).value();
  const auto* known = registration_in(entries, first.registration);
  if (known && known->first_message != scanned.bytes)
    throw LocalError("Another picture of this registration was scanned before: begin the registration anew.");
  if (!known) {
    const auto secret = keys::random_bytes<keys::Key::size_bytes>();
    entries.under_way.push_back({scanned.bytes, std::string(secret.begin(), secret.end())});
    known = &entries.under_way.back();
  }
  return offline::device_code(offline::x25519_public(keys::Key(std::string_view(known->secret))), first.registration);
}

std::string finish_registration(const Scanned& scanned, const std::string& password, Entries& entries) {
  const auto offered =
      offline::parse_second_message(scanned.bytes.substr(0, scanned.bytes.size() - offline::mac_bytes)).value();
  const auto* under_way = registration_in(entries, offered.registration);
  const auto first = offline::parse_first_message(under_way->first_message).value();
  const offline::Registration registration{first.registration, first.account, first.user,
                                           bus::sha256(under_way->first_message)};
  const auto result =
      offline::accept(registration, keys::Key(std::string_view(under_way->secret)), password, scanned.bytes);
  const auto* accepted = std::get_if<offline::Accepted>(&result);
  if (!accepted) throw LocalError("The activation password is wrong, or the picture was made for another device.");
  const auto& offer = accepted->offer;
  const auto signature = offline::typed_text(accepted->agreement.signature);
  const auto same = std::ranges::find(entries.entries, offer.serial_number, &Entry::serial_number);
  // Scanned once more: the same signature.
  if (same != entries.entries.end() && same->seed == accepted->agreement.seed) return signature;
  add({offer.serial_number, first.account_name, first.user_name, offer.type, offer.algorithm, offer.digits,
       offer.period, 0, accepted->agreement.seed},
      entries);
  return signature;
}

void take_up(const Scanned& scanned, Entries& entries) {
  const auto uri = boost::urls::parse_uri(scanned.bytes).value();
  Entry entry;
  entry.serial_number = scanned.serial_number;
  entry.account = scanned.account;
  entry.user = scanned.user;
  const auto type = domain::parse_authenticator_type(std::string(uri.host()));
  const bool by_time = type == domain::AuthenticatorType::totp;
  if (!by_time && type != domain::AuthenticatorType::hotp) throw LocalError("The picture's URI is of an unknown type.");
  entry.type = *type;
  entry.algorithm = algorithm_of(parameter(uri, "algorithm", "SHA1"));
  entry.digits = static_cast<std::uint8_t>(number(parameter(uri, "digits", "6"), 6, 8, "number of digits"));
  if (by_time) entry.period = static_cast<std::uint16_t>(number(parameter(uri, "period", "30"), 1, 300, "period"));
  if (!by_time) entry.counter = number(parameter(uri, "counter", ""), 0, ~std::uint64_t{0} >> 1, "counter");
  const auto seed = keys::parse_base32(parameter(uri, "secret", ""));
  if (!seed || seed->empty()) throw LocalError("The picture's URI has no secret that can be read.");
  entry.seed = *seed;
  add(std::move(entry), entries);
}

std::string next_password(Entry& entry, std::int64_t now_s) {
  const otp::Shape shape{entry.algorithm, entry.digits};
  const auto counter = entry.period == 0 ? entry.counter++ : static_cast<std::uint64_t>(now_s / entry.period);
  return otp::hotp(entry.seed, counter, shape);
}

}  // namespace countersign::authenticator
