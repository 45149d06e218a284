// What an auditor asks of a history: what changed, what happened to whom, why something is as it is; with all keys,
// with one account's, with none.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "domain/event_catalogue.h"
#include "domain/secret_text.h"
#include "tests/support/installation.h"
#include "tools/replay/difference.h"
#include "tools/replay/event_line.h"
#include "tools/replay/explanation.h"
#include "tools/replay/state_at.h"
#include "tools/replay/story.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Installation;

struct Questions : ::testing::Test {
  std::vector<std::string> story(const Protagonist& protagonist, const Source& from) const {
    std::vector<std::string> types;
    tell_story(from, there.account, protagonist,
               [&](const queries::RenderedEvent& event) { types.emplace_back(domain::name_of(event.type).name); }, {});
    return types;
  }
  json::object explained(const domain::Party& object, const Moment& at = {}) const {
    return explain(source, {there.account, object, at}, {}).as_object();
  }
  static std::vector<std::string> types_of(const json::value& steps) {
    std::vector<std::string> types;
    for (const auto& step : steps.as_array()) types.emplace_back(step.at("event").at("type").as_string());
    return types;
  }
  const Installation there{Installation::Past::eventful};
  const Source source{there.directory(), {}, false, {}};
};

const json::object* entry_of(const json::value& list, const std::string& id) {
  for (const auto& entry : list.as_array())
    if (entry.at("id").as_string() == id) return &entry.as_object();
  return nullptr;
}

TEST_F(Questions, WhatChangedBetweenTwoMoments) {
  const auto found =
      difference(source, {there.account, Moment::at_time(there.before_the_tablet), Moment::at_time(there.end), {}}, {});
  const auto* tablet = entry_of(found.at("created"), there.tablet.text());
  ASSERT_TRUE(tablet);
  EXPECT_EQ(tablet->at("kind"), "device");
  EXPECT_EQ(tablet->at("user_id").as_string(), there.ada.text());
  EXPECT_FALSE(tablet->at("fields").at("name").as_object().contains("old"));
  const auto* phone = entry_of(found.at("changed"), there.phone.text());
  ASSERT_TRUE(phone);
  EXPECT_EQ(phone->at("fields").at("status"), (json::value{{"old", "active"}, {"new", "revoked"}}));
  EXPECT_EQ(phone->at("fields").at("reason").at("new"), "code_revoked_with");
  const auto* account = entry_of(found.at("changed"), there.account.text());
  ASSERT_TRUE(account);
  EXPECT_EQ(account->at("fields").at("provisioning.code_validity.value"), (json::value{{"old", 7}, {"new", 3}}));
  EXPECT_FALSE(account->at("fields").as_object().contains("users"));
  EXPECT_TRUE(found.at("gone").as_array().empty());
  const auto& events = found.at("events").as_array();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().at("type"), "registration_code.used");
  EXPECT_EQ(events.front().at("sequence").to_number<std::uint64_t>(),
            found.at("from").at("sequence").to_number<std::uint64_t>() + 1);
  EXPECT_EQ(events.back().at("sequence"), found.at("to").at("sequence"));
  const auto text = difference_text(found.as_object());
  EXPECT_NE(text.find("~ device " + there.phone.text()), std::string::npos) << text;
  EXPECT_NE(text.find("    status: active -> revoked\n"), std::string::npos) << text;
}

TEST_F(Questions, WhatChangedForOnePersonOrDevice) {
  const auto before = Moment::at_time(there.before_bob_left), end = Moment::at_time(there.end);
  const auto bob = difference(source, {there.account, before, end, {there.bob, {}}}, {});
  EXPECT_TRUE(entry_of(bob.at("gone"), there.bob.text()));
  EXPECT_FALSE(entry_of(bob.at("changed"), there.phone.text()));
  EXPECT_EQ(bob.at("events").as_array().back().at("type"), "user.erased");
  const auto tablet = difference(source, {there.account, before, end, {{}, there.tablet}}, {});
  EXPECT_TRUE(entry_of(tablet.at("created"), there.tablet.text()));
  EXPECT_FALSE(entry_of(tablet.at("created"), there.open_code.text()));
  EXPECT_FALSE(entry_of(tablet.at("changed"), there.phone.text()));
  EXPECT_TRUE(difference(source, {there.account, before, end, {domain::UserId{there.account.uuid}, {}}}, {}).is_null());
  EXPECT_THROW(difference(source, {there.account, end, before, {}}, {}), std::runtime_error);
}

TEST_F(Questions, TheStoryOfADeviceBeginsWithItsCode) {
  const std::vector<std::string> tablets{"registration_code.generated",
                                         "registration_code.used",
                                         "device.activated",
                                         "token.issued",
                                         "session.started",
                                         "device.renamed"};
  EXPECT_EQ(story({{}, there.tablet, "", ""}, source), tablets);
  EXPECT_EQ(story({{}, {}, there.used_code.text(), ""}, source), tablets);
  EXPECT_EQ(story({{}, there.tablet, "", ""}, {there.directory(), {}, true, {}}), tablets) << "without keys, too";
  EXPECT_EQ(story({there.bob, {}, "", ""}, source),
            (std::vector<std::string>{"user.created", "registration_code.generated", "user.disabled", "user.erased"}));
}

TEST_F(Questions, ACodeIsFoundByItsTextWhichIsNeverShown) {
  const auto shown = domain::show_code(there.revoked_code_text);
  const auto told = story({{}, {}, shown, ""}, source);
  EXPECT_EQ(told, story({{}, {}, there.revoked_code.text(), ""}, source));
  EXPECT_EQ(told.back(), "device.revoked");
  for (const auto& text :
       {shown, std::string("2222-2222-2222"), std::string("nonsense"), std::string("AAAA-AAAA-AAA0")})
    try {
      story({{}, {}, text, ""}, {there.directory(), {}, true, {}});
      ADD_FAILURE() << "without keys no code is found by its text";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
  EXPECT_THROW(story({{}, {}, "2222-2222-2222", ""}, source), std::runtime_error);
}

TEST_F(Questions, TheStoryOfAnAddress) {
  EXPECT_THROW(story({{}, {}, "", "nonsense"}, source), std::runtime_error);
  EXPECT_THROW(story({{}, {}, "", "192.0.2.1"}, {there.directory(), {}, true, {}}), std::runtime_error);
  EXPECT_TRUE(story({{}, {}, "", "198.51.100.1"}, source).empty());
  EXPECT_GT(story({{}, {}, "", "192.0.2.1"}, source).size(), 15u);
}

TEST_F(Questions, ALineSaysWhoDidWhatOnWhat) {
  std::vector<std::string> lines;
  tell_story(source, there.account, {{}, there.tablet, "", ""},
             [&](const queries::RenderedEvent& event) { lines.push_back(event_line(event)); }, {});
  EXPECT_NE(lines[0].find("first administrator (" + there.admin.text() +
                          ") from 192.0.2.1  registration_code.generated  "
                          "success  on " +
                          there.used_code.text() + " of Ada (" + there.ada.text() + ")"),
            std::string::npos)
      << lines[0];
}

TEST_F(Questions, WhyATokenIsInactive) {
  const domain::TokenId token{there.phone.uuid};
  const auto why = explained(domain::party(token));
  EXPECT_EQ(why.at("status"), "inactive");
  EXPECT_EQ(types_of(why.at("because")),
            (std::vector<std::string>{"token.revoked", "device.revoked", "registration_code.revoked"}));
  EXPECT_EQ(types_of(why.at("origin")),
            (std::vector<std::string>{"registration_code.generated", "registration_code.used", "device.activated",
                                      "token.issued"}));
  const std::string text(why.at("why").as_string());
  EXPECT_NE(text.find("registration_code.revoked (by_administrator) by " + there.admin.text()), std::string::npos)
      << text;
  const auto before = explained(domain::party(token), Moment::at_time(there.before_the_tablet));
  EXPECT_EQ(before.at("status"), "active");
  EXPECT_TRUE(before.at("because").as_array().empty());
  EXPECT_NE(explanation_text(why).find("because, the last first:"), std::string::npos);
}

TEST_F(Questions, WhyOtherThingsAreAsTheyAre) {
  EXPECT_EQ(types_of(explained(domain::party(there.revoked_code)).at("because")),
            std::vector<std::string>{"registration_code.revoked"});
  EXPECT_EQ(explained(domain::party(there.used_code)).at("status"), "used");
  EXPECT_EQ(explained(domain::party(there.open_code)).at("status"), "open");
  const auto later = Moment::at_time(there.end + 8 * domain::day_ms);
  EXPECT_EQ(explained(domain::party(there.open_code), later).at("status"), "expired");
  EXPECT_NE(std::string(explained(domain::party(there.open_code), later).at("why").as_string()).find("next sweep"),
            std::string::npos);
  EXPECT_EQ(explained(domain::party(there.tablet)).at("status"), "active");
  EXPECT_EQ(explained(domain::party(there.bob)).at("status"), "erased");
  EXPECT_EQ(types_of(explained(domain::party(there.bob)).at("because")), std::vector<std::string>{"user.erased"});
  EXPECT_EQ(explained(domain::party(there.bob), Moment::at_time(there.before_bob_left)).at("status"), "active");
  EXPECT_TRUE(explain(source, {there.account, domain::party(domain::DeviceId{there.ada.uuid}), {}}, {}).is_null());
}

TEST_F(Questions, AnAuditKeyOpensItsAccountAndNothingElse) {
  const auto file = there.directory() / "audit-key";
  const auto store = keys::KeyStore::open(there.directory() / "keys", keys::load_master_key(there.master_file()),
                                          keys::KeyStore::Mode::read_only);
  const auto write = [&](const std::string& text) {
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  };
  const auto key_of = [&](domain::AccountId account) {
    return keys::text_of(keys::AuditKey{account, *store->named_account_key(account)});
  };
  write(key_of(there.account) + "\n");
  fs::remove(there.master_file());
  const Source audited{there.directory(), {}, false, file};
  const auto names = [&](const Source& with) {
    const auto state = state_at(with, {there.account, {}, {there.ada, {}}}, {});
    return std::pair(state.at("account").as_object().contains("name"),
                     state.at("users").at(0).as_object().contains("email"));
  };
  EXPECT_EQ(names(audited), std::pair(true, true));
  const AuditedLog log(audited);
  EXPECT_EQ(log.keys(), nullptr);
  EXPECT_NE(log.why_no_keys().find(there.account.text()), std::string::npos) << log.why_no_keys();
  EXPECT_EQ(log.seal_keys(domain::system_account()), nullptr);
  EXPECT_THROW(story({{}, {}, there.used_code.text() + "x", ""}, audited), std::runtime_error);

  write(key_of(domain::system_account()));
  EXPECT_EQ(names(audited), std::pair(false, false)) << "another account's key";
  auto mistyped = key_of(there.account);
  mistyped[20] = mistyped[20] == 'A' ? 'B' : 'A';
  write(mistyped);
  EXPECT_THROW(AuditedLog{audited}, keys::StartError);
  write(keys::text_of(keys::AuditKey{there.account, *store->named_account_key(domain::system_account())}));
  EXPECT_THROW(AuditedLog{audited}, keys::StartError) << "not this store's key";
  write(key_of(there.account));
  fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
  EXPECT_THROW(AuditedLog{audited}, keys::StartError) << "others may read it";
}

}  // namespace
}  // namespace countersign::replay
