#include "adapters/offline/messages.h"

#include <utility>

#include "adapters/keys/rfc4648.h"

namespace countersign::offline {
namespace {

using namespace domain;

constexpr std::uint8_t version = 1;
enum class Kind : std::uint8_t { first = 1, second = 2 };
constexpr std::string_view scheme = "COUNTERSIGN:";

class Writer {
 public:
  explicit Writer(Kind kind) { number(version, 1).number(static_cast<std::uint8_t>(kind), 1); }
  Writer& number(std::uint64_t value, int bytes) {
    while (bytes-- > 0) out_ += static_cast<char>(value >> (8 * bytes));
    return *this;
  }
  Writer& bytes(std::string_view value) {
    out_ += value;
    return *this;
  }
  Writer& text(std::string_view value) {
    if (value.size() > most_text_bytes) {
      value = value.substr(0, most_text_bytes + 1);
      while ((value.back() & 0xc0) == 0x80) value.remove_suffix(1);  // back to where a character begins
      value.remove_suffix(1);
    }
    return number(value.size(), 1).bytes(value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Gives zeros and remembers it once there is too little.
class Reader {
 public:
  Reader(std::string_view bytes, Kind kind) : left_(bytes) {
    ok_ = number(1) == version;
    ok_ = number(1) == static_cast<std::uint8_t>(kind) && ok_;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char byte : take(bytes)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::string_view take(std::size_t bytes) {
    if (bytes > left_.size()) {
      ok_ = false;
      left_ = {};
    }
    const auto taken = left_.substr(0, bytes);
    left_.remove_prefix(taken.size());
    return taken;
  }
  Uuid uuid() {
    const auto bytes = take(16);
    return bytes.size() == 16 ? uuid_from(bytes) : Uuid{};
  }
  std::string text() { return std::string(take(number(1))); }
  bool is_whole() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace

std::string encode(const FirstMessage& message) {
  Writer out(Kind::first);
  out.bytes(message.registration.view()).bytes(message.account.uuid.view()).bytes(message.user.uuid.view());
  out.number(static_cast<std::uint64_t>(message.expires_at), 8);
  return out.text(message.serial_number).text(message.account_name).text(message.user_name).take();
}

std::string encode(const SecondMessage& message) {
  Writer out(Kind::second);
  out.bytes(message.registration.view());
  out.bytes({reinterpret_cast<const char*>(message.server.data()), message.server.size()});
  out.text(message.serial_number);
  out.number(static_cast<unsigned>(message.type), 1).number(static_cast<unsigned>(message.algorithm), 1);
  return out.number(message.digits, 1).number(message.period, 2).take();
}

std::optional<FirstMessage> parse_first_message(std::string_view bytes) {
  Reader in(bytes, Kind::first);
  FirstMessage message;
  message.registration = in.uuid();
  message.account.uuid = in.uuid();
  message.user.uuid = in.uuid();
  message.expires_at = static_cast<UnixMs>(in.number(8));
  message.serial_number = in.text();
  message.account_name = in.text();
  message.user_name = in.text();
  if (!in.is_whole() || encode(message) != bytes) return std::nullopt;
  return message;
}

std::optional<SecondMessage> parse_second_message(std::string_view bytes) {
  Reader in(bytes, Kind::second);
  SecondMessage message;
  message.registration = in.uuid();
  const auto server = in.take(message.server.size());
  std::copy(server.begin(), server.end(), message.server.begin());
  message.serial_number = in.text();
  message.type = static_cast<AuthenticatorType>(in.number(1));
  message.algorithm = static_cast<OtpAlgorithm>(in.number(1));
  message.digits = static_cast<std::uint8_t>(in.number(1));
  message.period = static_cast<std::uint16_t>(in.number(2));
  const bool by_time = message.type == AuthenticatorType::totp;
  const bool known = (by_time || message.type == AuthenticatorType::hotp) && by_time == (message.period != 0) &&
                     message.algorithm <= OtpAlgorithm::sha512 && message.digits >= 6 && message.digits <= 8;
  if (!known || !in.is_whole() || encode(message) != bytes) return std::nullopt;
  return message;
}

std::string picture_text(std::string_view bytes) {
  return std::string(scheme) + keys::base32(bytes);
}

std::optional<std::string> parse_picture_text(std::string_view text) {
  if (!text.starts_with(scheme)) return std::nullopt;
  return keys::parse_base32(text.substr(scheme.size()));
}

}  // namespace countersign::offline
