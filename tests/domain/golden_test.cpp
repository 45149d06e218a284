// The bytes of events, held against those in golden/: they stand in logs for ever. One event for each type of payload,
// with every field of the clear part set. COUNTERSIGN_WRITE_GOLDEN=1 writes files for new payloads; it never
// overwrites.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "bus/hash.h"
#include "domain/event_catalogue.h"
#include "tests/support/ledger.h"

namespace countersign::domain {
namespace {

using countersign::testing::digest_of;
using countersign::testing::uuid_of;

struct Golden {
  EventType type;
  fb::PayloadUnion payload;
};

template <class Payload>
Golden golden(EventType type, Payload payload) {
  Golden out{type, {}};
  out.payload.Set(std::move(payload));
  return out;
}

fb::Digest digest(const char* name) {
  return to_fb(digest_of(name));
}

fb::ProvisioningChangedT provisioning() {
  fb::ProvisioningChangedT policy;
  policy.method = fb::Method::invitation_email;
  policy.code_validity_value = 36;
  policy.code_validity_unit = fb::ValidityUnit::hours;
  policy.send_to_created = policy.send_to_imported = policy.notify_disabled = true;
  auto limit = std::make_unique<fb::AuthenticatorLimitT>();
  limit->type = "totp";
  limit->maximum = 3;
  policy.max_authenticators.push_back(std::move(limit));
  policy.access_token_validity_seconds = 3600;
  policy.session_lifetime_seconds = 60;
  return policy;
}

fb::UserProfileT user_profile() {
  fb::UserProfileT profile;
  profile.email = digest("email");
  profile.login_name = std::make_unique<fb::Digest>(digest("login"));
  profile.content = digest("content");
  profile.mfa_configured = true;
  return profile;
}

fb::CodeGeneratedT code_generated() {
  fb::CodeGeneratedT generated;
  generated.digest = digest("code");
  generated.expires_at = 1'790'000'600'000;
  generated.operation = std::make_unique<fb::Uuid>(to_fb(uuid_of("operation")));
  return generated;
}

fb::TokenIssuedT token_issued() {
  fb::TokenIssuedT issued;
  issued.digest = digest("token");
  issued.expires_at = 1'790'000'700'000;
  issued.key_thumbprint = std::make_unique<fb::Digest>(digest("thumbprint"));
  return issued;
}

/// Aggregates with C++20's parentheses aren't what flatc makes: fields are set one by one.
template <class Payload, class Fill>
Payload filled(Fill fill) {
  Payload payload;
  fill(payload);
  return payload;
}

std::vector<Golden> goldens() {
  using enum EventType;
  std::vector<Golden> all;
  all.push_back(golden(account_created, filled<fb::AccountCreatedT>([](auto& p) { p.slot = 960; })));
  all.push_back(golden(provisioning_changed, provisioning()));
  all.push_back(golden(api_key_created, filled<fb::ApiKeyCreatedT>([](auto& p) {
                         p.digest = digest("key");
                         p.role = Role::operator_;
                         p.expires_at = 1'790'000'800'000;
                       })));
  all.push_back(golden(api_key_revoked, filled<fb::ApiKeyRevokedT>([](auto& p) { p.digest = digest("key"); })));
  all.push_back(golden(registration_code_redemption_refused, filled<fb::RefusalsT>([](auto& p) {
                         p.count = 12;
                         p.window_start = 1'790'000'000'000;
                       })));
  all.push_back(golden(user_created, user_profile()));
  all.push_back(golden(registration_code_generated, code_generated()));
  all.push_back(golden(registration_code_reserved, filled<fb::CodeReservedT>([](auto& p) {
                         p.ticket = digest("ticket");
                         p.ticket_expires_at = 1'790'000'600'000;
                       })));
  all.push_back(golden(registration_code_used,
                       filled<fb::CodeUsedT>([](auto& p) { p.activation = to_fb(uuid_of("activation")); })));
  all.push_back(
      golden(device_activated, filled<fb::DeviceActivatedT>([](auto& p) { p.code = to_fb(uuid_of("code")); })));
  all.push_back(golden(EventType::token_issued, domain::token_issued()));
  all.push_back(
      golden(session_started, filled<fb::SessionStartedT>([](auto& p) { p.expires_at = 1'790'000'700'000; })));
  all.push_back(golden(session_seen, filled<fb::SessionSeenT>([](auto& p) { p.seen_at = 1'790'000'100'000; })));
  all.push_back(golden(registration_codes_downloaded, filled<fb::CodesDownloadedT>([](auto& p) { p.rows = 7; })));
  all.push_back(golden(operation_finished, filled<fb::OperationRecordT>([](auto& p) {
                         p.kind = "import";
                         p.total = 3;
                         p.done = 2;
                         p.failed = 1;
                       })));
  all.push_back(golden(stream_ended, filled<fb::StreamRecordT>([](auto& p) {
                         p.events = 9;
                         p.format = "native";
                       })));
  all.push_back(golden(server_started, filled<fb::ServerRecordT>([](auto& p) {
                         p.version = "1.0.0";
                         p.term = 4;
                         p.node = "n1";
                       })));
  all.push_back(golden(log_restored, filled<fb::LogRestoredT>([](auto& p) {
                         p.from_frame = 41;
                         p.codes_revoked = 5;
                         p.tokens_kept = true;
                       })));
  all.push_back(golden(siem_destination_created, filled<fb::SiemDestinationSetT>([](auto& p) {
                         p.protocol = fb::SiemProtocol::webhook;
                         p.format = fb::SiemFormat::ecs;
                         p.tls = p.checkpoints = true;
                         p.content = digest("content");
                         p.secret = to_fb(uuid_of("secret"));
                         p.start = 41;
                       })));
  all.push_back(golden(siem_destination_rewound, filled<fb::SiemDestinationRewoundT>([](auto& p) { p.start = 17; })));
  all.push_back(golden(siem_destination_exported, filled<fb::SiemDestinationExportedT>([](auto& p) {
                         p.events = 9;
                         p.up_to = 50;
                         p.since = 1'790'000'000'000;
                         p.begun_by = 42;
                       })));
  all.push_back(golden(events_read, filled<fb::EventsReadT>([](auto& p) {
                         p.lists = 5;
                         p.facets = 4;
                         p.histograms = 3;
                         p.log = 2;
                         p.since = 1'790'000'000'000;
                       })));
  all.push_back(golden(authenticator_enrolled, filled<fb::AuthenticatorSetT>([](auto& p) {
                         p.type = fb::AuthenticatorType::totp;
                         p.algorithm = fb::OtpAlgorithm::sha512;
                         p.digits = 8;
                         p.period = 60;
                         p.counter = 7;
                         p.expires_at = 1'790'000'900'000;
                         p.mfa_exempt = true;
                         p.replaces = std::make_unique<fb::Uuid>(to_fb(uuid_of("replaced")));
                         p.content = digest("content");
                       })));
  all.push_back(golden(authenticator_verified, filled<fb::OtpAcceptedT>([](auto& p) {
                         p.counter = 59'000'000;
                         p.drift = -2;
                         p.flow = fb::OtpFlow::test;
                       })));
  all.push_back(golden(authenticator_verification_failed, filled<fb::OtpFailedT>([](auto& p) {
                         p.flow = fb::OtpFlow::confirm;
                         p.failures = 6;
                         p.blocked_until = 1'790'000'120'000;
                       })));
  all.push_back(golden(licence_created, filled<fb::LicenceSetT>([](auto& p) {
                         p.serial_number = "VDS0700123";
                         p.serial = digest("serial");
                         p.type = fb::LicenceType::mdl;
                         p.authenticator_type = fb::AuthenticatorType::totp;
                         p.activations = 10;
                         p.limits_reactivations = true;
                         p.max_reactivations = 3;
                       })));
  all.push_back(golden(licence_activation_released, filled<fb::LicenceActivationT>([](auto& p) {
                         p.authenticator = to_fb(uuid_of("authenticator"));
                         p.instance = 4;
                         p.activated = true;
                       })));
  all.push_back(
      golden(authenticator_device_added, filled<fb::DeviceAddedT>([](auto& p) { p.device = digest("device code"); })));
  all.push_back(golden(authenticator_registration_failed, filled<fb::RegistrationFailedT>([](auto& p) {
                         p.step = fb::RegistrationStep::activate;
                         p.failures = 2;
                       })));
  all.push_back(golden(challenge_issued, filled<fb::ChallengeIssuedT>([](auto& p) {
                         p.challenge = to_fb(uuid_of("challenge"));
                         p.counter = 7;
                         p.channel = fb::Channel::email;
                         p.expires_at = 1'790'000'300'000;
                       })));
  all.push_back(golden(challenge_undelivered,
                       filled<fb::ChallengeDeliveryT>([](auto& p) { p.challenge = to_fb(uuid_of("challenge")); })));
  all.push_back(golden(hardware_token_imported, filled<fb::HardwareTokenSetT>([](auto& p) {
                         p.serial_number = "UBOM0100042";
                         p.serial = digest("serial");
                         p.content = digest("content");
                         p.manufacturer = "Example Tokens";
                         p.algorithm = fb::OtpAlgorithm::sha256;
                         p.digits = 8;
                         p.period = 60;
                         p.counter = 7;
                         p.expires_at = 1'790'000'900'000;
                         p.operation = to_fb(uuid_of("operation"));
                       })));
  all.push_back(golden(hardware_token_unassigned, filled<fb::HardwareTokenReturnedT>([](auto& p) {
                         p.counter = 59'000'000;
                         p.drift = -2;
                       })));
  all.push_back({user_disabled, {}});
  return all;
}

std::string encoded(const Golden& golden) {
  NewEvent event{.type = golden.type,
                 .subject = party(UserId{uuid_of("user")}),
                 .target = party(DeviceId{uuid_of("target")}),
                 .outcome = Outcome::failure,
                 .reason = Reason::user_was_reset,
                 .session = {uuid_of("session")},
                 .payload = golden.payload};
  EventStamp stamp{.id = {uuid_of("event")},
                   .account = {uuid_of("account")},
                   .sequence = 0x0102030405060708,
                   .time = 1'790'000'000'123,
                   .actor = party(ApiKeyId{uuid_of("actor")}),
                   .role = Role::siem,
                   .correlation = uuid_of("correlation"),
                   .causation = uuid_of("causation"),
                   .commitment = digest_of("commitment")};
  stamp.ip.emplace();
  stamp.ip->fill(0xab);
  return encode_event(encode_clear(event, stamp), "sealed bytes");
}

void expect_golden(const std::string& name, const std::string& bytes) {
  const auto path = std::string(COUNTERSIGN_GOLDEN_DIR) + "/" + name + ".bin";
  if (std::getenv("COUNTERSIGN_WRITE_GOLDEN") && !std::filesystem::exists(path))
    std::ofstream(path, std::ios::binary) << bytes;
  std::ifstream in(path, std::ios::binary);
  const std::string wanted{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(bytes == wanted) << name << ": logs in the field would not be read any more";
}

TEST(EventBytes, AreWhatTheyEverWere) {
  std::set<fb::Payload> seen;
  for (const auto& golden : goldens()) {
    seen.insert(golden.payload.type);
    expect_golden(fb::EnumNamePayload(golden.payload.type), encoded(golden));
  }
  for (const auto payload : fb::EnumValuesPayload())
    EXPECT_TRUE(seen.contains(payload)) << fb::EnumNamePayload(payload) << " has no golden bytes";
}

TEST(EventBytes, OfThePersonalPartAreWhatTheyEverWere) {
  Personal personal;
  personal.ip = "192.0.2.1";
  personal.user_agent = "agent";
  personal.first_name = "Ada";
  personal.last_name = "Lovelace";
  personal.email = "ada@example.com";
  personal.login_name = "ada";
  personal.attributes.push_back(std::make_unique<fb::AttributeT>());
  personal.attributes.back()->name = "phone";
  personal.attributes.back()->value = "+44";
  personal.code = "AA2345678999";
  personal.device_name = "phone";
  personal.device_platform = "ios";
  personal.device_model = "model";
  personal.device_serial = "serial";
  personal.device_public_key = "key";
  personal.name = "name";
  personal.detail = "detail";
  const auto bytes = encode_personal(personal);
  expect_golden("Personal", bytes);
  EXPECT_TRUE(parse_personal(bytes) == personal);
}

TEST(EventBytes, OfThePersonalPartHaveEveryField) {
  Personal personal;
  personal.city = "Bern";
  personal.as_number = 64'496;
  personal.as_organization = "Example Net";
  personal.phone = "+4915112345678";
  EXPECT_TRUE(parse_personal(encode_personal(personal)) == personal);
}

TEST(EventBytes, ReadBackAsTheyWereWritten) {
  for (const auto& golden : goldens()) {
    const auto bytes = encoded(golden);
    const auto event = EventView::parse(bytes);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type(), golden.type);
    EXPECT_EQ(event->sequence(), 0x0102030405060708u);
    EXPECT_EQ(event->time(), 1'790'000'000'123);
    EXPECT_EQ(event->account(), AccountId{uuid_of("account")});
    EXPECT_EQ(event->actor(), party(ApiKeyId{uuid_of("actor")}));
    EXPECT_EQ(event->target(), party(DeviceId{uuid_of("target")}));
    EXPECT_EQ(event->reason(), Reason::user_was_reset);
    EXPECT_EQ(event->clear().role(), Role::siem);
    EXPECT_EQ(EventView::to_digest(event->clear().commitment()), digest_of("commitment"));
    EXPECT_EQ(event->sealed(), "sealed bytes");
    EXPECT_EQ(event->clear().payload_type(), golden.payload.type);
  }
}

TEST(EventBytes, WhatIsNotAnEventIsRefused) {
  const auto bytes = encoded(goldens().front());
  EXPECT_FALSE(EventView::parse(""));
  EXPECT_FALSE(EventView::parse("not an event at all, but long enough to look at"));
  for (std::size_t size = 0; size < bytes.size(); size += 3) {
    const auto cut = bytes.substr(0, size);
    EXPECT_FALSE(EventView::parse(cut)) << size;
  }
  auto unknown = goldens().front();
  unknown.type = static_cast<EventType>(999);  // of a later release
  EXPECT_FALSE(EventView::parse(encoded(unknown)));
}

TEST(Catalogue, HasOneRowForEveryEventType) {
  std::set<std::string_view> names;
  for (const auto type : fb::EnumValuesEventType()) {
    if (type == EventType::none) continue;
    const auto& row = name_of(type);
    EXPECT_EQ(row.type, type) << fb::EnumNameEventType(type) << " has no row";
    EXPECT_TRUE(names.insert(row.name).second);
    EXPECT_EQ(event_type(row.name), type);
    EXPECT_NE(row.name.find('.'), std::string_view::npos);
  }
  EXPECT_EQ(names.size(), event_catalogue().size());
  EXPECT_FALSE(event_type("unknown"));
}

}  // namespace
}  // namespace countersign::domain
