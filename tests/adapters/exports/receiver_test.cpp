// From stored kinds to transports and back, and secrets as they lie in the key store.

#include "adapters/exports/receiver.h"

#include <gtest/gtest.h>

namespace countersign::exports {
namespace {

TEST(Receiver, KindsAreReadBackAsTheyAreStored) {
  for (const auto kind : domain::fb::EnumValuesSiemProtocol()) {
    if (kind == domain::fb::SiemProtocol::none) continue;
    EXPECT_EQ(stored(protocol_of(kind)), kind);
    EXPECT_EQ(push::protocol_name(protocol_of(kind)), domain::fb::EnumNameSiemProtocol(kind));
  }
  for (const auto kind : domain::fb::EnumValuesSiemFormat()) {
    EXPECT_EQ(stored(format_of(kind)), kind);
    EXPECT_EQ(siem::format_name(format_of(kind)), domain::fb::EnumNameSiemFormat(kind));
  }
  EXPECT_THROW(protocol_of(domain::fb::SiemProtocol::none), std::logic_error);
}

TEST(Receiver, SecretsAreReadBack) {
  const ReceiverSecrets secrets{"key", std::string("\0secret", 7)};
  const auto read = decode_receiver_secrets(encode(secrets));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->client_key, secrets.client_key);
  EXPECT_EQ(read->signing_secret, secrets.signing_secret);
  EXPECT_FALSE(decode_receiver_secrets(""));
  EXPECT_FALSE(decode_receiver_secrets(encode(secrets) + "more"));
}

TEST(Receiver, IsPutTogetherFromItsParts) {
  domain::SiemDestinationTraits traits{.protocol = domain::fb::SiemProtocol::webhook,
                                       .format = domain::fb::SiemFormat::cef};
  const auto made = receiver_of(traits, {.url = "https://siem.example.com/in"}, {"", "secret"});
  EXPECT_EQ(made.protocol, push::Protocol::webhook);
  EXPECT_EQ(made.url, "https://siem.example.com/in");
  EXPECT_EQ(made.signing_secret, "secret");
  EXPECT_FALSE(made.json) << "CEF is text";
}

TEST(SiemConfiguration, IsReadBackFromWhatIsSealed) {
  const domain::SiemConfiguration whole{"Our SIEM", "siem.example.com", 6514, "https://x.example/y", "a pr", "A", "C"};
  EXPECT_EQ(domain::siem_configuration_of(domain::personal_of(whole)), whole);
  EXPECT_EQ(domain::siem_configuration_of(domain::personal_of({.name = "n"})), domain::SiemConfiguration{.name = "n"});
}

TEST(SiemConfiguration, ShowsAReceiverWithoutItsPath) {
  using domain::SiemConfiguration;
  EXPECT_EQ((SiemConfiguration{.url = "https://hooks.example.com:8443/T0/B0/secret?x=1"}).receiver(),
            "https://hooks.example.com:8443");
  EXPECT_EQ((SiemConfiguration{.host = "siem", .port = 514}).receiver(), "siem:514");
  EXPECT_EQ((SiemConfiguration{.host = "siem"}).receiver(), "siem");
}

}  // namespace
}  // namespace countersign::exports
