// Messages and typed texts come back as they were made, and nothing else comes through.

#include "adapters/offline/messages.h"

#include <gtest/gtest.h>

#include "adapters/keys/rfc4648.h"
#include "adapters/offline/typed_text.h"

namespace countersign::offline {
namespace {

domain::Uuid some_uuid(std::uint8_t first) {
  domain::Uuid uuid;
  uuid.bytes.fill(first);
  return uuid;
}

FirstMessage first_message() {
  return {some_uuid(1), {some_uuid(2)}, {some_uuid(3)}, 1'790'000'000'000, "VDS0700123", "Example", "Ada Lovelace"};
}
SecondMessage second_message() {
  SecondMessage message{
      some_uuid(1), {}, "VDS0700123-1", domain::AuthenticatorType::totp, domain::OtpAlgorithm::sha256, 8, 30};
  message.server.fill(9);
  return message;
}

TEST(Messages, ComeBackAsTheyWere) {
  EXPECT_EQ(parse_first_message(encode(first_message())), first_message());
  EXPECT_EQ(parse_second_message(encode(second_message())), second_message());
  const auto text = picture_text(encode(first_message()));
  EXPECT_EQ(parse_picture_text(text), encode(first_message()));
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:"), std::string::npos)
      << "QR codes hold these in five and a half bits each";
}

TEST(Messages, ShorterLongerOrOfAnotherKindAreRefused) {
  const auto first = encode(first_message()), second = encode(second_message());
  for (std::size_t size = 0; size < first.size(); ++size) EXPECT_FALSE(parse_first_message(first.substr(0, size)));
  for (std::size_t size = 0; size < second.size(); ++size) EXPECT_FALSE(parse_second_message(second.substr(0, size)));
  EXPECT_FALSE(parse_first_message(first + '\0'));
  EXPECT_FALSE(parse_second_message(second + '\0'));
  EXPECT_FALSE(parse_first_message(second));
  EXPECT_FALSE(parse_second_message(first));
  for (const auto& wrong : {"", "COUNTERSIGN", "COUNTERSIGN:0", "countersign:MY", "OTHER:MY"})
    EXPECT_FALSE(parse_picture_text(wrong)) << wrong;
}

TEST(Messages, OfferOnlyWhatADeviceCanMake) {
  const auto refused = [](auto change) {
    auto message = second_message();
    change(message);
    return !parse_second_message(encode(message));
  };
  EXPECT_TRUE(refused([](auto& m) { m.type = domain::AuthenticatorType::recovery_codes; }));
  EXPECT_TRUE(refused([](auto& m) { m.type = domain::AuthenticatorType{77}; }));
  EXPECT_TRUE(refused([](auto& m) { m.type = domain::AuthenticatorType::hotp; })) << "with a period";
  EXPECT_TRUE(refused([](auto& m) { m.period = 0; })) << "by time without one";
  EXPECT_TRUE(refused([](auto& m) { m.algorithm = domain::OtpAlgorithm{3}; }));
  EXPECT_TRUE(refused([](auto& m) { m.digits = 5; }));
  EXPECT_TRUE(refused([](auto& m) { m.digits = 9; }));
}

TEST(Messages, CutLongNamesAtACharactersEnd) {
  auto message = first_message();
  message.user_name = std::string(63, 'a') + "\xc3\xa9";
  EXPECT_EQ(parse_first_message(encode(message))->user_name, std::string(63, 'a'));
  message.user_name = std::string(62, 'a') + "\xc3\xa9";
  EXPECT_EQ(parse_first_message(encode(message))->user_name, message.user_name);
  message.user_name = std::string(200, 'a');
  EXPECT_EQ(parse_first_message(encode(message))->user_name, std::string(64, 'a'));
}

TEST(TypedText, IsReadAsPeopleTypeIt) {
  const std::string bytes("\x01\x02\x03\xff\x00", 5);
  EXPECT_EQ(typed_text(bytes), "AEBA-H7YA");
  for (const auto* typed : {"AEBA-H7YA", "aebah7ya", " aeba h7ya ", "AE8A-H7YA"})
    EXPECT_EQ(parse_typed_text(typed, 5), bytes) << typed;
  ASSERT_TRUE(parse_typed_text("OOIIIIBB", 5));
  EXPECT_EQ(parse_typed_text("0OI11I88", 5), parse_typed_text("OOIIIIBB", 5));
  for (const auto* wrong : {"", "AEBA", "AEBA-H7YA-AAAA", "AEBA-H7Y9", "AEBA-H7Y\xc3\xa4"})
    EXPECT_FALSE(parse_typed_text(wrong, 5)) << wrong;
  EXPECT_FALSE(parse_typed_text(std::string(201, ' '), 0)) << "bounded";
}

TEST(DeviceCode, BelongsToOneRegistrationAndShowsWhenItWasMistyped) {
  PublicKey device;
  device.fill(0x5a);
  const auto code = device_code(device, some_uuid(1));
  EXPECT_EQ(code.size(), 69u) << "56 letters in groups of four";
  EXPECT_EQ(parse_device_code(code, some_uuid(1)), device);
  EXPECT_FALSE(parse_device_code(code, some_uuid(2)));
  for (std::size_t at = 0; at < code.size(); ++at) {
    if (code[at] == '-') continue;
    auto mistyped = code;
    mistyped[at] = mistyped[at] == 'A' ? 'C' : 'A';
    EXPECT_FALSE(parse_device_code(mistyped, some_uuid(1))) << at;
  }
}

}  // namespace
}  // namespace countersign::offline
