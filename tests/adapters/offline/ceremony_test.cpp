// Both sides come to the same, and nobody else does.

#include "adapters/offline/ceremony.h"

#include <gtest/gtest.h>

#include "adapters/keys/random.h"
#include "adapters/offline/typed_text.h"

namespace countersign::offline {
namespace {

class Ceremony : public ::testing::Test {
 protected:
  Registration registration_of(const FirstMessage& message) {
    return {message.registration, message.account, message.user, bus::sha256(encode(message))};
  }
  static SecondMessage offer() {
    return {{}, {}, "VDS0700123-1", domain::AuthenticatorType::hotp, domain::OtpAlgorithm::sha512, 6, 0};
  }
  static keys::Key random_key() {
    keys::Key key;
    keys::random_fill({key.data(), keys::Key::size_bytes});
    return key;
  }

  const FirstMessage first{keys::random_uuid(1), {keys::random_uuid(2)}, {keys::random_uuid(3)},
                           1'790'000'000'000,    "VDS0700123",           "Example",
                           "Ada Lovelace"};
  const Registration registration = registration_of(first);
  const std::string secret{random_key().view()};
  const std::string password = activation_password(secret, first.registration);
  const keys::Key device = random_key();
  const Agreement served = agree(registration, secret, x25519_public(device), offer()).value();
};

TEST_F(Ceremony, BothSidesComeToTheSame) {
  const auto accepted = std::get<Accepted>(accept(registration, device, password, served.second_message));
  EXPECT_EQ(accepted.agreement.seed, served.seed);
  EXPECT_EQ(accepted.agreement.signature, served.signature);
  EXPECT_EQ(accepted.offer.serial_number, "VDS0700123-1");
  EXPECT_EQ(served.seed.size(), 64u);
  EXPECT_EQ(served.signature.size(), signature_bytes);
}

TEST_F(Ceremony, AStepThatIsRepeatedHasTheSameAnswer) {
  const auto again = agree(registration, secret, x25519_public(device), offer()).value();
  EXPECT_EQ(again.second_message, served.second_message);
  EXPECT_EQ(again.signature, served.signature);
  EXPECT_EQ(again.seed, served.seed);
}

TEST_F(Ceremony, WithoutThePasswordNothingIsAccepted) {
  const auto other = activation_password(std::string(random_key().view()), first.registration);
  for (const auto& typed : {other, std::string(), std::string("AAAA"), password.substr(1)})
    EXPECT_EQ(std::get<Refused>(accept(registration, device, typed, served.second_message)),
              Refused::wrong_password_or_device);
}

TEST_F(Ceremony, AnotherDeviceThatSawBothPicturesAndKnowsThePasswordGetsNothing) {
  EXPECT_EQ(std::get<Refused>(accept(registration, random_key(), password, served.second_message)),
            Refused::wrong_password_or_device);
}

TEST_F(Ceremony, WhatTheDeviceShowedIsBoundToWhatItScanned) {
  auto other = first;
  other.user_name = "Eve";
  EXPECT_EQ(std::get<Refused>(accept(registration_of(other), device, password, served.second_message)),
            Refused::wrong_password_or_device);
  other = first;
  other.registration = keys::random_uuid(9);
  EXPECT_EQ(std::get<Refused>(accept(registration_of(other), device, password, served.second_message)),
            Refused::other_registration);
}

TEST_F(Ceremony, ASecondMessageThatWasChangedAnywhereIsRefused) {
  for (std::size_t at = 0; at < served.second_message.size(); ++at) {
    auto changed = served.second_message;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_TRUE(std::holds_alternative<Refused>(accept(registration, device, password, changed))) << at;
  }
  EXPECT_EQ(std::get<Refused>(accept(registration, device, password, "")), Refused::not_a_second_message);
}

TEST_F(Ceremony, AnotherDeviceOrRegistrationHasAnotherSeedAndSignature) {
  const auto other_device = agree(registration, secret, x25519_public(random_key()), offer()).value();
  auto changed = first;
  changed.user = {keys::random_uuid(7)};
  const auto other_user = agree(registration_of(changed), secret, x25519_public(device), offer()).value();
  for (const auto* other : {&other_device, &other_user}) {
    EXPECT_NE(other->seed, served.seed);
    EXPECT_NE(other->signature, served.signature);
  }
}

TEST_F(Ceremony, AKeyThatGivesZeroIsNone) {
  EXPECT_FALSE(agree(registration, secret, PublicKey{}, offer()));
  PublicKey one{};
  one[0] = 1;
  EXPECT_FALSE(agree(registration, secret, one, offer()));
}

TEST(X25519, IsWhatRfc7748Says) {
  // Section 5.2: each result is the next secret, each secret the next public key.
  keys::Key secret;
  secret.data()[0] = 9;
  PublicKey other{};
  other[0] = 9;
  const auto hex = [](const keys::Key& key) {
    std::string text;
    for (const char byte : key.view()) {
      char two[3];
      std::snprintf(two, sizeof two, "%02x", static_cast<std::uint8_t>(byte));
      text += two;
    }
    return text;
  };
  for (int i = 1; i <= 1'000; ++i) {
    const auto next = x25519_shared(secret, other).value();
    std::copy_n(secret.data(), other.size(), other.begin());
    secret = next;
    if (i == 1) {
      EXPECT_EQ(hex(secret), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }
  }
  EXPECT_EQ(hex(secret), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

}  // namespace
}  // namespace countersign::offline
