// Rows of what devices come by: licences and hardware tokens.

#include "projections/row_codec.h"
#include "projections/rows.h"

namespace countersign::projections {

using namespace domain;

std::string encode(const Licence& l) {
  RowWriter out;
  out.uuid(l.id.uuid).text(l.serial_number).digest(l.serial).number(static_cast<unsigned>(l.type));
  out.number(static_cast<unsigned>(l.authenticator_type)).number(l.activations);
  out.flag(l.max_reactivations.has_value()).number(l.max_reactivations.value_or(0));
  out.number(l.used).number(l.given_back).number(l.last_instance);
  out.number(l.version).time(l.created_at).time(l.updated_at);
  return out.take();
}

Licence decode_licence(std::string_view bytes) {
  const auto count = [](std::uint64_t number) { return static_cast<std::uint32_t>(number); };
  RowReader in(bytes);
  Licence l;
  l.id.uuid = in.uuid();
  l.serial_number = in.text();
  l.serial = in.digest();
  l.type = in.enumerator<LicenceType>();
  l.authenticator_type = in.enumerator<AuthenticatorType>();
  l.activations = count(in.number());
  const bool limited = in.flag();
  const auto reactivations = count(in.number());
  if (limited) l.max_reactivations = reactivations;
  l.used = count(in.number());
  l.given_back = count(in.number());
  l.last_instance = count(in.number());
  l.version = in.number();
  l.created_at = in.time();
  l.updated_at = in.time();
  return l;
}

std::string encode(const HardwareToken& t) {
  const auto& s = t.settings;
  RowWriter out;
  out.uuid(t.id.uuid).text(s.serial_number).text(s.manufacturer).digest(s.serial).digest(s.content);
  out.number(static_cast<unsigned>(s.algorithm)).number(s.digits).number(s.period).number(s.counter).time(s.expires_at);
  out.number(static_cast<unsigned>(t.status)).number(static_cast<unsigned>(t.reason)).uuid(t.user.uuid);
  out.number(t.next).time(t.drift).uuid(t.operation.uuid).time(t.imported_at).time(t.updated_at);
  return out.take();
}

HardwareToken decode_hardware_token(std::string_view bytes) {
  RowReader in(bytes);
  HardwareToken t;
  auto& s = t.settings;
  t.id.uuid = in.uuid();
  s.serial_number = in.text();
  s.manufacturer = in.text();
  s.serial = in.digest();
  s.content = in.digest();
  s.algorithm = in.enumerator<OtpAlgorithm>();
  s.digits = static_cast<std::uint8_t>(in.number());
  s.period = static_cast<std::uint16_t>(in.number());
  s.counter = in.number();
  s.expires_at = in.time();
  t.status = in.enumerator<HardwareTokenStatus>();
  t.reason = in.enumerator<Reason>();
  t.user.uuid = in.uuid();
  t.next = in.number();
  t.drift = static_cast<std::int32_t>(in.time());
  t.operation.uuid = in.uuid();
  t.imported_at = in.time();
  t.updated_at = in.time();
  return t;
}

}  // namespace countersign::projections
